/**
 * What one service does with the events that it handles: each is tried until it is done, with growing pauses. One that fails for a reason
 * of its own is set aside after some tries, so that the next one of its record has its turn: a dead letter, which an operator sees and replays.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Errors } from "moleculer";
import type { Store } from "../../store/store.ts";
import { isRetryable, isType } from "../../federation/errors.ts";
import type { DurableEvent } from "./event.ts";

/** Tries of an event whose handler fails for a reason of its own; with the pauses they take about a minute. */
const MAX_TRIES = 10;
/** Pause after the first try, milliseconds: doubled each time up to the longest, and up to half as much again. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;
/** Dead letters are kept so long, milliseconds. */
const DEAD_KEPT_MS = 30 * 86_400_000;
const DEAD = "dead-letter/";
/** Characters of a reason. */
const MAX_REASON = 500;

const notCertified = (event: string) =>
  new Errors.MoleculerClientError(`No service that may tell of ${event} has signed it.`, 403, "NOT_CERTIFIED", { event });

/** Handles one kind of event. */
export type EventHandler = (event: DurableEvent) => Promise<void>;

/** An event that was set aside. */
export interface DeadLetter {
  event: DurableEvent;
  /** Why the last try failed. */
  reason: { message: string; type?: string; code?: number };
  tries: number;
  /** When it was set aside, milliseconds since 1970. */
  at: number;
}

/** What a consumer is made of. */
export interface ConsumerOptions {
  /** By event; `fhir.*` handles each `fhir.…`. */
  handlers: Record<string, EventHandler>;
  /** The service's own, where its effects are; asked when it is open. */
  store(): Store;
  /** Told of each event that is set aside. */
  onDead(letter: DeadLetter): void;
}

/** The events of one service. */
export class EventConsumer {
  readonly #options: ConsumerOptions;
  readonly #stopping = new AbortController();
  #isStarted = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** Names of events, as they were given. */
  get events(): string[] {
    return Object.keys(this.#options.handlers);
  }

  handles(event: string): boolean {
    return this.#handlerOf(event) !== undefined;
  }

  /** The service is open: until then nothing is tried, however long its store takes to open. */
  start(): void {
    this.#isStarted = true;
  }

  /** Tries begin no more. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * One try.
   * @param tries how often it was tried before
   * @returns undefined when it is done or set aside; else milliseconds until it should be tried again
   */
  async attempt(event: DurableEvent, tries: number): Promise<number | undefined> {
    if (!this.#isStarted) return FIRST_PAUSE_MS;
    try {
      await this.#handle(event);
      return undefined;
    } catch (error) {
      if (isType(error, "ALREADY_HANDLED")) return undefined;
      // What is down or busy is no reason to set it aside, however long it lasts.
      if (!isRetryable(error) && tries + 1 >= MAX_TRIES && (await this.#setAside(event, error, tries + 1))) return undefined;
      return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 20), LONGEST_PAUSE_MS) * (1 + Math.random() / 2);
    }
  }

  /** Sets aside what is not believed: nothing is done, and an operator sees it. @returns false when it could not be kept */
  refuse(event: DurableEvent): Promise<boolean> {
    return this.#setAside(event, notCertified(event.event), 0);
  }

  /** Tries until it is done or set aside. @throws Error when the service stops before */
  async deliver(event: DurableEvent): Promise<void> {
    const { signal } = this.#stopping;
    for (let tries = 0; !signal.aborted; ) {
      const pause = await this.attempt(event, tries);
      if (pause === undefined) return;
      if (this.#isStarted) tries += 1;
      await delay(pause, undefined, { signal, ref: false }).catch(() => {});
    }
    throw new Error("The service that handles the event stops.");
  }

  /** In order of their events' ids. */
  async dead(limit: number): Promise<DeadLetter[]> {
    return (await this.#options.store().entries(DEAD, limit)).map(({ value }) => JSON.parse(value) as DeadLetter);
  }

  /** Handles a dead letter once more, now; it is gone when that goes well. @returns false when there is none with this id */
  async replay(id: string): Promise<boolean> {
    const text = await this.#options.store().get(DEAD + id);
    if (text === undefined) return false;
    const { event } = JSON.parse(text) as DeadLetter;
    await this.#handle(event).catch((error) => {
      if (!isType(error, "ALREADY_HANDLED")) throw error;
    });
    await this.#options.store().remove(DEAD + id);
    return true;
  }

  async #handle(event: DurableEvent): Promise<void> {
    await this.#handlerOf(event.event)?.(event);
  }

  #handlerOf(event: string): EventHandler | undefined {
    const { handlers } = this.#options;
    return handlers[event] ?? handlers[`${event.slice(0, event.indexOf("."))}.*`];
  }

  /** @returns false when it could not be kept: then it is tried again */
  async #setAside(event: DurableEvent, error: unknown, tries: number): Promise<boolean> {
    const { message = String(error), type, code } = error as { message?: string; type?: string; code?: number };
    const reason = { message: message.slice(0, MAX_REASON), ...(type !== undefined && { type }), ...(code !== undefined && { code }) };
    const letter: DeadLetter = { event, reason, tries, at: Date.now() };
    try {
      await this.#options.store().put(DEAD + event.id, JSON.stringify(letter), letter.at + DEAD_KEPT_MS);
    } catch {
      return false;
    }
    this.#options.onDead(letter);
    return true;
  }
}
