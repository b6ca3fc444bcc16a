/**
 * Merges two records of one person, and separates them again: in transactions of bounded size over all owners. The moved resources are noted
 * before each transaction, with their versions, so that a merge continues after a crash and can be undone.
 */
import { v7 as timeOrderedId } from "uuid";
import type { Caller } from "../../../mesh/caller.ts";
import { parseJson } from "../../../fhir/json.ts";
import type { Patient, Stored } from "../../../fhir/r4.ts";
import type { ParsedSearch } from "../../../fhir/search/criteria.ts";
import { resourceTypes } from "../../../fhir/search/parameters.ts";
import { parseSearch } from "../../../fhir/search/parse-search.ts";
import type { Clause, Row } from "../../../fhir/search/query.ts";
import type { Directory } from "../../../federation/directory.ts";
import { isRetryable, isType } from "../../../federation/errors.ts";
import { readResource, readVersion } from "../../../federation/read.ts";
import { searchPage } from "../../../federation/search-page.ts";
import { type TransactionEntry, transactionOf, transactions } from "../../transactions/transactions.contract.ts";
import type { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { type MergeDoubt, type MergeState, patients } from "../patients.contract.ts";
import { mergeConflict, mergeDoubtful, mergedOn, mergeRunning } from "../patients.errors.ts";
import { replacementOf } from "../patients.model.ts";
import { doubtsOf } from "./doubts.ts";
import { MergeNotes, type Moved, type NotesStore } from "./merge-notes.ts";
import { areRelatives, openEncounters } from "./pair-facts.ts";
import { contentOf, entryOf, isMarkedBy, isReplacedBy, marking, requireInForce } from "./merge-entries.ts";
import { partedSource, partedTarget, referringClause, rewritten } from "./merge.model.ts";

/** Resources per transaction; a merge of at most so many is one transaction. */
export const CHUNK = 100;
/** Attempts of one transaction while others write the resources that it moves. */
const ATTEMPTS = 5;
/** Searches for resources that were written for the source meanwhile; `left` counts further ones, for which the merge is repeated. */
const MAX_LATE = 20;
/** Bytes of JSON that are read at a time. */
const MAX_BYTES = 4_000_000;
/** Audit events keep their patient, since they record the past. */
const ON_RECORD = "AuditEvent";
/** Types that are searched concurrently. */
const AT_ONCE = 8;

type PatientWithId = Stored<Patient>;

/** The event of a merge that has ended, as a step of a write. */
export type EmitStep = ReturnType<typeof patients.merged.told>;

/** Options of merges. */
export interface MergingOptions {
  store: NotesStore;
  directory: Directory;
  /** Base URLs of this server, for absolute references. */
  bases: readonly string[];
  table: IdentifierTable;
  /** Writes the event of a merge that has ended. */
  tell(step: EmitStep): Promise<unknown>;
}

/** The replaced and the replacing record, "Patient/…". */
export interface MergedPair {
  source: string;
  target: string;
  /** Why they are one person, if there were doubts. */
  confirm?: string;
  /** Only what was written for the source after its merge: if that was undone, nothing is done. */
  isLate?: true;
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

  /** State of the merge, or unmerge, of a record. @throws 404 NOT_FOUND, 410 GONE */
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

  /** The state, with what a merge would move, and what speaks against it. @throws 409 PATIENT_NOT_ACTIVE, MERGE_RUNNING, MERGE_CONFLICT */
  async preview(caller: Caller, pair: MergedPair): Promise<MergeState> {
    const doubts = await this.#doubts(caller, pair);
    const [state, left] = [await this.state(caller, pair.source), await this.left(caller, pair)];
    return { ...state, left, ...(doubts.length > 0 && { doubts }) };
  }

  /** Whether it fits into one transaction. */
  async isSmall(caller: Caller, { source, target }: MergedPair): Promise<boolean> {
    return (await this.#referring(caller, source, [source, target], CHUNK)).length < CHUNK;
  }

  /** Number of resources left to move, counted up to one more than a transaction takes. */
  async left(caller: Caller, { source, target }: MergedPair): Promise<number> {
    const records = [source, target, ...(await this.#notes.records(source))];
    return (await this.#referring(caller, source, records, CHUNK + 1)).length;
  }

  /** Whether the record into which it was merged was itself merged into the one that it names now. */
  async #isMergedOn({ source, target }: MergedPair): Promise<boolean> {
    return (await this.#notes.count(source)) > 0 && (await this.#notes.versionBefore(source, target)) === undefined;
  }

  async moved(source: string): Promise<number> {
    return this.#notes.count(source);
  }

  /** Notes the start, before the task is written, so that a request in between finds it running. */
  async begun({ source, target }: MergedPair, work: "merge" | "part"): Promise<void> {
    await this.#notes.begun(source, target, work);
  }

  /** An unmerge must follow the end of the merge, and precede that of a merge into the source. @throws 409 PATIENT_MERGED_ON, MERGE_RUNNING */
  async requireLast(pair: MergedPair): Promise<void> {
    if (await this.#isMergedOn(pair)) throw mergedOn(pair.target);
    if (await this.#notes.isMerging(pair.source)) throw mergeRunning(pair.source);
  }

  /** Runs a task to its end. A refusal ends it, and is kept in its state; if a service is down, it is repeated. */
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

  /** @throws 409 PATIENT_NOT_ACTIVE, MERGE_RUNNING, MERGE_CONFLICT, MERGE_DOUBTFUL */
  async requireMergeable(caller: Caller, pair: MergedPair): Promise<void> {
    const doubts = await this.#doubts(caller, pair);
    if (doubts.length > 0 && pair.confirm === undefined) throw mergeDoubtful(doubts);
  }

  /** What speaks against the merge; nothing of one that has begun. @throws 409 PATIENT_NOT_ACTIVE, MERGE_RUNNING, MERGE_CONFLICT */
  async #doubts(caller: Caller, pair: MergedPair): Promise<MergeDoubt[]> {
    const [source, target] = await this.#both(caller, pair);
    if (await this.#isMarked(source, target)) return []; // it continues
    requireInForce(source, target);
    await this.#requireStill(pair);
    const mesh = this.#mesh(caller);
    const [some, others] = [await openEncounters(mesh, pair.source), await openEncounters(mesh, pair.target)];
    if (some.length > 0 && others.length > 0) throw mergeConflict([...some, ...others]);
    const present = [...(some.length > 0 ? [source.id] : []), ...(others.length > 0 ? [target.id] : [])];
    return doubtsOf(source, target, { present, areRelatives: await areRelatives(mesh, source, target) }, this.#options.table);
  }

  /** Whether a merge has begun; one that was made in another system is still to be made here. */
  async #isMarked(source: PatientWithId, target: PatientWithId): Promise<boolean> {
    if (isMarkedBy(source, target)) return true;
    const reference = `Patient/${source.id}`;
    return isReplacedBy(source, target) && (await this.#notes.versionBefore(reference, reference)) !== undefined;
  }

  /** Refuses while another merge moves resources to the source, which would be left between the two. @throws 409 MERGE_RUNNING */
  async #requireStill({ source, target }: MergedPair): Promise<void> {
    const coming = await this.#notes.runningInto(source);
    if (coming !== undefined) throw mergeRunning(coming);
    if (await this.#notes.isRunning(target)) throw mergeRunning(target);
  }

  /** Continues the merge from its present state to the end. */
  async merge(caller: Caller, pair: MergedPair): Promise<void> {
    if (!pair.isLate) await this.requireMergeable(caller, pair);
    if (!pair.isLate && replacementOf((await this.#both(caller, pair))[0]) !== pair.target) await this.#notes.forget(pair.source);
    const skipped = new Set([pair.source, pair.target]);
    let late = 0;
    for (;;) {
      const isDone = await this.#untilCurrent(async () => {
        const [source, target] = await this.#both(caller, pair);
        if (pair.isLate && replacementOf(source) !== pair.target) return true;
        const isMarked = pair.isLate || (await this.#isMarked(source, target));
        // Another merge may have replaced one of the two since the request.
        if (!isMarked) requireInForce(source, target);
        // Checked after both were read: a merge into the source that starts now changes that record before it moves anything.
        if (!isMarked) await this.#requireStill(pair);
        const rows = await this.#referring(caller, pair.source, [...skipped], CHUNK);
        if (isMarked && (rows.length === 0 || late === MAX_LATE)) return true;
        if (isMarked && rows.length < CHUNK) late += 1;
        const entries = isMarked ? [] : marking(source, target, pair.confirm);
        for (const { json = "", type, id } of rows) {
          const resource = rewritten(parseJson(json) as Stored, { from: pair.source, to: pair.target, bases: this.#options.bases });
          if (resource) entries.push(entryOf(resource));
          else skipped.add(`${type}/${id}`);
        }
        if (entries.length > 0) await this.#process(caller, pair.source, entries);
        return false;
      });
      if (!isDone) continue;
      if (pair.isLate) return;
      const { source, target } = pair;
      await this.#options.tell(
        patients.merged.told({ id: `patients.merged/${timeOrderedId()}`, key: source, payload: { source, target } }),
      );
      return;
    }
  }

  /** Undoes the merge; resources that were edited since stay, and are listed in the result. */
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

  /** The entry that restores a resource; undefined: the merge has not moved it, or it has gone. */
  async #asBefore(
    caller: Caller,
    reference: string,
    { version, pair }: { version: number; pair?: MergedPair },
  ): Promise<TransactionEntry | "edited" | undefined> {
    const [type, id] = [reference.slice(0, reference.indexOf("/")), idOf(reference)];
    const mesh = this.#mesh(caller);
    const now = await readResource(mesh, type, id).catch((error: unknown) => {
      if (isType(error, "GONE") || isType(error, "NOT_FOUND")) return undefined;
      throw error;
    });
    if (!now || now.version === version) return undefined;
    // After another merge and its unmerge it has a later version, but the same content.
    if (!pair && now.version !== version + 1) return "edited";
    const { json = "" } = await readVersion(mesh, type, id, version);
    const { meta = {}, ...before } = parseJson(json) as Stored;
    if (pair && !this.#isMoved(json, now.json, pair)) return "edited";
    return entryOf({ ...before, meta: { ...meta, versionId: `${now.version}` } } as Stored);
  }

  /** Whether a version is the one before with nothing changed but the moved references. */
  #isMoved(before: string, now: string, { source: from, target: to }: MergedPair): boolean {
    const moved = rewritten(parseJson(before) as Stored, { from, to, bases: this.#options.bases });
    return moved !== undefined && contentOf(moved) === contentOf(parseJson(now) as Stored);
  }

  /** Separates the two records themselves, last: until then resources may move from one to the other. */
  async #partRecords(caller: Caller, { source, target }: MergedPair): Promise<void> {
    const [one, other] = await this.#both(caller, { source, target });
    if (replacementOf(one) !== target) return;
    const entries: TransactionEntry[] = [];
    for (const [record, withoutMerge] of [
      [one, () => partedSource(one, other)],
      [other, (before: PatientWithId) => partedTarget(other, one, before)],
    ] as const) {
      const reference = `Patient/${record.id}`;
      const version = (await this.#notes.versionBefore(source, reference)) ?? Number.NaN;
      const isUntouched = Number(record.meta.versionId) === version + 1;
      const back = isUntouched ? await this.#asBefore(caller, reference, { version }) : "edited";
      if (back !== undefined && back !== "edited") entries.push(back);
      else {
        await this.#notes.noteEdited(source, reference);
        entries.push(entryOf(withoutMerge(await this.#versionOf(caller, record, version)) as PatientWithId));
      }
    }
    await transactions.process(caller, { text: transactionOf(...entries), base: "", keepsLabels: false });
  }

  /** A version of the record; the present one if that was not noted. */
  async #versionOf(caller: Caller, record: PatientWithId, version: number): Promise<PatientWithId> {
    if (Number.isNaN(version)) return record;
    const { json } = await readVersion(this.#mesh(caller), "Patient", record.id, version);
    return json === undefined ? record : (parseJson(json) as PatientWithId);
  }

  /** Processes a transaction, after noting the present version of each resource. */
  async #process(caller: Caller, source: string, entries: TransactionEntry[]): Promise<void> {
    for (const { request } of entries) {
      await this.#notes.moving(source, { reference: request.url, version: Number(/\d+/.exec(request.ifMatch ?? "")?.[0]) });
    }
    await transactions.process(caller, { text: transactionOf(...entries), base: "" });
  }

  #mesh(caller: Caller): { caller: Caller; directory: Directory } {
    return { caller, directory: this.#options.directory };
  }

  async #both(caller: Caller, { source, target }: MergedPair): Promise<[PatientWithId, PatientWithId]> {
    return [await this.#read(caller, source), await this.#read(caller, target)];
  }

  async #read(caller: Caller, reference: string): Promise<PatientWithId> {
    return parseJson((await readResource(this.#mesh(caller), "Patient", idOf(reference))).json) as PatientWithId;
  }

  /** Up to `limit` resources of all owners that refer to a patient. @throws 503 OWNER_DOWN when one of them is down */
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

  async #search(caller: Caller, type: string, search: ParsedSearch, limit: number): Promise<Row[]> {
    return (await searchPage(this.#mesh(caller), { type, search, limit, maxBytes: MAX_BYTES })).rows;
  }

  /** Repeats while others change what was read. */
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
