/** Puts what a gateway has refused on record: whose it was, by whom, and of floods how many. */
import type { IncomingMessage } from "node:http";
import type { AuditNotes } from "../../../federation/audit-notes.ts";
import { patientsOf } from "../../../federation/audit.ts";
import type { AuditEntry } from "../../../federation/audit-contract.ts";
import type { Directory } from "../../../federation/directory.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import { TalliedNotes } from "../../../federation/tallied-notes.ts";
import type { Access } from "../../../mesh/access/access.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { refusedToken, refusedTry, type Tried } from "./refused.ts";

/** Refused tries of one person within a minute that are noted one by one: more than hands can make. */
const MAX_OF_PERSON = 120;

/** Who asks, by the stamp alone: what this node knows of the roles meanwhile does not matter. */
function authorIn(access: Access, meta: Record<string, unknown>): string {
  try {
    return access.authorOf({ meta }) as string;
  } catch {
    return JSON.stringify({ who: "", role: "" });
  }
}

/** What the gateway gives for it. */
export interface RefusalParts {
  access: Access;
  directory: Directory;
  /** The mesh's own work, with the right to ask owners whose a resource is. */
  caller: Caller;
  notes: AuditNotes;
  addressOf(request: IncomingMessage): string;
}

/** Refusals of one gateway. */
export class Refusals {
  readonly #parts: RefusalParts;
  readonly #ofPersons: TalliedNotes;
  readonly #ofStrangers: TalliedNotes;
  /** What is not noted yet: whose it is, is being asked. */
  readonly #asking = new Set<Promise<void>>();

  constructor(parts: RefusalParts) {
    this.#parts = parts;
    // Owners are asked of what is noted, not of each try: a flood would be theirs, too.
    this.#ofPersons = new TalliedNotes({ note: (entry) => this.#noteWithPatients(entry) }, MAX_OF_PERSON);
    this.#ofStrangers = new TalliedNotes(parts.notes, 1);
  }

  /** @param meta of the request, behind the door */
  note(error: unknown, request: IncomingMessage, meta: Record<string, unknown>, tried: Omit<Tried, "asked">): void {
    const { access } = this.#parts;
    if (access.isOpen || typeof meta["asked"] !== "string") return;
    const asked = { ...tried, asked: meta["asked"] };
    if (meta["as"] === undefined) {
      const address = this.#parts.addressOf(request);
      const entry = refusedToken(error, asked, address);
      if (entry) this.#ofStrangers.note(address, entry);
      return;
    }
    const entry = refusedTry(error, authorIn(access, meta), asked);
    if (entry) this.#ofPersons.note(entry.by.who, entry);
  }

  /** All that was refused until now is noted when it resolves. */
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

  /** Of what is named by its id, the patients too: as its owners have it, whatever was sent. */
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
          // An owner that does not answer is no reason to leave out the rest.
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
