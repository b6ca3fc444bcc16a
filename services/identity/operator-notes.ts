/**
 * Audit entries of what operators change by programs that work on the store (`npm run admin`). Such a program reaches no ledger, so they are kept
 * in the store with what was changed, until a node that serves requests has passed them on.
 */
import { userInfo } from "node:os";
import { v7 as timeOrderedId } from "uuid";
import { type AuditEntry, noteAudit } from "../../federation/audit-contract.ts";
import type { Author } from "../../mesh/access/author-contract.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { Collection, Document } from "../../store/documents/documents.ts";
import { OPERATOR } from "./roles-now/role-actions.ts";

/** Interval at which a node looks for them, milliseconds. */
const LOOK_EVERY_MS = 2_000;
/** Entries that are passed on before the next look. */
const MAX_PASSED = 100;

/** An entry that the ledger has not received yet. */
export interface StoredNote extends Document {
  /** JSON text of an `AuditEntry`. */
  entry: string;
}

/** The operator, by the name of the user of this machine. */
export function operatorHere(): Author {
  return { who: OPERATOR, name: nameHere(), role: "operator" };
}

function nameHere(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`; // a container's user without a name
  }
}

/** The entries in one store. */
export class OperatorNotes {
  readonly #kept: Collection<StoredNote>;
  #timer: NodeJS.Timeout | undefined;
  #passing: Promise<void> = Promise.resolve();

  constructor(kept: Collection<StoredNote>) {
    this.#kept = kept;
  }

  /** Stores an entry; durable when it resolves. */
  async note(entry: AuditEntry): Promise<void> {
    await this.#kept.insert({ _id: timeOrderedId(), entry: JSON.stringify(entry) });
  }

  /** Passes entries on from now on. @param caller with the right to call `ledger.note` @param owner the recording service */
  watch(caller: Caller, owner: string): void {
    let isBusy = false;
    this.#timer = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      this.#passing = this.#pass(caller, owner)
        .catch(() => {}) // the ledger or the store is away: passed on later
        .finally(() => {
          isBusy = false;
        });
    }, LOOK_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#passing;
  }

  /** The ledger stores an entry that several nodes pass on once, by its id. */
  async #pass(caller: Caller, owner: string): Promise<void> {
    for (const { _id, entry } of await this.#kept.find({ sort: ["_id"], limit: MAX_PASSED })) {
      await noteAudit(caller, { id: _id, owner, entries: [JSON.parse(entry) as AuditEntry] });
      await this.#kept.removeMany({ _id });
    }
  }
}
