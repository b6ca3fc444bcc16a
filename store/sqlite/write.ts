/** Carries out the changes of a checked write. Everything here runs inside one write transaction of the file. */
import { meshTime } from "../../mesh/mesh-time.ts";
import {
  type PlannedChange,
  type CommittedState,
  type Effects,
  jsonOf,
  type StoredMatch,
  versionEvent,
  type VersionHead,
  tellVersion,
} from "../plan-write.ts";
import type { MadeVersion } from "../repeated-write.ts";
import type { Fencing, VersionReference, StoreOptions } from "../store.ts";
import type { NoneExist, OutboxEvent, OutboxQueue, WriteKey, WriteResult } from "../writes.ts";
import { type Budget, EACH_CONDITION_ADDS_MS, WRITE_MS } from "../too-costly.ts";
import type { Database } from "./database.ts";
import { Method, methodNames } from "./schema.ts";
import { Fences } from "./fences.ts";
import { IndexWriter } from "./index-writer.ts";
import type { MultiValuedSlots } from "./multi-valued-slots.ts";
import type { Types } from "./types.ts";

/** 2020-01-01T00:00:00Z. Places in the order of creation count from here, so that the places of two stores are roughly comparable. */
const SEQ_EPOCH = 1_577_836_800_000;
/** Prefix of fences in the durable map: `fence/Type/id token`. */
const FENCE = "fence/";
/** Places per millisecond; they stay below 2^53 until the year 2298. */
const SEQ_PER_MS = 1_024;

/** The outbox's queues, as stored. */
export const QUEUE = { out: 0, own: 1, audit: 2, late: 3 } as const;
/** Expired handled events that one write with a `once` removes. */
const EXPIRED_PER_WRITE = 10;

interface StoredHead extends VersionHead {
  seq: number;
}

interface MadeRow {
  version: number;
  updated: number;
  method: number;
  json: string | null;
}

interface HeadRow extends Omit<MadeRow, "json"> {
  seq: number;
  /** Key of the write that made it. */
  write: string | null;
}

/** Finds living resources for a conditional create, inside the write transaction. */
export type Finder = (type: string, condition: NoneExist, limit: number, budget: Budget) => StoredMatch[];

/** Carries out the changes of a checked write, inside the file's write transaction. */
export class Writer {
  readonly #db: Database;
  readonly #types: Types;
  /** Writes the search values of resources. */
  readonly index: IndexWriter;
  readonly #emits: StoreOptions["emits"];
  readonly #find: Finder;
  /** Fences of this process, if no other one writes to the file. */
  readonly fences = new Fences();
  #seq = 0;
  #key: string | null = null;
  #living = new Map<number, number>();
  /** Time of the transaction, milliseconds since 1970. */
  now = 0;

  constructor(db: Database, types: Types, several: MultiValuedSlots, { text, emits }: Pick<StoreOptions, "text" | "emits">, find: Finder) {
    this.#db = db;
    this.#types = types;
    this.index = new IndexWriter(db, several, text);
    this.#emits = emits;
    this.#find = find;
  }

  /** Called when a write transaction has begun. */
  begin(): void {
    this.now = Date.now();
    this.#seq = 0;
    this.#living.clear();
  }

  /** Called just before the transaction commits: updates the counts of living resources once per type instead of once per resource. */
  finish(): void {
    for (const [type, by] of this.#living) {
      if (by) this.#db.run("UPDATE type SET living = living + ? WHERE no = ?", by, type);
    }
  }

  /** The committed state against which a write is checked. */
  state(): CommittedState {
    const budget: Budget = { leftMs: WRITE_MS };
    const heads = new Map<string, StoredHead | undefined>();
    const headOf = (type: string, id: string): StoredHead | undefined => {
      const ref = `${type}/${id}`;
      if (!heads.has(ref)) heads.set(ref, this.#head(type, id));
      return heads.get(ref);
    };
    return {
      head: headOf,
      holder: (key) => {
        const row = this.#db.get<{ type: number; id: string }>(
          "SELECT r.type, r.id FROM held h CROSS JOIN resource r ON r.seq = h.seq WHERE h.key = ?",
          key,
        );
        return row && `${this.#types.name(row.type)}/${row.id}`;
      },
      held: (type, id) => {
        const head = headOf(type, id);
        return head ? this.#db.all<{ key: string }>("SELECT key FROM held WHERE seq = ?", head.seq).map((row) => row.key) : [];
      },
      counter: (name) => this.#db.get<{ value: number }>("SELECT value FROM counter WHERE name = ?", name)?.value ?? 0,
      isHandled: (id) => this.isHandled(id),
      fenced: (type, id) => this.#fenced(`${type}/${id}`),
      find: (type, condition, limit) => {
        budget.leftMs += EACH_CONDITION_ADDS_MS;
        return this.#find(type, condition, limit, budget);
      },
    };
  }

  #fenced(reference: string): number | undefined {
    const now = meshTime.now();
    const own = this.fences.get(reference, now);
    const written = this.#db.get<{ version: number | null }>(
      "SELECT max(CAST(value AS INTEGER)) AS version FROM map WHERE key > ? AND key < ? AND expires >= ?",
      `${FENCE}${reference} `,
      `${FENCE}${reference}!`,
      now,
    )?.version;
    return written ? Math.max(written, own ?? 0) : own;
  }

  /** Until `expiresAt` no write may rely on the resource in this version, or an older one. */
  fence({ type, id, version }: VersionReference, { token, expiresAt }: Fencing): void {
    this.#db.run("INSERT OR REPLACE INTO map VALUES (?, ?, ?)", `${FENCE}${type}/${id} ${token}`, String(version), expiresAt);
  }

  unfence(reference: string, token: string): void {
    this.#db.run("DELETE FROM map WHERE key = ?", `${FENCE}${reference} ${token}`);
  }

  /**
   * Carries out the changes and completes their results.
   * @param at time of all changes, milliseconds since 1970; absent: now, but never before the version that is replaced
   * @param key of the write
   */
  apply(changes: PlannedChange[], results: WriteResult[], at?: number, key?: string): Effects {
    this.#key = key ?? null;
    const effects: Effects = { hasEvents: false, versions: [] };
    this.#releaseKeys(changes);
    for (const change of changes) {
      const result = results[change.step];
      if (change.kind === "add") this.#add(change);
      else if (change.kind === "once") this.#handled(change);
      else if (change.kind === "emit") this.#emit(change.event, change.queue);
      if (change.kind === "emit") effects.hasEvents = true;
      if (change.kind !== "put" && change.kind !== "delete") continue;
      const released = change.kind === "put" ? this.#put(change, result, at) : this.#delete(change, result, at);
      const told = tellVersion(change, released);
      if (!told) continue;
      if (this.#emits?.().has(change.type)) {
        this.#emit(versionEvent(told), "out");
        effects.hasEvents = true;
      } else effects.versions.push(told);
    }
    return effects;
  }

  /** Releases the keys of all changes before any of them takes one, in whichever order they come. */
  #releaseKeys(changes: PlannedChange[]): void {
    const written = changes.filter((change) => change.kind === "put" || change.kind === "delete");
    if (written.length < 2 || !written.some((change) => change.kind === "put" && change.unique.length > 0)) return;
    for (const { type, id, version } of written) {
      const head = version > 1 ? this.#head(type, id) : undefined;
      if (head) this.#db.run("DELETE FROM held WHERE seq = ?", head.seq);
    }
  }

  /** Whether the effect of an event is stored. */
  isHandled(id: string): boolean {
    return this.#db.get("SELECT 1 FROM handled WHERE id = ?", id) !== undefined;
  }

  #emit({ id, subject, key, payload }: OutboxEvent, queue: OutboxQueue): void {
    const text = "INSERT INTO outbox (queue, id, subject, key, at, payload) VALUES (?, ?, ?, ?, ?, ?)";
    this.#db.run(text, QUEUE[queue], id, subject, key, this.now, payload);
  }

  #handled({ id, until }: Extract<PlannedChange, { kind: "once" }>): void {
    const expired = "DELETE FROM handled WHERE id IN (SELECT id FROM handled WHERE expires < ? ORDER BY expires LIMIT ?)";
    this.#db.run(expired, this.now, EXPIRED_PER_WRITE);
    this.#db.run("INSERT OR IGNORE INTO handled VALUES (?, ?)", id, until);
  }

  #head(type: string, id: string): StoredHead | undefined {
    const no = this.#types.find(type);
    if (no === undefined) return undefined;
    const row = this.#db.get<HeadRow>("SELECT seq, version, updated, method, write FROM resource WHERE type = ? AND id = ?", no, id);
    return row && { ...row, method: methodNames[row.method] as VersionHead["method"] };
  }

  /** The version of a resource that an earlier attempt of this write has made. */
  made(type: string, id: string, { id: key, isRepeated }: WriteKey): MadeVersion | undefined {
    const no = this.#types.find(type);
    if (no === undefined) return undefined;
    const head = this.#db.get<HeadRow & { json: string | null }>(
      "SELECT seq, version, updated, method, json, write FROM resource WHERE type = ? AND id = ?",
      no,
      id,
    );
    if (!head) return undefined;
    const row =
      head.write === key
        ? head
        : isRepeated &&
          this.#db.get<MadeRow>("SELECT version, updated, method, json FROM history WHERE seq = ? AND write = ?", head.seq, key);
    if (!row) return undefined;
    return {
      version: row.version,
      updated: row.updated,
      method: methodNames[row.method] as VersionHead["method"],
      json: row.json ?? undefined,
    };
  }

  #nextSeq(): number {
    if (!this.#seq) {
      const last = this.#db.one<{ last: number | null }>("SELECT max(seq) AS last FROM resource").last ?? 0;
      this.#seq = Math.max(last, (this.now - SEQ_EPOCH) * SEQ_PER_MS);
    }
    this.#seq += 1;
    return this.#seq;
  }

  #add({ counter, by }: Extract<PlannedChange, { kind: "add" }>): void {
    this.#db.run(
      "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
      counter,
      by,
    );
  }

  /** @returns values by which the version before was found and this one is not */
  #put(change: Extract<PlannedChange, { kind: "put" }>, result: WriteResult | undefined, at: number | undefined): string[] {
    const { type, id, version, method, body, index, unique } = change;
    const no = this.#types.intern(type);
    const before = version > 1 ? this.#head(type, id) : undefined;
    const updated = Math.max(at ?? this.now, before?.updated ?? 0);
    const json = jsonOf(type, id, version, updated, body);
    const seq = before?.seq ?? this.#nextSeq();
    const wasLiving = before !== undefined && before.method !== "delete" && before.method !== "moved";
    if (!before) {
      const values = [seq, no, id, version, updated, Method[method], json, this.#key, change.author ?? null];
      this.#db.run("INSERT INTO resource VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ...values);
    } else {
      if (before.method !== "moved") this.#archive(seq);
      this.#db.run(
        "UPDATE resource SET version = ?, updated = ?, method = ?, json = ?, write = ?, author = ? WHERE seq = ?",
        version,
        updated,
        Method[method],
        json,
        this.#key,
        change.author ?? null,
        seq,
      );
    }
    let released: string[] = [];
    if (wasLiving) released = this.index.replace(seq, index);
    else {
      this.index.insert(seq, index);
      this.#count(no, 1);
    }
    if (before) this.#db.run("DELETE FROM held WHERE seq = ?", seq);
    for (const { key } of unique) this.#db.run("INSERT INTO held VALUES (?, ?)", key, seq);
    this.index.writeText(seq, json, wasLiving);
    if (result) {
      result.updated = updated;
      result.json = json;
    }
    return released;
  }

  /** @returns values by which the resource was found */
  #delete(
    { type, id, version, moved, author }: Extract<PlannedChange, { kind: "delete" }>,
    result: WriteResult | undefined,
    at: number | undefined,
  ): string[] {
    const before = this.#head(type, id);
    if (!before) return [];
    const { seq } = before;
    const updated = moved ? before.updated : Math.max(at ?? this.now, before.updated);
    this.#archive(seq);
    const method = moved ? Method.moved : Method.delete;
    this.#db.run(
      "UPDATE resource SET version = ?, updated = ?, method = ?, json = NULL, write = ?, author = ? WHERE seq = ?",
      version,
      updated,
      method,
      this.#key,
      author ?? null,
      seq,
    );
    const released = this.index.remove(seq);
    this.#db.run("DELETE FROM held WHERE seq = ?", seq);
    this.#count(this.#types.intern(type), -1);
    if (result) result.updated = updated;
    return released;
  }

  /** Removes every trace of a resource. */
  purge(type: string, id: string): void {
    const before = this.#head(type, id);
    if (!before) return;
    const { seq, method } = before;
    this.index.remove(seq);
    for (const table of ["resource", "history", "held"]) this.#db.run(`DELETE FROM ${table} WHERE seq = ?`, seq);
    if (method === "create" || method === "update") this.#count(this.#types.intern(type), -1);
  }

  /** Moves the current version to the history. */
  #archive(seq: number): void {
    this.#db.run(
      "INSERT INTO history (seq, type, id, version, updated, method, json, write, author) SELECT seq, type, id, version, updated, method, json, write, author FROM resource WHERE seq = ?",
      seq,
    );
  }

  #count(type: number, by: number): void {
    this.#living.set(type, (this.#living.get(type) ?? 0) + by);
  }
}
