/** A replica of a service on this machine: one process at a time, replaced when it ends. */
import { setTimeout as pause } from "node:timers/promises";
import { Child } from "./child.ts";
import type { GatewaySocket } from "./gateway-socket.ts";

const FIRST_PAUSE_MS = 100; // before a process is replaced; doubled after each quick end
const LONGEST_PAUSE_MS = 10_000;
/** A process that lived this long did not fail to start. */
const STABLE_MS = 10_000;
/** Number of quick ends in a row that is reported as a crash loop. */
const LOOP = 5;

/** What a replica reports to its supervisor. */
export interface ReplicaEvents {
  /** Its process or its state has changed. */
  changed(): void;
  log(line: string): void;
  /** Source of its processes' connections; undefined: they get none. */
  gateways?: GatewaySocket;
}

/** Keeps one process of a service running: one that ends is replaced, after a pause that doubles with each quick end. */
export class Replica {
  readonly service: string;
  child: Child | undefined;
  restarts = 0;
  /** Quick ends in a row, and the last reason. */
  failing: { deaths: number; reason: string; nextTry: string } | undefined;
  readonly #env: Record<string, string>;
  readonly #events: ReplicaEvents;
  #timer: NodeJS.Timeout | undefined;
  /** All processes of this replica, including predecessor and successor of the present one. */
  readonly #alive = new Set<Child>();
  #isClosed = false;

  constructor(service: string, env: Record<string, string>, events: ReplicaEvents) {
    this.service = service;
    this.#env = env;
    this.#events = events;
  }

  /** Starts its process; resolves when that serves. */
  async open(): Promise<void> {
    const child = this.#spawn();
    this.child = child;
    this.#events.changed();
    await child.ready;
    this.#events.changed();
  }

  /** Starts its first process, again if it is killed while it starts. @throws its reason if it refuses to start, or that of the last of `LOOP` attempts */
  async fill(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const opening = this.open();
      const { child } = this;
      try {
        return await opening;
      } catch (error) {
        if (!child?.wasKilled || tries === LOOP) throw error;
      }
      clearTimeout(this.#timer); // cancels the next attempt, which is made here
      await pause(FIRST_PAUSE_MS);
      if (this.#isClosed) throw new Error(`${this.service} is being stopped.`);
    }
  }

  /** Replaces the process; the successor serves before the predecessor leaves. */
  async renew(): Promise<void> {
    if (this.#isClosed) throw new Error(`${this.service} is being stopped.`);
    const successor = this.#spawn();
    try {
      await successor.ready;
    } catch (error) {
      successor.kill();
      throw error;
    }
    if (this.#isClosed) return; // the successor is leaving
    // The present process may have ended meanwhile, or been replaced: the successor is the only one now.
    clearTimeout(this.#timer);
    const predecessor = this.child;
    this.child = successor;
    this.#events.changed();
    await predecessor?.leave();
    this.#events.changed();
  }

  /** Drains and ends the process, without a successor. */
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
      // `#died` reports and handles its end.
    }
  }
}
