/**
 * How one service handles events: each event is retried with growing pauses until it succeeds. An event that keeps failing for a reason of
 * its own is set aside after some tries, so that the next event of its record can be handled: a dead letter, which an operator can see and
 * replay.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Errors } from "moleculer";
import type { Store } from "../../store/store.ts";
import { isRetryable, isType } from "../../federation/errors.ts";
import type { DurableEvent } from "./event.ts";
import { LateEvents } from "./late-events.ts";

/** Tries of an event whose handler fails for a reason of its own, i.e. not because something is down; about a minute with the pauses. */
const MAX_TRIES = 10;
/** Pause after the first try, milliseconds. Doubled after each further try up to the longest pause, plus up to half of it at random. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;
/** Longest pause of an event that came from the stream, while something is down that its handler needs: all are to go on soon after it is back. */
export const LONGEST_STREAM_PAUSE_MS = 5_000;
/** How long dead letters are kept, milliseconds. */
const DEAD_KEPT_MS = 30 * 86_400_000;
/** Prefix of the keys of dead letters in the store's map. */
export const DEAD = "dead-letter/";
/** Longest reason that is kept, characters. */
const MAX_REASON = 500;

const notCertified = (event: string) =>
  new Errors.MoleculerClientError(`${event} is not signed by a service that may emit it.`, 403, "NOT_CERTIFIED", { event });

/** Handler of one kind of event. */
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

/** Options of a consumer. */
export interface ConsumerOptions {
  /** Handlers by event name; `fhir.*` handles every `fhir.…`. */
  handlers: Record<string, EventHandler>;
  /** The service's own store, to which its effects are written. Called only once it is open. */
  store(): Store;
  /** Called for each event that is set aside. */
  onDead(letter: DeadLetter): void;
}

/** Handles the events of one service. */
export class EventConsumer {
  readonly #options: ConsumerOptions;
  readonly #stopping = new AbortController();
  #isStarted = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  /** Names of the handled events, as given in the options. */
  get events(): string[] {
    return Object.keys(this.#options.handlers);
  }

  handles(event: string): boolean {
    return this.#handlerOf(event) !== undefined;
  }

  /** Starts handling. Until then nothing is tried, however long the store takes to open. */
  start(): void {
    this.#isStarted = true;
  }

  /** Begins no further tries. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Tries an event once.
   * @param tries how often it was tried before
   * @param longestMs longest pause, before what is added at random, while something is down; default a minute
   * @returns undefined when it was handled or set aside; otherwise the milliseconds until the next try
   */
  async attempt(event: DurableEvent, tries: number, longestMs = LONGEST_PAUSE_MS): Promise<number | undefined> {
    if (!this.#isStarted) return FIRST_PAUSE_MS;
    try {
      await this.#handle(event);
      return undefined;
    } catch (error) {
      if (isType(error, "ALREADY_HANDLED")) return undefined;
      // A service that is down or busy is no reason to set an event aside, however long that lasts.
      if (!isRetryable(error) && tries + 1 >= MAX_TRIES && (await this.#setAside(event, error, tries + 1))) return undefined;
      const longest = isRetryable(error) ? longestMs : LONGEST_PAUSE_MS;
      return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 20), longest) * (1 + Math.random() / 2);
    }
  }

  /** The late events of the service; undefined while its store cannot be read. */
  async late(): Promise<LateEvents | undefined> {
    if (!this.#isStarted) return undefined;
    return await LateEvents.read(this.#options.store()).catch(() => undefined);
  }

  /** Sets aside, without handling it, an event whose sender is not certified. @returns false when it could not be stored */
  refuse(event: DurableEvent): Promise<boolean> {
    return this.#setAside(event, notCertified(event.event), 0);
  }

  /** Tries until the event is handled or set aside. @throws Error when the service stops first */
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

  /** Dead letters, in order of their event ids. */
  async dead(limit: number): Promise<DeadLetter[]> {
    return (await this.#options.store().entries(DEAD, limit)).map(({ value }) => JSON.parse(value) as DeadLetter);
  }

  /** Handles a dead letter once more, now, and removes it on success. @returns false when there is none with this id */
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

  /** @returns false when it could not be stored; the event is then tried again */
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
