/**
 * Notifies all gateways of what has ended: by an event at once, and by a list for those that have missed it. The list is polled twice a second, so
 * that what another process has ended in the store (an operator's program) is announced, too.
 */
import { randomUUID } from "node:crypto";
import type { Collection } from "../../store/documents/documents.ts";
import { CLOCKS_APART_MS } from "../../mesh/trust/certificate.ts";
import { poll } from "./poll.ts";
import { ACCESS_TOKEN_S, type Ended } from "./identity.contract.ts";
import { endedOf, type StoredEnded } from "./identity.model.ts";

/** Notifications carry the clock of their author; announcing one twice does no harm. Milliseconds. */
const LOOK_BACK_MS = CLOCKS_APART_MS;
/** Kept for longer than an access token is valid, milliseconds. */
const KEPT_MS = (ACCESS_TOKEN_S + 60) * 1_000 + CLOCKS_APART_MS;
/** Limit of one answer; older ones come first, and the next request gets the rest. */
const MAX_LISTED = 10_000;

/** What ends, without id and time. */
export type What = Omit<Ended, "id" | "at">;

/** The notifications of a node of `identity`, or of a program that works on its store (`tell` only). */
export class News {
  readonly #list: Collection<StoredEnded>;
  readonly #broadcast: (ended: Ended) => unknown;
  /** Those that were announced: time by id. */
  readonly #told = new Map<string, number>();
  #end: (() => void) | undefined;

  /** @param broadcast sends to all nodes */
  constructor(list: Collection<StoredEnded>, broadcast: (ended: Ended) => unknown) {
    this.#list = list;
    this.#broadcast = broadcast;
  }

  /** Stores and announces a notification; durable when it resolves. */
  async tell(what: What): Promise<void> {
    const at = Date.now();
    const stored: StoredEnded = { _id: randomUUID(), ...what, at, expiresAt: at + KEPT_MS };
    this.heard(stored._id, at);
    await this.#list.insert(stored);
    this.#broadcast(endedOf(stored));
  }

  /** Another node has announced it. */
  heard(id: string, at: number): void {
    this.#told.set(id, at);
  }

  /** All since a time, oldest first. */
  async since(at: number): Promise<Ended[]> {
    const found = await this.#list.find({ query: { at: { $gte: at } }, sort: ["at"], limit: MAX_LISTED });
    return found.map(endedOf);
  }

  /** @param warn called when the store does not answer */
  watch(warn: (message: string) => void): void {
    const look = async () => {
      const from = Date.now() - LOOK_BACK_MS;
      for (const [id, at] of this.#told) if (at < from - LOOK_BACK_MS) this.#told.delete(id);
      for (const ended of await this.since(from)) {
        if (this.#told.has(ended.id)) continue;
        this.heard(ended.id, ended.at);
        this.#broadcast(ended);
      }
    };
    this.#end = poll(look, (error) => warn(`What has ended elsewhere is not seen: ${error.message}`));
  }

  stop(): void {
    this.#end?.();
  }
}
