/** Audit entries of attempts that may come in floods: the first of them are recorded one by one, further ones within the minute are counted. */
import { MAX_NAMED } from "./audit.ts";
import type { AuditEntry } from "./audit-contract.ts";

/** For how long the attempts of one source are counted, milliseconds. */
const MINUTE_MS = 60_000;
/** Sources distinguished within a minute; each may cause two entries more than it is allowed. */
const MAX_SOURCES = 200; // attempts of further ones are counted together, by deed, without a name

interface Tally {
  noted: number;
  /** The counted attempts, as one entry. */
  more?: AuditEntry;
  count: number;
  /** Attempts of several sources: none of them is named. */
  isOfMany: boolean;
}

/** Limits what one source can write to the audit log, which it could otherwise fill. */
export class TalliedNotes {
  readonly #notes: { note(entry: AuditEntry): void };
  readonly #single: number;
  readonly #tallies = new Map<string, Tally>();
  #timer: NodeJS.Timeout | undefined;

  /** @param single how many attempts of one source within a minute are recorded one by one */
  constructor(notes: { note(entry: AuditEntry): void }, single: number) {
    this.#notes = notes;
    this.#single = single;
  }

  /** @param source whose attempts of one deed are counted together: an address, a person */
  note(source: string, entry: AuditEntry): void {
    const tally = this.#tallyOf(entry.deed, source);
    if (tally.noted < this.#single) {
      tally.noted += 1;
      this.#notes.note(entry);
      return;
    }
    tally.count += 1;
    const counted = tally.isOfMany ? inNobodysName(entry) : entry;
    tally.more = tally.more ? together(tally.more, counted) : counted;
  }

  /** Records what was counted so far. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { more, count } of this.#tallies.values()) if (more) this.#notes.note({ ...more, count });
    this.#tallies.clear();
  }

  #tallyOf(deed: AuditEntry["deed"], source: string): Tally {
    this.#timer ??= setTimeout(() => this.flush(), MINUTE_MS).unref();
    const own = `${deed} ${source}`;
    const isOfMany = !this.#tallies.has(own) && this.#tallies.size >= MAX_SOURCES;
    const name = isOfMany ? deed : own;
    const known = this.#tallies.get(name);
    if (known) return known;
    const made: Tally = { noted: 0, count: 0, isOfMany };
    this.#tallies.set(name, made);
    return made;
  }
}

function inNobodysName({ address: _, query: __, call: ___, ...entry }: AuditEntry): AuditEntry {
  return { ...entry, by: { who: "", role: "" } };
}

/** The first entry, with the patients and resources of the other added. */
function together(first: AuditEntry, other: AuditEntry): AuditEntry {
  const both = (one: string[] = [], another: string[] = []) =>
    one.length >= MAX_NAMED ? one : [...new Set([...one, ...another])].slice(0, MAX_NAMED);
  const [what, patients] = [both(first.what, other.what), both(first.patients, other.patients)];
  return { ...first, ...(what.length > 0 && { what }), ...(patients.length > 0 && { patients }) };
}
