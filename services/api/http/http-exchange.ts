/** One request with its answer, and the resources that it holds meanwhile. */
import type { ServerResponse } from "node:http";
import type { Requester } from "./client-address.ts";

/** Requests and bytes that are counted together, with their limits. */
export interface Quota {
  maxRequests: number;
  maxBytes: number;
  requests: number;
  bytes: number;
}

/** How a request is ended without an answer. */
export type Ending = Pick<ServerResponse, "destroy" | "writeContinue">;

/** State of a request. */
export type State = "working" | "receiving" | "sending";

/** Counts what exchanges hold. */
interface Holder {
  has(exchange: Exchange): boolean;
  close(exchange: Exchange): void;
  hold(exchange: Exchange, bytes: number, force: boolean): void;
}

/** The client for which an exchange is counted. */
interface Counted {
  requester: Requester;
  /** The quotas of the client, and of its address. */
  quotas: readonly Quota[];
}

/** One request and its answer, from the first to the last byte. */
export class Exchange {
  readonly requester: Requester;
  readonly quotas: readonly Quota[];
  /** Bytes held. */
  held = 0;
  /** Bytes of its body, decompressed. */
  bodyBytes = 0;
  /** Expected bytes of its answer. */
  expected = 0;
  state: State = "working";
  /** When the state began, and when a byte last moved in it. Milliseconds, of `performance.now()`. */
  since = 0;
  progressAt = 0;
  /** Bytes moved since then. */
  moved = 0;
  isGivenUp = false;
  /** The client has left; what is in progress for it still continues. */
  isGone = false;
  /** Work is in progress. It ends by itself, whether its client waits for that or not. */
  isUnderWay = false;
  readonly #inFlight: Holder;
  readonly #response: Ending;
  #isAwaited: boolean;
  #refuse: ((error: Error) => void) | undefined;
  #hasArrived = () => false;
  #onWorked: (() => void) | undefined;

  /** @param isAwaited whether the client waits for `100 Continue` before it sends the body */
  constructor(inFlight: Holder, { requester, quotas }: Counted, response: Ending, isAwaited: boolean) {
    this.#inFlight = inFlight;
    this.requester = requester;
    this.quotas = quotas;
    this.#response = response;
    this.#isAwaited = isAwaited;
  }

  /** Work begins: until `settle`, the exchange keeps its place. */
  begin(): void {
    this.isUnderWay = true;
  }

  /** The answer is made, or will not be. */
  settle(): void {
    this.isUnderWay = false;
    if (this.isGone) this.#inFlight.close(this);
  }

  /** Tells the client that it may send the body. */
  continue(): void {
    if (this.#isAwaited) this.#response.writeContinue();
    this.#isAwaited = false;
  }

  /**
   * The body is being read from now on.
   * @param refuse ends the reading with an error, which becomes the answer
   * @param hasArrived whether the client has sent all of it, so that what is left to do is to decompress it
   */
  receive(refuse: (error: Error) => void, hasArrived: () => boolean = () => false): void {
    this.#enter("receiving");
    this.#refuse = refuse;
    this.#hasArrived = hasArrived;
  }

  /** Whether its client still has to send a part of the body. */
  get isAwaitingClient(): boolean {
    return this.state === "receiving" && !this.#hasArrived();
  }

  /** The body has arrived. */
  received(): void {
    this.#refuse = undefined;
    this.#enter("working");
  }

  /** The answer is made, and is all that is held. @param force even beyond the limit: for what cannot be undone @throws 503 */
  made(bytes: number, force: boolean): void {
    this.worked();
    this.hold(bytes - this.held, force);
  }

  /** The answer, as it was made or compressed, is being sent from now on; otherwise the same. */
  send(bytes: number, force: boolean): void {
    this.#enter("sending");
    this.made(bytes, force);
  }

  /** @param release called once, when the answer is made, or the request has ended without one */
  work(release: () => void): void {
    if (!this.#inFlight.has(this)) {
      release();
      return;
    }
    const before = this.#onWorked;
    this.#onWorked = before
      ? () => {
          before();
          release();
        }
      : release;
  }

  worked(): void {
    const release = this.#onWorked;
    this.#onWorked = undefined;
    release?.();
  }

  /** Counts bytes received, or taken by the reader. */
  progress(bytes: number): void {
    this.moved += bytes;
    this.progressAt = performance.now();
  }

  /** Holds more bytes, or fewer. @param force even beyond the limit @throws 503 when there is no room, and nothing gives way */
  hold(bytes: number, force = false): void {
    this.#inFlight.hold(this, bytes, force);
  }

  /** @throws 503 when there would be no room for more bytes; holds none */
  requireRoom(bytes: number): void {
    this.hold(bytes);
    this.hold(-bytes);
  }

  /** Releases its place and memory at once: a body that is being read is answered by `error`, anything else is cut off. */
  giveUp(error: Error): void {
    this.isGivenUp = true;
    this.hold(-this.held);
    const refuse = this.#refuse;
    this.#refuse = undefined;
    if (refuse) refuse(error);
    else this.#response.destroy();
  }

  #enter(state: State): void {
    this.state = state;
    this.since = performance.now();
    this.progressAt = this.since;
    this.moved = 0;
  }
}
