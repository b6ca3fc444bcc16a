/**
 * How much large work is done at once. What is made of a body or an answer takes several times its bytes in memory: parsed, encoded,
 * copied on its way to an owner. Large requests take turns, client by client, and of one client kind by kind; small ones pass.
 */
import { EVERYBODY, type Requester } from "./client-address.ts";
import { overloaded } from "./in-flight.ts";

/** Bytes of memory that all large requests may take together while they are worked on. */
const CAPACITY = 128 * 1024 * 1024;
/** One client has so much of it at most: however long its work lasts, that of others begins. */
const SHARE = 0.75;
/** All clients at one address. */
const ADDRESS_SHARE = 0.875;
/** Work that takes less than this passes. Bytes. */
const SMALL = 256 * 1024;
/** A body takes this many times its bytes: as text, parsed, and as text again. */
const BODY_FACTOR = 4;
/** An answer, likewise: as text of an owner, as text of ours, as bytes. */
const ANSWER_FACTOR = 3;
/** A turn that does not come within this is refused. Milliseconds. */
const MAX_WAIT_MS = 10_000;

/**
 * Turns of the event loop between two that begin. Each turn takes one new connection and what others have sent: they take a millisecond
 * when nothing is there, and let in who else comes when much is.
 */
const TURNS_BETWEEN = 32;
/** The same where turns are long: work that is under way is shared out among them. Milliseconds. */
const MAX_BETWEEN_MS = 100;

interface Waiting {
  address: string;
  weight: number;
  start: () => void;
}

/** Those of one client by the kind of request, each with something. */
type Queues = Map<string, Waiting[]>;

/** Turns for large work: so much memory in all, client by client and kind by kind, refused after ten seconds. */
export class WorkGate {
  readonly #onDone: (bytes: number) => void;
  readonly #capacity: number;
  readonly #maxWaitMs: number;
  #taken = 0;
  /** Of it, by each client that has some. */
  readonly #takenBy = new Map<string, number>();
  /** And by each address. */
  readonly #takenAt = new Map<string, number>();
  /** Of the event loop, until the next may begin. */
  #turnsLeft = 0;
  /** By client, each with something; the first one's turn is next. Bounded by the requests in flight. */
  readonly #waiting = new Map<string, Queues>();

  /** @param onDone told of the bytes that work took, once it is done */
  constructor(onDone: (bytes: number) => void = () => {}, capacity = CAPACITY, maxWaitMs = MAX_WAIT_MS) {
    this.#onDone = onDone;
    this.#capacity = capacity;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Whether work on an answer of so many bytes passes: then there is no need to `enter`. */
  isSmall(answer: number): boolean {
    return answer * ANSWER_FACTOR < SMALL;
  }

  /**
   * Waits for its turn, where there is not enough left.
   * @param kind of request; many of one kind hold up those of other kinds by no more than a turn
   * @returns what gives the turn back, to be called once; undefined for small work
   * @throws 503 after `maxWaitMs`
   */
  async enter(
    requester: Requester,
    { kind = "", body = 0, answer = 0 }: { kind?: string; body?: number; answer?: number },
  ): Promise<(() => void) | undefined> {
    const weight = Math.min(body * BODY_FACTOR + answer * ANSWER_FACTOR, this.#shareOf(requester.name, SHARE));
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

  /** Begins one after the other, with turns of the event loop in between. */
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

  /** Begins what is next of those within their share, if there is room for it. */
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
    // Behind the other kinds of this client, and that behind the other clients.
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
