/** A place in the mesh that one process of a service fills; when it dies, another takes over. */
import { setTimeout as pause } from "node:timers/promises";
import { Child } from "./child.ts";
import type { GatewaySocket } from "./gateway-socket.ts";

const FIRST_PAUSE_MS = 100; // before a dead process is replaced; doubled with each quick death
const LONGEST_PAUSE_MS = 10_000;
/** A process that lived so long was no start that failed. */
const STABLE_MS = 10_000;
/** So many quick deaths in a row are called a crash loop. */
const LOOP = 5;

/** Who hears of a place. */
export interface PlaceEvents {
  /** Something about the place is different. */
  changed(): void;
  log(line: string): void;
  /** Where the connections of its processes come from; undefined: they take none. */
  gateways?: GatewaySocket;
}

/** Keeps one process of a service alive: a dead one is replaced, after a pause that doubles with each quick death. */
export class Place {
  readonly service: string;
  child: Child | undefined;
  restarts = 0;
  /** Quick deaths in a row, and the last reason. */
  failing: { deaths: number; reason: string; nextTry: string } | undefined;
  readonly #env: Record<string, string>;
  readonly #events: PlaceEvents;
  #timer: NodeJS.Timeout | undefined;
  /** Every process of this place, also one that is to be its child or was it. */
  readonly #alive = new Set<Child>();
  #isClosed = false;

  constructor(service: string, env: Record<string, string>, events: PlaceEvents) {
    this.service = service;
    this.#env = env;
    this.#events = events;
  }

  /** Fills the place; resolves when the process serves. */
  async open(): Promise<void> {
    const child = this.#spawn();
    this.child = child;
    this.#events.changed();
    await child.ready;
    this.#events.changed();
  }

  /** Fills it for the first time, also where its first processes are killed while they start. @throws the reason of one that will not, or of the last of `LOOP` */
  async fill(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const opening = this.open();
      const { child } = this;
      try {
        return await opening;
      } catch (error) {
        if (!child?.wasKilled || tries === LOOP) throw error;
      }
      clearTimeout(this.#timer); // of the next try: it is made here
      await pause(FIRST_PAUSE_MS);
      if (this.#isClosed) throw new Error(`${this.service} is being stopped.`);
    }
  }

  /** The successor serves before the predecessor leaves: no moment without. */
  async renew(): Promise<void> {
    if (this.#isClosed) throw new Error(`${this.service} is being stopped.`);
    const successor = this.#spawn();
    try {
      await successor.ready;
    } catch (error) {
      successor.kill();
      throw error;
    }
    if (this.#isClosed) return; // it is leaving
    // Meanwhile the place may have lost its process, or got another, or be about to: the successor is the only one now.
    clearTimeout(this.#timer);
    const predecessor = this.child;
    this.child = successor;
    this.#events.changed();
    await predecessor?.leave();
    this.#events.changed();
  }

  /** Drains and stays empty. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#alive].map((child) => (child.state === "leaving" ? child.exited : child.leave())));
    this.child = undefined;
    this.#events.changed();
  }

  #spawn(): Child {
    const child = new Child(this.service, this.#env, this.#events.gateways);
    const born = Date.now();
    this.#alive.add(child);
    void child.exited.then((reason) => {
      this.#alive.delete(child);
      this.#died(child, reason, Date.now() - born);
    });
    return child;
  }

  #died(child: Child, reason: string, lived: number): void {
    if (this.#isClosed || child !== this.child || child.state === "leaving") return;
    this.child = undefined;
    const deaths = lived < STABLE_MS ? (this.failing?.deaths ?? 0) + 1 : 1;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (deaths - 1), LONGEST_PAUSE_MS);
    this.failing = { deaths, reason, nextTry: new Date(Date.now() + pauseMs).toISOString() };
    const loop = deaths >= LOOP ? ` It has died ${deaths} times in a row; it is tried again every ${LONGEST_PAUSE_MS / 1000} s.` : "";
    this.#events.log(`${this.service} (process ${child.pid}) died: ${reason}. Another takes its place in ${pauseMs} ms.${loop}`);
    this.#events.changed();
    this.#timer = setTimeout(() => void this.#reopen(), pauseMs);
  }

  async #reopen(): Promise<void> {
    this.restarts += 1;
    try {
      await this.open();
      const { child } = this;
      setTimeout(() => {
        if (this.child === child) this.failing = undefined;
      }, STABLE_MS).unref();
    } catch {
      // Its death is told, and followed, by #died.
    }
  }
}
