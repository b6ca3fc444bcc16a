/** Reads the state against which a write is checked, and makes its changes, inside one MongoDB transaction. */
import type { ClientSession, Document } from "mongodb";
import {
  type PlannedChange,
  type CommittedState,
  type Effects,
  isOfResource,
  isResourceStep,
  jsonOf,
  type ResourceChange,
  type StoredMatch,
  tellVersion,
  versionEvent,
  type VersionHead,
} from "../plan-write.ts";
import type { MadeVersion } from "../repeated-write.ts";
import type { Reliance, StoreOptions } from "../store.ts";
import type { ResourceVersion, Write, WriteKey, WriteResult } from "../writes.ts";
import {
  type Collections,
  type HeldDocument,
  type HistoryDocument,
  indexFields,
  keyValues,
  type ResourceDocument,
  SEQ_EPOCH,
  SEQ_PER_MS,
} from "./schema.ts";
import { Blocked, Outdated } from "./conflicts.ts";
import { Fences, touched } from "./fences.ts";
import { free } from "./locks.ts";
import { rounds } from "./rounds.ts";
import type { MongoSearch } from "./search-pipeline.ts";
import { eventsOf, newestIn, writeEvents } from "./outbox.ts";
import { wordsFields } from "./word-fields.ts";

/** A write while its changes are made: what they share, and what is noted of each. */
interface UnderWay {
  session: ClientSession;
  /** time of its changes, milliseconds */
  at: number;
  now: number;
  /** the prepared transaction that is being committed, otherwise `free` */
  lock: string | typeof free;
  /** id of the write */
  key: string | undefined;
  /** by the step of a change */
  results: WriteResult[];
  times: Map<PlannedChange, number>;
  /** the keys that a resource had before its change */
  released: Map<PlannedChange, string[]>;
}

/** Checks and makes the changes of one write, inside its transaction. */
export class Writer {
  readonly #collections: Collections;
  readonly #search: MongoSearch;
  readonly #fences: Fences;
  readonly #text: StoreOptions["text"];
  readonly #emits: StoreOptions["emits"];
  #seq = 0;

  /** @param options.text texts of a resource for full-text search; absent: there is none */
  constructor(collections: Collections, search: MongoSearch, { text, emits }: Pick<StoreOptions, "text" | "emits">) {
    this.#collections = collections;
    this.#search = search;
    this.#fences = new Fences(collections);
    this.#text = text;
    this.#emits = emits;
  }

  /** @throws Blocked */
  async state(steps: Write[], session: ClientSession, reliance?: Reliance): Promise<CommittedState> {
    const { resource, held, counter, handled } = this.#collections;
    const refs = new Set<string>();
    const keys = new Set<string>();
    const names = new Set<string>();
    const ids = new Set<string>();
    for (const { type, id, isOwn } of reliance?.on ?? []) if (isOwn) refs.add(`${type}/${id}`);
    for (const step of steps) {
      if (step.op === "add") names.add(step.counter);
      else if (step.op === "once") ids.add(step.id);
      else if (isResourceStep(step)) refs.add(`${step.type}/${step.id}`);
      if (step.op === "create" || step.op === "update") for (const { key } of step.unique ?? []) keys.add(key);
    }
    // One after the other: a MongoDB transaction takes one operation at a time.
    const found = await this.#find(steps, session);
    const fences = await this.#fences.rely(reliance, session);
    const projection = { version: 1, updated: 1, method: 1, lock: 1, write: 1 };
    const heads = refs.size > 0 ? await resource.find({ _id: { $in: [...refs] } }, { session, projection }).toArray() : [];
    const holders = keys.size > 0 ? await held.find({ _id: { $in: [...keys] } }, { session }).toArray() : [];
    const keyed = steps.flatMap((step) =>
      step.op === "delete" || ((step.op === "create" || step.op === "update") && !step.isKeyless) ? [`${step.type}/${step.id}`] : [],
    );
    const own = keyed.length > 0 ? await held.find({ ref: { $in: keyed } }, { session }).toArray() : [];
    const counters = names.size > 0 ? await counter.find({ _id: { $in: [...names] } }, { session }).toArray() : [];
    const events = ids.size > 0 ? await handled.find({ _id: { $in: [...ids] } }, { session }).toArray() : [];
    if ([...heads, ...holders, ...own, ...counters, ...events].some(({ lock }) => lock !== undefined)) throw new Blocked();

    const headOf = new Map(
      heads.map(({ _id, version, updated, method, write }) => [
        _id,
        method === "none" ? undefined : { version, updated, method, ...(write !== undefined && { write }) },
      ]),
    );
    const holderOf = new Map(holders.map(({ _id, ref }) => [_id, ref]));
    const heldBy = new Map<string, string[]>();
    for (const { _id, ref } of own) {
      const keysOf = heldBy.get(ref);
      if (keysOf) keysOf.push(_id);
      else heldBy.set(ref, [_id]);
    }
    const counted = new Map(counters.map(({ _id, value }) => [_id, value]));
    const known = new Set(events.map(({ _id }) => _id));
    return {
      head: (type, id): VersionHead | undefined => headOf.get(`${type}/${id}`),
      holder: (key) => holderOf.get(key),
      held: (type, id) => heldBy.get(`${type}/${id}`) ?? [],
      counter: (name) => counted.get(name) ?? 0,
      isHandled: (id) => known.has(id),
      fenced: (type, id) => fences.get(`${type}/${id}`),
      find: (_, condition) => found.get(condition.lock) ?? [],
    };
  }

  /** The matches of each condition, after writing its own document: of two concurrent writers MongoDB makes one repeat. */
  async #find(steps: Write[], session: ClientSession): Promise<Map<string, StoredMatch[]>> {
    const found = new Map<string, StoredMatch[]>();
    for (const step of steps) {
      if (step.op !== "create" && step.op !== "hold") continue;
      const condition = step.op === "hold" ? step.condition : step.ifNoneExist;
      if (!condition || found.has(condition.lock)) continue;
      const { lock } = condition;
      const guard = await this.#collections.condition.findOneAndUpdate(
        { _id: lock },
        { $inc: { writes: 1 }, ...touched },
        { session, upsert: true, returnDocument: "after" },
      );
      if (guard?.lock !== undefined) throw new Blocked();
      found.set(lock, await this.#search.find(step.type, condition, steps.length + 2, session));
    }
    return found;
  }

  /**
   * @param options.at time of all changes, milliseconds since 1970; default: now. Never before the version that is replaced
   * @param options.tx the prepared transaction that is being committed
   * @param options.key of the write
   */
  async apply(
    changes: PlannedChange[],
    results: WriteResult[],
    session: ClientSession,
    { at, tx, key }: { at?: number; tx?: string; key?: string | undefined } = {},
  ): Promise<Effects> {
    const now = Date.now();
    // Several changes of one resource follow one another; all others are made together, with a command or two for each collection.
    const [times, released] = [new Map<PlannedChange, number>(), new Map<PlannedChange, string[]>()];
    const underWay = { session, at: at ?? now, now, lock: tx ?? free, key, results, times, released };
    for (const some of rounds(changes)) await this.#applyTogether(some, underWay);
    const told = new Map<PlannedChange, ResourceVersion>();
    for (const change of changes.filter(isOfResource)) {
      const version = tellVersion(change, released.get(change));
      if (version) told.set(change, version);
    }
    const isEvent = ({ type }: ResourceVersion) => this.#emits?.().has(type) === true;
    const eventOf = (change: PlannedChange) => {
      const version = told.get(change);
      return version && isEvent(version) ? versionEvent(version) : undefined;
    };
    const events = await eventsOf({ changes, eventOf, updatedOf: times, now: at ?? now }, newestIn(this.#collections, session));
    await writeEvents(this.#collections, events, session);
    await this.#remember(changes, session, tx ?? free);
    return { hasEvents: events.length > 0, versions: [...told.values()].filter((version) => !isEvent(version)) };
  }

  /** Notes the events whose effect the changes are. Of two concurrent writers MongoDB makes one repeat. */
  async #remember(changes: PlannedChange[], session: ClientSession, lock: string | typeof free): Promise<void> {
    const handled = changes.flatMap((change) => (change.kind === "once" ? [{ _id: change.id, expires: new Date(change.until) }] : []));
    if (handled.length === 0) return;
    const claims = handled.map(({ _id }) => _id);
    if (lock !== free) await this.#collections.handled.deleteMany({ _id: { $in: claims }, lock }, { session });
    await this.#collections.handled.insertMany(handled, { session });
  }

  /** @param changes of different resources */
  async #applyTogether(changes: PlannedChange[], write: UnderWay): Promise<void> {
    const { session, lock } = write;
    await this.#count(changes, write);
    const written = changes.filter(isOfResource).map((change) => ({ change, ref: `${change.type}/${change.id}` }));
    if (written.length === 0) return;
    const { resource, history } = this.#collections;
    // Includes the keys: those of the patients whose record this version leaves are announced with it.
    const projection = { ranges: 0, words: 0 };
    const found = await resource.find({ _id: { $in: written.map(({ ref }) => ref) } }, { session, projection }).toArray();
    const befores = new Map(found.map((before) => [before._id, before]));
    const kept = found.filter(isKept);
    if (kept.length > 0) await history.insertMany(kept.map(archived), { session });
    const pairs = written.map(({ change, ref }) => {
      const before = befores.get(ref);
      return { before, document: this.#versionOf(change, before, write) };
    });
    const inserted = pairs.flatMap(({ before, document }) => (before ? [] : [document]));
    const replaced = pairs.flatMap(({ before, document }) => {
      // A later change of the same write finds what the earlier one has already unlocked.
      const filter = before && { _id: document._id, version: before.version, lock: before.lock === undefined ? free : lock };
      return filter ? [{ replaceOne: { filter, replacement: document } }] : [];
    });
    if (inserted.length > 0) await resource.insertMany(inserted, { session });
    if (replaced.length > 0) {
      const { matchedCount } = await resource.bulkWrite(replaced, { session });
      if (matchedCount < replaced.length) throw new Outdated();
    }
    await this.#hold(written, befores, session, lock);
  }

  async #count(changes: PlannedChange[], { session, lock }: UnderWay): Promise<void> {
    const counted = changes.flatMap((change) => (change.kind === "add" ? [change] : []));
    if (counted.length === 0) return;
    const update = (by: number) => ({ $inc: { value: by }, $unset: { lock: "" as const } });
    await this.#collections.counter.bulkWrite(
      counted.map(({ counter: _id, by }) => ({ updateOne: { filter: { _id, lock }, update: update(by), upsert: true } })),
      { session },
    );
  }

  /** The document after a change; notes its time, its keys and its result. */
  #versionOf(change: ResourceChange, before: ResourceDocument | undefined, write: UnderWay): ResourceDocument {
    const { at, now, key, results, times, released } = write;
    const isMoved = change.kind === "delete" && change.moved;
    const updated = isMoved && before ? before.updated : Math.max(at, before?.updated ?? 0);
    times.set(change, updated);
    if (before?.keys) released.set(change, keyValues(before.keys));
    const document =
      change.kind === "put" ? this.#living(change, updated, before?.seq ?? this.#nextSeq(now)) : deleted(change, updated, before?.seq);
    if (key !== undefined) document.write = key;
    if (change.author !== undefined) document.author = change.author;
    const result = results[change.step];
    if (result) Object.assign(result, { updated, ...(change.kind === "put" && { json: document.json }) });
    return document;
  }

  /** The versions that an earlier attempt of this write has made, by `Type/id`. */
  async made(steps: Write[], { id: key, isRepeated }: WriteKey, session: ClientSession): Promise<Map<string, MadeVersion>> {
    const refs = steps.filter(isResourceStep).map((step) => `${step.type}/${step.id}`);
    const made = new Map<string, MadeVersion>();
    if (refs.length === 0) return made;
    const projection = { type: 1, id: 1, version: 1, updated: 1, method: 1, json: 1 };
    const { resource, history } = this.#collections;
    const current = await resource.find({ _id: { $in: refs }, write: key }, { session, projection }).toArray();
    const older = isRepeated
      ? await history
          .find({ $or: refs.map((ref) => ({ _id: { $gte: `${ref}/`, $lt: `${ref}0` } })), write: key }, { session, projection })
          .toArray()
      : [];
    for (const { type, id, version, updated, method, json } of [...older, ...current]) {
      made.set(`${type}/${id}`, { version, updated, method: method as MadeVersion["method"], ...(json !== undefined && { json }) });
    }
    return made;
  }

  /** Updates unique keys: releases those that the resources no longer have, and takes those that they have now. */
  async #hold(
    written: { change: ResourceChange; ref: string }[],
    befores: ReadonlyMap<string, unknown>,
    session: ClientSession,
    lock: string | typeof free,
  ): Promise<void> {
    const { held } = this.#collections;
    const keysOf = new Map(written.map(({ change, ref }) => [ref, change.kind === "put" ? change.unique.map(({ key }) => key) : []]));
    const taken = [...keysOf].flatMap(([ref, keys]) => keys.map((key) => ({ ref, key })));
    // A resource that did not exist held no key.
    const refs = [...keysOf.keys()].filter((ref) => befores.has(ref));
    const kept = taken.map(({ key }) => key);
    if (refs.length > 0) await held.deleteMany({ ref: { $in: refs }, ...(kept.length > 0 && { _id: { $nin: kept } }) }, { session });
    if (taken.length === 0) return;
    const take = (ref: string): { $set: Partial<HeldDocument>; $unset: Document } => ({ $set: { ref }, $unset: { lock: "", isClaim: "" } });
    // An earlier round of the same write may have taken the key and released the lock.
    await held.bulkWrite(
      taken.map(({ ref, key }) => ({
        updateOne: { filter: { _id: key, $or: [{ lock }, { lock: free }] }, update: take(ref), upsert: true },
      })),
      { session },
    );
  }

  #living(
    { type, id, version, method, body, index }: Extract<PlannedChange, { kind: "put" }>,
    updated: number,
    seq: number,
  ): ResourceDocument {
    const json = jsonOf(type, id, version, updated, body);
    const head = { _id: `${type}/${id}`, type, id, version, updated, method, living: true, seq, json };
    return { ...head, ...indexFields(index), ...(this.#text && wordsFields(this.#text(json))) };
  }

  #nextSeq(now: number): number {
    // Several processes write to one store: each starts at a random place within its millisecond; the index on seq refuses a collision.
    const clock = (now - SEQ_EPOCH) * SEQ_PER_MS + Math.floor(Math.random() * SEQ_PER_MS);
    this.#seq = Math.max(this.#seq + 1, clock);
    return this.#seq;
  }
}

/** A version as a document of the history. */
const archived = ({ _id, type, id, version, updated, method, json, write, author }: ResourceDocument): HistoryDocument => ({
  _id: `${_id}/${version}`,
  type,
  id,
  version,
  updated,
  method,
  ...(json !== undefined && { json }),
  ...(write !== undefined && { write }),
  ...(author !== undefined && { author }),
});

const isKept = ({ method }: ResourceDocument): boolean => method !== "none" && method !== "moved";

function deleted(
  { type, id, version, moved }: Extract<PlannedChange, { kind: "delete" }>,
  updated: number,
  seq: number | undefined,
): ResourceDocument {
  const method = moved ? "moved" : "delete";
  return { _id: `${type}/${id}`, type, id, version, updated, method, living: false, ...(seq !== undefined && { seq }) };
}
