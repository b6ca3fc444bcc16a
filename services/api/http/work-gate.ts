/**
 * Limits how much large work is done at once. Processing a body or an answer takes several times its bytes in memory: parsed, encoded, copied on its
 * way to an owner. Large requests take turns, client by client, and for one client kind by kind; small ones do not wait.
 */
import { EVERYBODY, type Requester } from "./client-address.ts";
import { overloaded } from "./in-flight.ts";

/** Bytes of memory for all large requests in progress. */
const CAPACITY = 128 * 1024 * 1024;
/** Largest part of it for one client: however long its work lasts, that of others can begin. */
const SHARE = 0.75;
/** Largest part for all clients at one address. */
const ADDRESS_SHARE = 0.875;
/** Work that takes less than this does not wait. Bytes. */
const SMALL = 256 * 1024;
/** Memory for each byte of a body: as text, parsed, and as text again. */
const BODY_FACTOR = 4;
/** Memory for each byte of an answer: as the owner's text, as the gateway's text, as bytes. */
const ANSWER_FACTOR = 3;
/** A request whose turn does not come within this time is refused. Milliseconds. */
const MAX_WAIT_MS = 10_000;

/**
 * Iterations of the event loop between the beginnings of two requests. In each iteration a new connection is accepted and data of others are read:
 * they take a millisecond in all when there are none, and let other clients in when there are many.
 */
const TURNS_BETWEEN = 32;
/** The same for long iterations, over which the work in progress is spread. Milliseconds. */
const MAX_BETWEEN_MS = 100;

interface Waiting {
  address: string;
  weight: number;
  start: () => void;
}

/** The waiting requests of one client by kind; no empty ones. */
type Queues = Map<string, Waiting[]>;

/** Turns for large work: a limited amount of memory in all, client by client and kind by kind, refused after ten seconds. */
export class WorkGate {
  readonly #onDone: (bytes: number) => void;
  readonly #capacity: number;
  readonly #maxWaitMs: number;
  #taken = 0;
  /** Taken by each client that has any. */
  readonly #takenBy = new Map<string, number>();
  /** Taken by each address. */
  readonly #takenAt = new Map<string, number>();
  /** Iterations of the event loop until the next may begin. */
  #turnsLeft = 0;
  /** Waiting requests by client; the first client's turn is next. Bounded by the requests in flight. */
  readonly #waiting = new Map<string, Queues>();

  /** @param onDone called with the bytes that work took, once it is done */
  constructor(onDone: (bytes: number) => void = () => {}, capacity = CAPACITY, maxWaitMs = MAX_WAIT_MS) {
    this.#onDone = onDone;
    this.#capacity = capacity;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Whether work on an answer of this size need not wait: then `enter` is not needed. */
  isSmall(answer: number): boolean {
    return answer * ANSWER_FACTOR < SMALL;
  }

  /**
   * Waits for a turn if there is not enough memory left.
   * @param kind of request; many of one kind delay those of other kinds by no more than a turn
   * @returns a function that gives the turn back, to be called once; undefined for small work
   * @throws 503 after `maxWaitMs`
   */
  async enter(
    requester: Requester,
    { kind = "", body = 0, answer = 0 }: { kind?: string; body?: number; answer?: number },
  ): Promise<(() => void) | undefined> {
    // Whole bytes: sums of fractions would not come back to 0, and what needs a whole share would never begin.
    const weight = Math.ceil(Math.min(body * BODY_FACTOR + answer * ANSWER_FACTOR, this.#shareOf(requester.name, SHARE)));
    if (weight < SMALL) return undefined;
    await this.#turn(requester, kind, weight);
    return () => {
      this.#take(requester, -weight);
      this.#onDone(weight);
      this.#schedule();
    };
  }

  #shareOf(who: string, share: number): number {
    return who === EVERYBODY ? this.#capacity : this.#capacity * share;
  }

  #take({ name, address }: Requester, weight: number): void {
    this.#taken += weight;
    for (const [taken, who] of [
      [this.#takenBy, name],
      [this.#takenAt, address],
    ] as const) {
      const own = (taken.get(who) ?? 0) + weight;
      if (own > 0) taken.set(who, own);
      else taken.delete(who);
    }
  }

  #isWithin(name: string, { address, weight }: Waiting): boolean {
    const own = (this.#takenBy.get(name) ?? 0) + weight;
    const all = (this.#takenAt.get(address) ?? 0) + weight;
    return own <= this.#shareOf(name, SHARE) && all <= this.#shareOf(address, ADDRESS_SHARE);
  }

  #turn({ name: client, address }: Requester, kind: string, weight: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#remove(client, kind, waiting);
        this.#schedule();
        reject(overloaded());
      }, this.#maxWaitMs).unref();
      const waiting = {
        address,
        weight,
        start: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const queues: Queues = this.#waiting.get(client) ?? new Map();
      const queue = queues.get(kind);
      if (queue) queue.push(waiting);
      else queues.set(kind, [waiting]);
      this.#waiting.set(client, queues);
      this.#schedule();
    });
  }

  /** Begins one request after another, with iterations of the event loop in between. */
  #schedule(): void {
    if (this.#turnsLeft > 0 || this.#waiting.size === 0 || !this.#next()) return;
    this.#turnsLeft = TURNS_BETWEEN;
    const began = performance.now();
    const pass = () => {
      this.#turnsLeft = performance.now() - began < MAX_BETWEEN_MS ? this.#turnsLeft - 1 : 0;
      if (this.#turnsLeft > 0) setImmediate(pass);
      else this.#schedule();
    };
    setImmediate(pass);
  }

  /** Begins the next request among clients within their share, if there is room for it. */
  #next(): boolean {
    for (const [client, queues] of this.#waiting) {
      const [next] = queues;
      const head = next?.[1][0];
      if (!next || !head || !this.#isWithin(client, head)) continue;
      if (this.#taken + head.weight > this.#capacity) return false;
      this.#begin(client, queues, next[0], head);
      return true;
    }
    return false;
  }

  #begin(client: string, queues: Queues, kind: string, head: Waiting): void {
    this.#take({ name: client, address: head.address }, head.weight);
    // The kind moves behind the client's other kinds, and the client behind the others.
    const queue = (queues.get(kind) ?? []).slice(1);
    queues.delete(kind);
    if (queue.length > 0) queues.set(kind, queue);
    this.#waiting.delete(client);
    if (queues.size > 0) this.#waiting.set(client, queues);
    head.start();
  }

  #remove(client: string, kind: string, waiting: Waiting): void {
    const queues = this.#waiting.get(client);
    const left = queues?.get(kind)?.filter((it) => it !== waiting) ?? [];
    if (left.length > 0) queues?.set(kind, left);
    else queues?.delete(kind);
    if (queues?.size === 0) this.#waiting.delete(client);
  }
}
