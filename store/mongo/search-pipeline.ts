/** A `StoreQuery` as MongoDB's filter and pipeline. */
import type { ClientSession, Document } from "mongodb";
import type { Clause, Cursor, KeyMatch, Page, RangeMatch, Row, SortKey, StoreQuery } from "../../fhir/search/query.ts";
import type { StoredMatch } from "../plan-write.ts";
import type { NoneExist } from "../writes.ts";
import { StoreError, StoreErrorType } from "../store-error.ts";
import { successor } from "../../fhir/search/text-order.ts";
import { BOUNDED, type Bounds } from "./bounded.ts";
import { type Collections, type ResourceDocument, SLOT_WIDTH, slotText } from "./schema.ts";
import { asksForWords, wordsFilter, wordsSearch } from "./word-fields.ts";

const DEFAULT_MAX_BYTES = 4_000_000;
/** A filter that matches nothing. */
const NOTHING: Document = { _id: { $in: [] } };

/** The filter of a search: living resources of one type that match all clauses. */
export function filterOf(type: string, clauses: Clause[]): Document {
  // MongoDB takes one text search per filter, at its top level.
  const text = clauses.find((clause) => clause.kind === "text");
  return { type, living: true, ...(text && wordsSearch(text)), ...(clauses.length > 0 && { $and: clauses.map(clauseFilter) }) };
}

/** A clause as a MongoDB filter. */
function clauseFilter(clause: Clause): Document {
  switch (clause.kind) {
    case "key":
      return maybeNot(keyFilter(clause.slots, clause.any), clause.not);
    case "range":
      return maybeNot(rangeFilter(clause.slots, clause.any), clause.not);
    case "missing": {
      const { slots, prefix, missing } = clause;
      const keys = keyFilter(slots, prefix ? prefix.map((one) => ({ prefix: one })) : [{ prefix: "" }]);
      return maybeNot(prefix ? keys : or([keys, { "ranges.s": { $in: slots } }]), missing);
    }
    case "id":
      return maybeNot({ id: { $in: clause.any } }, clause.not);
    case "updated":
      return or(clause.any.map((match) => updatedFilter(match)));
    case "any":
      return or(clause.of.map((group) => (group.length > 0 ? { $and: group.map(clauseFilter) } : {})));
    case "text":
      return wordsFilter(clause);
  }
}

const maybeNot = (filter: Document, not: boolean | undefined): Document => (not ? { $nor: [filter] } : filter);
const or = (filters: Document[]): Document =>
  filters.length === 0 ? NOTHING : filters.length === 1 ? (filters[0] as Document) : { $or: filters };
const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

function keyFilter(slots: number[], any: KeyMatch[]): Document {
  const equal: string[] = [];
  const others: Document[] = [];
  for (const slot of slots.map(slotText)) {
    for (const match of any) {
      if ("eq" in match) equal.push(slot + match.eq);
      else others.push({ keys: { $elemMatch: keyTest(slot, match) } });
    }
  }
  return or([...(equal.length > 0 ? [{ keys: { $in: equal } }] : []), ...others]);
}

function keyTest(slot: string, match: Exclude<KeyMatch, { eq: string }>): Document {
  const start = slot + ("prefix" in match ? match.prefix : match.facet);
  const bounds: Document = { $gte: start, $lt: successor(start) };
  if ("contains" in match) bounds.$regex = `^${literally(start)}[\\s\\S]*${literally(match.contains)}`;
  else if ("ends" in match) bounds.$regex = `^${literally(start)}[\\s\\S]*${literally(match.ends)}(?![\\s\\S])`;
  return bounds;
}

const bounds = [
  ["lowGe", "l", "$gte"],
  ["lowGt", "l", "$gt"],
  ["lowLe", "l", "$lte"],
  ["lowLt", "l", "$lt"],
  ["highGe", "h", "$gte"],
  ["highGt", "h", "$gt"],
  ["highLe", "h", "$lte"],
  ["highLt", "h", "$lt"],
] as const;

function rangeFilter(slots: number[], any: RangeMatch[]): Document {
  const s = slots.length === 1 ? slots[0] : { $in: slots };
  return or(any.map((match) => ({ ranges: { $elemMatch: { s, ...boundsOf(match), ...unitOf(match) } } })));
}

function boundsOf(match: RangeMatch): Document {
  const tests: { l?: Document; h?: Document } = {};
  for (const [name, edge, operator] of bounds) {
    const bound = match[name];
    if (bound === undefined) continue;
    // Two bounds of one kind (>= and >) both apply.
    tests[edge] = { ...tests[edge], [operator]: bound };
  }
  return tests;
}

function unitOf({ unit }: RangeMatch): Document {
  if (!unit) return {};
  if ("eq" in unit) return { u: unit.eq };
  const end = successor(unit.prefix);
  return { u: { $gte: unit.prefix, ...(end !== undefined && { $lt: end }) } };
}

function updatedFilter(match: RangeMatch): Document {
  const { unit } = match;
  if (unit && ("eq" in unit ? unit.eq : unit.prefix) !== "") return NOTHING;
  const { l = {}, h = {} } = boundsOf(match);
  return { $and: [{ updated: { $gte: Number.MIN_SAFE_INTEGER, ...l } }, { updated: { $gte: Number.MIN_SAFE_INTEGER, ...h } }] };
}

/** The sort value of a document: the smallest value in its slots, or the largest when descending. */
function sortValue(key: SortKey): Document | string {
  if (!("slots" in key)) return `$${key.by}`;
  const pick = key.desc ? "$max" : "$min";
  if ("edge" in key) {
    const input = { $filter: { input: "$ranges", as: "row", cond: { $in: ["$$row.s", key.slots] } } };
    return { [pick]: { $map: { input, as: "row", in: key.edge === "low" ? "$$row.l" : "$$row.h" } } };
  }
  const inSlot = key.slots.map((slot) => {
    const start = slotText(slot) + key.facet;
    return { $and: [{ $gte: ["$$row", start] }, { $lt: ["$$row", successor(start)] }] };
  });
  const input = { $filter: { input: "$keys", as: "row", cond: { $or: inSlot } } };
  const length = { $strLenCP: "$$row" };
  return { [pick]: { $map: { input, as: "row", in: { $substrCP: ["$$row", SLOT_WIDTH + key.facet.length, length] } } } };
}

/** Filter: after the cursor. s0, s1, … are the sort values; n0, n1, … are 1 where there is none. */
function afterCursor(sort: SortKey[], { values, seq, id }: Cursor): Document {
  let further: Document = { $or: [{ seq: { $gt: seq } }, { seq, id: { $gt: id } }] };
  sort.forEach((_, back) => {
    const i = sort.length - 1 - back;
    const value = values[i] ?? null;
    if (value === null) {
      further = { $and: [{ [`n${i}`]: 1 }, further] };
      return;
    }
    const beyond = { [`n${i}`]: 0, [`s${i}`]: { [sort[i]?.desc ? "$lt" : "$gt"]: value } };
    further = { $or: [{ [`n${i}`]: 1 }, beyond, { $and: [{ [`s${i}`]: value }, further] }] };
  });
  return further;
}

/** Answers store queries from one database. */
export class MongoSearch {
  readonly #collections: Collections;
  readonly #hasWords: boolean;

  constructor(collections: Collections, hasWords: boolean) {
    this.#collections = collections;
    this.#hasWords = hasWords;
  }

  /** Returns the question. @throws StoreError NOT_SUPPORTED if it asks for full text and the server has none */
  answerable<Question extends { clauses: Clause[] }>(question: Question): Question {
    if (this.#hasWords || !asksForWords(question.clauses)) return question;
    const reason = "_text and _content need the full-text index of MongoDB, which this database server does not have.";
    throw new StoreError(StoreErrorType.notSupported, 0, { reason });
  }

  async page(query: StoreQuery, bounds: Bounds = BOUNDED): Promise<Page> {
    this.answerable(query);
    const documents = query.sort.length > 0 ? await this.#sorted(query, bounds) : await this.#inOrderOfCreation(query, bounds);
    const rows: Row[] = [];
    let bytes = 0;
    let seen = 0;
    let isFull = false;
    for (const document of documents.slice(0, query.limit)) {
      const row = document && toRow(isFull ? { ...query, want: "ids" } : query, document);
      bytes += row?.json === undefined ? 0 : Buffer.byteLength(row.json);
      if (rows.length > 0 && bytes > (query.maxBytes ?? DEFAULT_MAX_BYTES)) break;
      seen += 1;
      if (row && rows.length > 0 && !isFull && bytes > (query.jsonBytes ?? bytes)) {
        isFull = true;
        delete row.json;
      }
      if (row) rows.push(row);
    }
    // All of this page have gone since their places were read; those after them may still be there.
    if (rows.length === 0 && documents.length > seen) return this.page(query, bounds);
    return { rows, more: documents.length > seen };
  }

  async count(type: string, clauses: Clause[], bounds: Bounds = BOUNDED): Promise<number> {
    this.answerable({ clauses });
    return this.#collections.resource.countDocuments(filterOf(type, clauses), { ...bounds });
  }

  async find(type: string, condition: NoneExist, limit: number, session: ClientSession): Promise<StoredMatch[]> {
    const found = await this.#collections.resource
      .find(filterOf(type, this.answerable(condition).clauses), { session, ...BOUNDED })
      .sort({ seq: 1 })
      .limit(limit)
      .toArray();
    return found.map(({ id, version, updated, json = "" }) => ({ id, version, updated, json }));
  }

  #inOrderOfCreation(query: StoreQuery, bounds: Bounds): Promise<Document[]> {
    const filter = filterOf(query.type, query.clauses);
    if (query.after) {
      const { seq, id } = query.after;
      filter.$or = [{ seq: { $gt: seq } }, { seq, id: { $gt: id } }];
      filter.seq = { $gte: seq };
    }
    return this.#collections.resource
      .find(filter, { projection: projection(query), ...bounds })
      .sort({ seq: 1 })
      .limit(query.limit + 1)
      .toArray();
  }

  /** Takes the matches from an index, and sorts them by the values in it. */
  async #sorted(query: StoreQuery, bounds: Bounds): Promise<(Document | undefined)[]> {
    const { sort } = query;
    const values = Object.fromEntries(sort.map((key, i) => [`s${i}`, sortValue(key)]));
    const absent = Object.fromEntries(sort.map((_, i) => [`n${i}`, { $cond: [{ $eq: [`$s${i}`, null] }, 1, 0] }]));
    const order: Record<string, 1 | -1> = {};
    sort.forEach(({ desc }, i) => {
      order[`n${i}`] = 1;
      order[`s${i}`] = desc ? -1 : 1;
    });
    const places = await this.#collections.resource
      .aggregate(
        [
          { $match: filterOf(query.type, query.clauses) },
          { $project: { seq: 1, id: 1, ...values } },
          { $addFields: absent },
          ...(query.after ? [{ $match: afterCursor(sort, query.after) }] : []),
          { $sort: { ...order, seq: 1 } },
          { $limit: query.limit + 1 },
        ],
        { allowDiskUse: true, ...bounds },
      )
      .toArray();
    const ids = places.map(({ _id }) => _id);
    const documents = await this.#collections.resource.find({ _id: { $in: ids } }, { projection: projection(query) }).toArray();
    const byId = new Map(documents.map((document) => [document._id, document]));
    return places.map((place) => {
      const document = byId.get(place._id);
      // A resource that changed since keeps its place; one that has gone is undefined, and still counts for whether there are more.
      return document?.living ? { ...document, values: sort.map((_, i) => place[`s${i}`] ?? null) } : undefined;
    });
  }
}

const projection = ({ want, refs }: StoreQuery): Document => ({
  ...(want === "ids" && { json: 0 }),
  ...(!refs && { keys: 0 }),
  ranges: 0,
  words: 0,
});

function toRow(query: StoreQuery, document: Document): Row {
  const {
    type,
    id,
    version,
    updated,
    seq,
    json,
    keys = [],
    values = [],
  } = document as ResourceDocument & { seq: number; values?: Row["values"] };
  const row: Row = { type, id, version, updated, seq, values };
  if (query.want === "rows" && json !== undefined) row.json = json;
  if (query.refs) {
    row.refs = query.refs.flatMap((slot) => {
      const start = `${slotText(slot)}=`;
      return keys.filter((key) => key.startsWith(start)).map((key): [number, string] => [slot, key.slice(start.length)]);
    });
  }
  return row;
}
