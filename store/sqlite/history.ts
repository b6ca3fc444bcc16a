/** Versions, newest first. Current ones are in `resource`, older ones in `history`; each page merges the two. */
import { compareText } from "../../fhir/search/text-order.ts";
import type { HistoryQuery, StoredResource } from "../store.ts";
import { q, sql } from "./sql-fragments.ts";
import type { Database, Sql } from "./database.ts";
import { methodNames } from "./schema.ts";
import type { Types } from "./types.ts";

const DEFAULT_MAX_BYTES = 4_000_000;
/** Versions that are read in one turn of the event loop, so that a history delays other work no longer than a page of a search. */
const MAX_OF_PIECE = 100;

/** A version before its JSON is read. */
interface HistoryPlace {
  type: string;
  id: string;
  version: number;
  updated: number;
  method: number;
  /** Row number in its table. */
  row: number;
  isCurrent: boolean;
}

/** The columns of a version that both tables have. */
type VersionRow = Pick<HistoryPlace, "version" | "updated" | "method">;

/** A page of a history while it is read piece by piece. */
interface Reading {
  versions: StoredResource[];
  /** Bytes of the JSON read so far. */
  bytes: number;
}

/**
 * One page of versions, newest first; `more`: there are older ones. It is read in pieces, between which other work runs.
 * @param read runs a piece in one snapshot
 */
export async function readHistory(
  db: Database,
  types: Types,
  query: HistoryQuery,
  read: <T>(work: () => T) => Promise<T>,
): Promise<{ versions: StoredResource[]; more: boolean }> {
  const page: Reading = { versions: [], bytes: 0 };
  for (;;) {
    const limit = Math.min(query.limit - page.versions.length, MAX_OF_PIECE);
    const last = page.versions.at(-1);
    const before = last ? { updated: last.updated, type: last.type, id: last.id, version: last.version } : query.before;
    const end = await read(() => readPiece(db, types, { ...query, limit, ...(before && { before }) }, page));
    if (end !== "piece" || page.versions.length === query.limit) return { versions: page.versions, more: end !== "history" };
  }
}

/** Adds the next `query.limit` versions to the page. @returns what has ended: the page by its bytes, the history, or only this piece */
function readPiece(db: Database, types: Types, query: HistoryQuery, page: Reading): "page" | "history" | "piece" {
  const places = query.id === undefined ? ofTypes(db, types, query) : ofResource(db, types, query);
  places.sort((a, b) => b.updated - a.updated || compareText(a.type, b.type) * -1 || compareText(a.id, b.id) * -1 || b.version - a.version);
  for (const place of places.slice(0, query.limit)) {
    const { json, author } = contentAt(db, place);
    page.bytes += json === null ? 0 : Buffer.byteLength(json);
    if (page.versions.length > 0 && page.bytes > (query.maxBytes ?? DEFAULT_MAX_BYTES)) return "page";
    const { type, id, version, updated } = place;
    const method = methodNames[place.method] as StoredResource["method"];
    page.versions.push({ type, id, version, updated, method, ...(json !== null && { json }), ...(author !== null && { author }) });
  }
  return places.length > query.limit ? "piece" : "history";
}

function contentAt(db: Database, { row, isCurrent }: HistoryPlace): { json: string | null; author: string | null } {
  const text = isCurrent ? "SELECT json, author FROM resource WHERE seq = ?" : "SELECT json, author FROM history WHERE no = ?";
  return db.one(text, row);
}

/** The versions of one resource, read by its own index. */
function ofResource(db: Database, types: Types, query: HistoryQuery): HistoryPlace[] {
  const { type, id } = query as { type: string; id: string };
  const no = types.find(type);
  const current =
    no === undefined
      ? undefined
      : db.get<VersionRow & { seq: number }>("SELECT seq, version, updated, method FROM resource WHERE type = ? AND id = ?", no, id);
  if (!current) return [];
  const condition = window(query, type, id, "h");
  // No version of a resource is older than the one before it: the versions behind a place are the lower numbers, which the index lists.
  const below = query.before?.type === type && query.before.id === id ? query.before.version : Number.MAX_SAFE_INTEGER;
  const older = db.all<VersionRow & { no: number }>(
    `SELECT no, version, updated, method FROM history h WHERE seq = ? AND version < ? AND ${condition.text} ORDER BY version DESC LIMIT ?`,
    current.seq,
    below,
    ...condition.values,
    query.limit + 1,
  );
  const places = older.map(
    (row): HistoryPlace => ({ type, id, version: row.version, updated: row.updated, method: row.method, row: row.no, isCurrent: false }),
  );
  if (current.method < 4 && isInside(query, { type, id, version: current.version, updated: current.updated })) {
    places.push({
      type,
      id,
      version: current.version,
      updated: current.updated,
      method: current.method,
      row: current.seq,
      isCurrent: true,
    });
  }
  return places;
}

function ofTypes(db: Database, types: Types, query: HistoryQuery): HistoryPlace[] {
  const places: HistoryPlace[] = [];
  const wanted = query.type === undefined ? types.all() : [{ name: query.type, no: types.find(query.type) }];
  for (const { no, name } of wanted) {
    if (no === undefined) continue;
    for (const [table, index, row] of [
      ["resource", "resource_updated", "seq"],
      ["history", "history_updated", "no"],
    ] as const) {
      const condition = window(query, name, undefined, "h");
      const { text, values } = q`SELECT ${sql(row)} AS row, id, version, updated, method FROM ${sql(`${table} h INDEXED BY ${index}`)}
        WHERE type = ${no} AND method < 4 AND ${condition} ORDER BY updated DESC, id DESC, version DESC LIMIT ${query.limit + 1}`;
      for (const found of db.all<Omit<HistoryPlace, "type" | "isCurrent">>(text, ...values)) {
        places.push({ ...found, type: name, isCurrent: table === "resource" });
      }
    }
  }
  return places;
}

/** The bounds of a page for the versions of one type or one resource. */
function window({ since, until, before }: HistoryQuery, type: string, id: string | undefined, table: string): Sql {
  const column = (name: string): Sql => sql(`${table}.${name}`);
  let test = q`${column("updated")} >= ${since ?? 0}`;
  if (until !== undefined) test = q`${test} AND ${column("updated")} <= ${until}`;
  if (!before) return test;
  const order = compareText(type, before.type);
  // At the same instant the order is by type, then id, then version, all descending.
  if (order > 0) return q`${test} AND ${column("updated")} < ${before.updated}`;
  if (order < 0) return q`${test} AND ${column("updated")} <= ${before.updated}`;
  const sameInstant =
    id === undefined
      ? q`(${column("id")} < ${before.id} OR (${column("id")} = ${before.id} AND ${column("version")} < ${before.version}))`
      : compareText(id, before.id) < 0
        ? sql("1")
        : id === before.id
          ? q`${column("version")} < ${before.version}`
          : sql("0");
  return q`${test} AND ${column("updated")} <= ${before.updated} AND (${column("updated")} < ${before.updated} OR ${sameInstant})`;
}

function isInside({ since, until, before }: HistoryQuery, place: { type: string; id: string; version: number; updated: number }): boolean {
  if (since !== undefined && place.updated < since) return false;
  if (until !== undefined && place.updated > until) return false;
  if (!before) return true;
  const order =
    place.updated - before.updated ||
    compareText(place.type, before.type) ||
    compareText(place.id, before.id) ||
    place.version - before.version;
  return order < 0;
}
