/** One request and its answer, and what it holds of its process meanwhile. */
import type { ServerResponse } from "node:http";
import type { Requester } from "./client-address.ts";

/** What is counted together, and its bounds. */
export interface Quota {
  maxRequests: number;
  maxBytes: number;
  requests: number;
  bytes: number;
}

/** What ends a request without an answer. */
export type Ending = Pick<ServerResponse, "destroy" | "writeContinue">;

/** What is done with a request. */
export type State = "working" | "receiving" | "sending";

/** Who counts what exchanges hold. */
interface Holder {
  has(exchange: Exchange): boolean;
  close(exchange: Exchange): void;
  hold(exchange: Exchange, bytes: number, force: boolean): void;
}

/** Whom an exchange is counted for. */
interface Counted {
  requester: Requester;
  /** Of the client, and of its address. */
  quotas: readonly Quota[];
}

/** One request and its answer, from the first to the last byte. */
export class Exchange {
  readonly requester: Requester;
  readonly quotas: readonly Quota[];
  /** Bytes that it holds. */
  held = 0;
  /** Bytes of its body, unpacked. */
  bodyBytes = 0;
  /** Bytes that its answer is expected to have. */
  expected = 0;
  state: State = "working";
  /** When the state began, and when a byte last moved in it. Milliseconds, of `performance.now()`. */
  since = 0;
  progressAt = 0;
  /** Bytes that moved since then. */
  moved = 0;
  isGivenUp = false;
  /** Its client has gone: nobody waits for the answer, but what is under way for it is still done. */
  isGone = false;
  /** It is worked on. What was begun of it ends by itself, whether its client waits for that or not. */
  isUnderWay = false;
  readonly #inFlight: Holder;
  readonly #response: Ending;
  #isAwaited: boolean;
  #refuse: ((error: Error) => void) | undefined;
  #onWorked: (() => void) | undefined;

  /** @param isAwaited whether the client waits for `100 Continue` before it sends the body */
  constructor(inFlight: Holder, { requester, quotas }: Counted, response: Ending, isAwaited: boolean) {
    this.#inFlight = inFlight;
    this.requester = requester;
    this.quotas = quotas;
    this.#response = response;
    this.#isAwaited = isAwaited;
  }

  /** Work on it begins: until `settle` it keeps its place. */
  begin(): void {
    this.isUnderWay = true;
  }

  /** The answer is made, or is not to be had. */
  settle(): void {
    this.isUnderWay = false;
    if (this.isGone) this.#inFlight.close(this);
  }

  /** The body is wanted: the client may send it. */
  continue(): void {
    if (this.#isAwaited) this.#response.writeContinue();
    this.#isAwaited = false;
  }

  /** The body is read from now on. @param refuse ends the reading with an error, which becomes the answer */
  receive(refuse: (error: Error) => void): void {
    this.#enter("receiving");
    this.#refuse = refuse;
  }

  /** The body is there. */
  received(): void {
    this.#refuse = undefined;
    this.#enter("working");
  }

  /** The answer goes out from now on, and is all that is held. @param force also beyond the limit: for what cannot be taken back @throws 503 */
  send(bytes: number, force: boolean): void {
    this.worked();
    this.#enter("sending");
    this.hold(bytes - this.held, force);
  }

  /** @param release called once, as soon as the answer is made, or the request has ended without */
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

  /** So many bytes were received or taken by the reader. */
  progress(bytes: number): void {
    this.moved += bytes;
    this.progressAt = performance.now();
  }

  /** Holds so many bytes more, or fewer. @param force also beyond the limit @throws 503 when there is no room, and nothing gives way */
  hold(bytes: number, force = false): void {
    this.#inFlight.hold(this, bytes, force);
  }

  /** @throws 503 when there would be no room for so many bytes more; holds none */
  requireRoom(bytes: number): void {
    this.hold(bytes);
    this.hold(-bytes);
  }

  /** Gives its place and its memory back at once: a body that is being read is answered by `error`, anything else is cut off. */
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
