/**
 * Merges two records of one person, and parts them again: in transactions over all owners, each of a bounded size. What each moves is written
 * down before it, with the version that it was in; so it goes on after a crash, and can be taken back.
 */
import type { Caller } from "../../../mesh/caller.ts";
import { parseJson } from "../../../fhir/json.ts";
import type { FhirResource, Patient, Stored } from "../../../fhir/r4.ts";
import type { ParsedSearch } from "../../../fhir/search/criteria.ts";
import { resourceTypes } from "../../../fhir/search/parameters.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import type { Clause, Row } from "../../../fhir/search/query.ts";
import type { Directory } from "../../../federation/directory.ts";
import { isRetryable, isType } from "../../../federation/errors.ts";
import { readResource, readVersion } from "../../../federation/read.ts";
import { searchPage } from "../../../federation/search-page.ts";
import { type TransactionEntry, transactionOf, transactions } from "../../transactions/transactions.contract.ts";
import type { MergeState } from "../patients.contract.ts";
import { mergeConflict, mergedOn, mergeRunning, patientNotActive } from "../patients.errors.ts";
import { isClosed, replacementOf } from "../patients.model.ts";
import { MergeNotes, type Moved, type NotesStore } from "./merge-notes.ts";
import { OPEN_STATUSES } from "../../../mixins/fhir/rules/encounter.ts";
import { parted, referringClause, replaced, replacing, rewritten } from "./merge.model.ts";

/** Resources of one transaction; a merge of no more is one. */
export const CHUNK = 100;
/** Tries of one transaction while others write what it moves. */
const ATTEMPTS = 5;
/** Looks for what was written for the source meanwhile: `left` names what goes on coming, which is merged once more. */
const MAX_LATE = 20;
/** Bytes of JSON that are read at once. */
const MAX_BYTES = 4_000_000;
/** What is on record says what was, whatever becomes of it. */
const ON_RECORD = "AuditEvent";
/** Types whose owners are asked at once. */
const AT_ONCE = 8;

type PatientWithId = Stored<Patient>;

/** What a merge works with. */
export interface MergingOptions {
  store: NotesStore;
  directory: Directory;
  /** Under which this server's resources are addressed, besides relatively. */
  bases: readonly string[];
}

/** A record and the one that takes its place, "Patient/…". */
export interface MergedPair {
  source: string;
  target: string;
}

const idOf = (reference: string): string => reference.slice(reference.indexOf("/") + 1);

/** The merges of one service. */
export class Merges {
  readonly #options: MergingOptions;
  readonly #notes: MergeNotes;

  constructor(options: MergingOptions) {
    this.#options = options;
    this.#notes = new MergeNotes(options.store);
  }

  /** How far the merge of a record, or what takes it back, has come. @throws 404 NOT_FOUND, 410 GONE */
  async state(caller: Caller, source: string): Promise<MergeState> {
    const target = replacementOf(await this.#read(caller, source));
    const refusal = await this.#notes.refusal(source);
    return {
      source,
      ...(target !== undefined && { target }),
      state: (await this.#notes.isRunning(source)) ? "running" : target === undefined ? "not merged" : "merged",
      moved: await this.#notes.count(source),
      left: target === undefined ? 0 : await this.left(caller, { source, target }),
      edited: await this.#notes.edited(source),
      ...(refusal && { refusal }),
    };
  }

  /** Whether all fits into one transaction. */
  async isSmall(caller: Caller, { source, target }: MergedPair): Promise<boolean> {
    return (await this.#referring(caller, source, [source, target], CHUNK)).length < CHUNK;
  }

  /** How many resources are left, counted to one more than a transaction takes. */
  async left(caller: Caller, { source, target }: MergedPair): Promise<number> {
    const records = [source, target, ...(await this.#notes.records(source))];
    return (await this.#referring(caller, source, records, CHUNK + 1)).length;
  }

  /** Whether the record that it was merged into was merged into the one that it names now. */
  async #isMergedOn({ source, target }: MergedPair): Promise<boolean> {
    return (await this.#notes.count(source)) > 0 && (await this.#notes.versionBefore(source, target)) === undefined;
  }

  async moved(source: string): Promise<number> {
    return this.#notes.count(source);
  }

  /** Notes that it is begun, before the task for it is written: what is asked for in between finds it running. */
  async begun({ source, target }: MergedPair, work: "merge" | "part"): Promise<void> {
    await this.#notes.begun(source, target, work);
  }

  /** A merge is taken back when it has ended, and before any that it was merged on by. @throws 409 PATIENT_MERGED_ON, MERGE_RUNNING */
  async requireLast(pair: MergedPair): Promise<void> {
    if (await this.#isMergedOn(pair)) throw mergedOn(pair.target);
    if (await this.#notes.isMerging(pair.source)) throw mergeRunning(pair.source);
  }

  /** Carries out a task to its end. What is refused ends it, and its state says so; what is down is tried again. */
  async carryOut(caller: Caller, pair: MergedPair, work: "merge" | "part"): Promise<void> {
    try {
      await this.#notes.begun(pair.source, pair.target, work);
      await this[work](caller, pair);
      await this.#notes.ended(pair.source);
    } catch (error) {
      if (isRetryable(error)) throw error;
      await this.#notes.ended(pair.source, error as Error);
    }
  }

  /** @throws 409 PATIENT_NOT_ACTIVE, MERGE_RUNNING, MERGE_CONFLICT; what a rule of an owner refuses */
  async requireMergeable(caller: Caller, pair: MergedPair): Promise<void> {
    const [source, target] = await this.#both(caller, pair);
    if (replacementOf(source) === pair.target) return; // it goes on
    if (isClosed(source)) throw patientNotActive(pair.source);
    if (isClosed(target)) throw patientNotActive(pair.target);
    await this.#requireStill(pair);
    const [some, others] = [await this.#openEncounters(caller, pair.source), await this.#openEncounters(caller, pair.target)];
    if (some.length > 0 && others.length > 0) throw mergeConflict([...some, ...others]);
  }

  /** What goes to a record by a merge that is under way would be left between the two. @throws 409 MERGE_RUNNING */
  async #requireStill({ source, target }: MergedPair): Promise<void> {
    const coming = await this.#notes.runningInto(source);
    if (coming !== undefined) throw mergeRunning(coming);
    if (await this.#notes.isRunning(target)) throw mergeRunning(target);
  }

  /** From wherever it has come to, to its end. */
  async merge(caller: Caller, pair: MergedPair): Promise<void> {
    await this.requireMergeable(caller, pair);
    if (replacementOf((await this.#both(caller, pair))[0]) !== pair.target) await this.#notes.forget(pair.source);
    const skipped = new Set([pair.source, pair.target]);
    let late = 0;
    for (;;) {
      const isDone = await this.#untilCurrent(async () => {
        const [source, target] = await this.#both(caller, pair);
        const isMarked = replacementOf(source) === pair.target;
        // Since it was asked for, another merge may have taken one of the two.
        if (!isMarked && isClosed(source)) throw patientNotActive(pair.source);
        if (!isMarked && isClosed(target)) throw patientNotActive(pair.target);
        // After the two were read: a merge into the source that begins now changes that record before it moves anything.
        if (!isMarked) await this.#requireStill(pair);
        const rows = await this.#referring(caller, pair.source, [...skipped], CHUNK);
        if (isMarked && (rows.length === 0 || late === MAX_LATE)) return true;
        if (isMarked && rows.length < CHUNK) late += 1;
        const entries = isMarked ? [] : [entryOf(replaced(source, pair.target)), entryOf(replacing(target, source))];
        for (const { json = "", type, id } of rows) {
          const resource = rewritten(parseJson(json) as Stored, { from: pair.source, to: pair.target, bases: this.#options.bases });
          if (resource) entries.push(entryOf(resource));
          else skipped.add(`${type}/${id}`);
        }
        if (entries.length > 0) await this.#process(caller, pair.source, entries);
        return false;
      });
      if (isDone) return;
    }
  }

  /** Back to what it was before the merge; what was edited since stays where it is, and the answer names it. */
  async part(caller: Caller, { source, target }: MergedPair): Promise<void> {
    for (;;) {
      const found = await this.#notes.some(source, CHUNK + 2);
      const some = found.filter(({ reference }) => reference !== source && reference !== target).slice(0, CHUNK);
      if (some.length === 0) break;
      await this.#giveBack(caller, { source, target }, some);
    }
    await this.#untilCurrent(() => this.#partRecords(caller, { source, target }));
    for (const reference of [source, target]) await this.#notes.givenBack(source, reference);
  }

  async #giveBack(caller: Caller, pair: MergedPair, some: Moved[]): Promise<void> {
    const { source } = pair;
    await this.#untilCurrent(async () => {
      const entries: TransactionEntry[] = [];
      for (const { reference, version } of some) {
        const before = await this.#asBefore(caller, reference, { version, pair });
        if (before === "edited") await this.#notes.noteEdited(source, reference);
        else if (before) entries.push(before);
      }
      if (entries.length > 0) await transactions.process(caller, { text: transactionOf(...entries), base: "", keepsLabels: false });
    });
    for (const { reference } of some) await this.#notes.givenBack(source, reference);
  }

  /** undefined: the merge has not come to it, or it is gone. */
  async #asBefore(
    caller: Caller,
    reference: string,
    { version, pair }: { version: number; pair?: MergedPair },
  ): Promise<TransactionEntry | "edited" | undefined> {
    const [type, id] = [reference.slice(0, reference.indexOf("/")), idOf(reference)];
    const mesh = { caller, directory: this.#options.directory };
    const now = await readResource(mesh, type, id).catch((error: unknown) => {
      if (isType(error, "GONE") || isType(error, "NOT_FOUND")) return undefined;
      throw error;
    });
    if (!now || now.version === version) return undefined;
    // Moved on by another merge, and back, it is at a later version, but what it was then.
    if (!pair && now.version !== version + 1) return "edited";
    const { json = "" } = await readVersion(mesh, type, id, version);
    const { meta = {}, ...before } = parseJson(json) as Stored;
    if (pair && !this.#isMoved(json, now.json, pair)) return "edited";
    return entryOf({ ...before, meta: { ...meta, versionId: `${now.version}` } } as Stored);
  }

  /** Whether a version is the one before, moved, and nothing else. */
  #isMoved(before: string, now: string, { source: from, target: to }: MergedPair): boolean {
    const moved = rewritten(parseJson(before) as Stored, { from, to, bases: this.#options.bases });
    return moved !== undefined && contentOf(moved) === contentOf(parseJson(now) as Stored);
  }

  /** The two records themselves, at the end: until then what they bear may go from one to the other. */
  async #partRecords(caller: Caller, { source, target }: MergedPair): Promise<void> {
    const [one, other] = await this.#both(caller, { source, target });
    if (replacementOf(one) !== target) return;
    const entries: TransactionEntry[] = [];
    for (const [record, partner] of [
      [one, target],
      [other, source],
    ] as const) {
      const reference = `Patient/${record.id}`;
      const version = (await this.#notes.versionBefore(source, reference)) ?? Number.NaN;
      const isUntouched = Number(record.meta.versionId) === version + 1;
      const back = isUntouched ? await this.#asBefore(caller, reference, { version }) : "edited";
      if (back !== undefined && back !== "edited") entries.push(back);
      else {
        await this.#notes.noteEdited(source, reference);
        entries.push(entryOf(parted(record, partner, { isSource: reference === source }) as PatientWithId));
      }
    }
    await transactions.process(caller, { text: transactionOf(...entries), base: "", keepsLabels: false });
  }

  /** Written down first: in which version each is now. */
  async #process(caller: Caller, source: string, entries: TransactionEntry[]): Promise<void> {
    for (const { request } of entries) {
      await this.#notes.moving(source, { reference: request.url, version: Number(/\d+/.exec(request.ifMatch ?? "")?.[0]) });
    }
    await transactions.process(caller, { text: transactionOf(...entries), base: "" });
  }

  async #both(caller: Caller, { source, target }: MergedPair): Promise<[PatientWithId, PatientWithId]> {
    return [await this.#read(caller, source), await this.#read(caller, target)];
  }

  async #read(caller: Caller, reference: string): Promise<PatientWithId> {
    const mesh = { caller, directory: this.#options.directory };
    return parseJson((await readResource(mesh, "Patient", idOf(reference))).json) as PatientWithId;
  }

  /** Up to `limit` resources that refer to a patient, of all owners. @throws 503 OWNER_DOWN when one of them is down */
  async #referring(caller: Caller, patient: string, except: string[], limit: number): Promise<Row[]> {
    const types = resourceTypes.filter((type) => type !== ON_RECORD && this.#options.directory.known(type).length > 0);
    const found: Row[] = [];
    for (let at = 0; at < types.length && found.length < limit; at += AT_ONCE) {
      const pages = await Promise.all(
        types.slice(at, at + AT_ONCE).map((type) => {
          const not: Clause = { kind: "id", any: except.filter((it) => it.startsWith(`${type}/`)).map(idOf), not: true };
          const clauses = [referringClause(type, patient, this.#options.bases), ...(not.any.length > 0 ? [not] : [])];
          return this.#search(caller, type, { ...parseSearch(type, [], { base: "", handling: "strict" }), clauses }, limit);
        }),
      );
      found.push(...pages.flat());
    }
    return found.slice(0, limit);
  }

  async #openEncounters(caller: Caller, patient: string): Promise<string[]> {
    if (this.#options.directory.known("Encounter").length === 0) return [];
    const search = parseSearch(
      "Encounter",
      [
        ["subject", patient],
        ["status", OPEN_STATUSES.join()],
      ],
      { base: "", handling: "strict" },
    );
    return (await this.#search(caller, "Encounter", search, CHUNK)).map(({ id }) => `Encounter/${id}`);
  }

  async #search(caller: Caller, type: string, search: ParsedSearch, limit: number): Promise<Row[]> {
    const mesh = { caller, directory: this.#options.directory };
    return (await searchPage(mesh, { type, search, limit, maxBytes: MAX_BYTES })).rows;
  }

  /** Again while others write what it was planned on. */
  async #untilCurrent<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(isType(error, "STALE_VERSION") || isType(error, "LOCKED")) || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

const contentOf = ({ meta: _, ...content }: Stored): string => JSON.stringify(content);

function entryOf(resource: (FhirResource | Stored) & { id?: string }): TransactionEntry {
  return {
    resource,
    request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ifMatch: `W/"${resource.meta?.versionId}"` },
  };
}
