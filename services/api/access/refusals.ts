/** Records in the audit log what a gateway has refused: which patients it concerned, and who tried; floods are counted. */
import type { IncomingMessage } from "node:http";
import type { AuditNotes } from "../../../federation/audit-notes.ts";
import { patientsOf } from "../../../federation/audit.ts";
import type { AuditEntry } from "../../../federation/audit-contract.ts";
import type { Directory } from "../../../federation/directory.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import { TalliedNotes } from "../../../federation/tallied-notes.ts";
import type { Access } from "../../../mesh/access/access.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { invalidTokenEntry, refusalEntry, type Tried } from "./refusal-entries.ts";

/** Refused attempts of one person within a minute that are recorded one by one: more than a person can make by hand. */
const MAX_OF_PERSON = 120;

/** The caller according to the stamp alone, whatever this node knows about roles at the moment. */
function authorIn(access: Access, meta: Record<string, unknown>): string {
  try {
    return access.authorOf({ meta }) as string;
  } catch {
    return JSON.stringify({ who: "", role: "" });
  }
}

/** What the recording needs from the gateway. */
export interface RefusalParts {
  access: Access;
  directory: Directory;
  /** The mesh's own caller, with the right to ask owners for the patients of a resource. */
  caller: Caller;
  notes: AuditNotes;
  addressOf(request: IncomingMessage): string;
}

/** The refusals of one gateway. */
export class Refusals {
  readonly #parts: RefusalParts;
  readonly #ofPersons: TalliedNotes;
  readonly #ofStrangers: TalliedNotes;
  /** Entries whose patients are being looked up. */
  readonly #asking = new Set<Promise<void>>();

  constructor(parts: RefusalParts) {
    this.#parts = parts;
    // Owners are asked only about recorded attempts, not about each: a flood would reach them, too.
    this.#ofPersons = new TalliedNotes({ note: (entry) => this.#noteWithPatients(entry) }, MAX_OF_PERSON);
    this.#ofStrangers = new TalliedNotes(parts.notes, 1);
  }

  /** @param meta of the request, after authentication */
  note(error: unknown, request: IncomingMessage, meta: Record<string, unknown>, tried: Omit<Tried, "asked">): void {
    const { access } = this.#parts;
    if (access.isOpen || typeof meta["asked"] !== "string") return;
    const asked = { ...tried, asked: meta["asked"] };
    if (meta["as"] === undefined) {
      const address = this.#parts.addressOf(request);
      const entry = invalidTokenEntry(error, asked, address);
      if (entry) this.#ofStrangers.note(address, entry);
      return;
    }
    const entry = refusalEntry(error, authorIn(access, meta), asked);
    const { from } = meta;
    if (entry) this.#ofPersons.note(entry.by.who, { ...entry, ...(typeof from === "string" && { address: from }) });
  }

  /** Once it resolves, everything refused so far is recorded. */
  async stop(): Promise<void> {
    this.#ofPersons.flush();
    this.#ofStrangers.flush();
    await Promise.all(this.#asking);
  }

  #noteWithPatients(entry: AuditEntry): void {
    const noting = this.#withPatients(entry).then((whole) => {
      this.#parts.notes.note(whole);
      this.#asking.delete(noting);
    });
    this.#asking.add(noting);
  }

  /** Adds the patients of the resources named by id, according to their owners, whatever was sent. */
  async #withPatients(entry: AuditEntry): Promise<AuditEntry> {
    const byType = Map.groupBy(
      (entry.what ?? []).filter((place) => !place.startsWith("Patient/")),
      (place) => place.split("/", 1)[0] as string,
    );
    if (byType.size === 0 || entry.patientCount !== undefined) return entry;
    const { directory, caller } = this.#parts;
    const answers = await Promise.all(
      [...byType].flatMap(([type, references]) =>
        directory
          .known(type)
          .filter(({ alive }) => alive)
          // An owner that does not answer must not keep the rest from being recorded.
          .map(({ service }) =>
            ownerOf(service)
              .patientsOf(caller, { references })
              .catch((): string[] => []),
          ),
      ),
    );
    return { ...entry, ...patientsOf(new Set([...(entry.patients ?? []), ...answers.flat()])) };
  }
}
