/**
 * Limits how many large answers are made at once. Each takes time of an owner and the gateway, independently of memory: some of each client are in
 * progress while its others wait, and clients take turns.
 */
import { EVERYBODY, type Requester } from "./client-address.ts";
import { overloaded } from "./in-flight.ts";

/** Large answers in progress per client: a page of a megabyte or more takes about a tenth of a second, during which nothing else is done. */
const MAX_OF_CLIENT = 2;
/** The same per address. */
const MAX_OF_ADDRESS = 4;
/** The same for all clients. */
const MAX_AT_ONCE = 8;
/** Waiting requests per client, which may be a whole hospital behind one address: half of the requests that it may have in flight. */
const MAX_WAITING = 256;
/** What does not begin within this time is refused. Milliseconds. */
const MAX_WAIT_MS = 10_000;

/** Limits of a `LargeReads`. */
interface Bounds {
  ofClient: number;
  ofAddress: number;
  atOnce: number;
  waiting: number;
  waitMs: number;
}

interface Waiting {
  address: string;
  begin: () => void;
  refuse: () => void;
  /** Whether the client has left. */
  isGone: () => boolean;
}

/** The requests of one client. */
interface Line {
  working: number;
  /** In order of arrival. */
  waiting: Waiting[];
}

/** Turns for requests that may have a large answer, client by client. */
export class LargeReads {
  readonly #bounds: Bounds;
  /** By client; the one whose last request began longest ago comes first. Bounded by the requests in flight. */
  readonly #lines = new Map<string, Line>();
  readonly #workingAt = new Map<string, number>();
  #working = 0;

  constructor(bounds: Partial<Bounds> = {}) {
    this.#bounds = {
      ofClient: MAX_OF_CLIENT,
      ofAddress: MAX_OF_ADDRESS,
      atOnce: MAX_AT_ONCE,
      waiting: MAX_WAITING,
      waitMs: MAX_WAIT_MS,
      ...bounds,
    };
  }

  /**
   * Waits for a turn.
   * @param isGone whether the client has left: then it keeps no place in the queue, and is refused
   * @returns a function that gives the turn back, to be called once
   * @throws 503 if too many requests of the client wait already, or its turn does not come in time
   */
  async enter({ name: client, address }: Requester, isGone: () => boolean = () => false): Promise<() => void> {
    const line = this.#lines.get(client) ?? { working: 0, waiting: [] };
    this.#lines.set(client, line);
    if (this.#mayBegin(client, line, address)) this.#begin(client, line, address);
    else await this.#wait({ name: client, address }, line, isGone);
    return () => {
      line.working -= 1;
      this.#working -= 1;
      const left = (this.#workingAt.get(address) ?? 1) - 1;
      if (left > 0) this.#workingAt.set(address, left);
      else this.#workingAt.delete(address);
      this.#forget(client, line);
      this.#next();
    };
  }

  #wait({ name: client, address }: Requester, line: Line, isGone: () => boolean): Promise<void> {
    if (line.waiting.length >= this.#bounds.waiting) leaveOut(line);
    if (client !== EVERYBODY && line.waiting.length >= this.#bounds.waiting) throw overloaded();
    return new Promise((resolve, reject) => {
      const refuse = () => {
        clearTimeout(timer);
        reject(overloaded());
      };
      const timer = setTimeout(() => {
        line.waiting = line.waiting.filter((it) => it !== waiting);
        this.#forget(client, line);
        refuse();
      }, this.#bounds.waitMs).unref();
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      const waiting = { address, begin, refuse, isGone };
      line.waiting.push(waiting);
    });
  }

  #mayBegin(client: string, { working }: Line, address: string): boolean {
    const { atOnce, ofClient, ofAddress } = this.#bounds;
    const isWithin = (count: number, who: string, most: number) => who === EVERYBODY || count < most;
    return this.#working < atOnce && isWithin(working, client, ofClient) && isWithin(this.#workingAt.get(address) ?? 0, address, ofAddress);
  }

  /** The client moves behind the others. */
  #begin(client: string, line: Line, address: string): void {
    line.working += 1;
    this.#working += 1;
    this.#workingAt.set(address, (this.#workingAt.get(address) ?? 0) + 1);
    this.#lines.delete(client);
    this.#lines.set(client, line);
  }

  /** Begins a request of the client with the fewest in progress. */
  #next(): void {
    let next: [client: string, line: Line, address: string] | undefined;
    for (const [client, line] of this.#lines) {
      leaveOut(line);
      this.#forget(client, line);
      const [first] = line.waiting;
      if (!first || !this.#mayBegin(client, line, first.address)) continue;
      if (!next || line.working < next[1].working) next = [client, line, first.address];
    }
    if (!next) return;
    this.#begin(...next);
    next[1].waiting.shift()?.begin();
  }

  #forget(client: string, { working, waiting }: Line): void {
    if (working === 0 && waiting.length === 0) this.#lines.delete(client);
  }
}

/** Refuses the requests of a queue whose clients have left. */
function leaveOut(line: Line): void {
  const gone = line.waiting.filter(({ isGone }) => isGone());
  if (gone.length === 0) return;
  line.waiting = line.waiting.filter((it) => !gone.includes(it));
  for (const { refuse } of gone) refuse();
}
