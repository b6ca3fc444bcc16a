/** Audit entries of processes without a store: refusals by a gateway, sign-ins. They are sent to the ledger until it has stored them. */
import { v7 as timeOrderedId } from "uuid";
import type { Caller } from "../mesh/caller.ts";
import { type AuditEntry, noteAudit } from "./audit-contract.ts";

/** Entries that wait while the ledger is away; beyond this the oldest are dropped, with a warning. */
const MAX_WAITING = 5_000;
/** Entries in one call. */
const MAX_TOLD = 100;
/** Pause after a failed call, milliseconds. */
const AGAIN_MS = 2_000;

/** Entries of a process without a store, kept in memory until the ledger has stored them. */
export class AuditNotes {
  readonly #caller: Caller;
  readonly #owner: string;
  readonly #warn: (sentence: string) => void;
  #waiting: AuditEntry[] = [];
  #told: { id: string; entries: AuditEntry[] } | undefined;
  #telling: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** @param caller with the right to call `ledger.note` @param owner the recording service */
  constructor(caller: Caller, owner: string, warn: (sentence: string) => void) {
    this.#caller = caller;
    this.#owner = owner;
    this.#warn = warn;
  }

  note(entry: AuditEntry): void {
    this.#waiting.push(entry);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#warn("The ledger is away for long: what is on record has holes.");
    }
    if (!this.#timer) void this.#tell();
  }

  /** Sends what waits once more, without further retries. Once it resolves, everything that the ledger has accepted is stored. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#telling;
    if (this.#waiting.length > 0 || this.#told) await this.#tell();
  }

  /** Sends one batch at a time. */
  #tell(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined;
      // Entries that arrived after the last batch was taken.
      if (this.#waiting.length > 0 && !this.#timer && !this.#isStopped) void this.#tell();
    });
    return this.#telling;
  }

  async #tellAll(): Promise<void> {
    this.#timer = undefined;
    for (;;) {
      this.#told ??= { id: timeOrderedId(), entries: this.#waiting.splice(0, MAX_TOLD) };
      if (this.#told.entries.length === 0) break;
      try {
        await noteAudit(this.#caller, { ...this.#told, owner: this.#owner });
      } catch {
        if (!this.#isStopped) this.#timer = setTimeout(() => void this.#tell(), AGAIN_MS).unref();
        return;
      }
      this.#told = undefined;
    }
    this.#told = undefined;
  }
}
