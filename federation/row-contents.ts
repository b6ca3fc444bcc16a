/**
 * Reads the JSON of a page's rows in pieces. A page of 4 MB in one answer would occupy its owner and the gateway for so long that other requests wait
 * noticeably: so an owner returns all rows in one answer, with the JSON of the first ones, and the JSON of the others piece by piece.
 */
import type { Clause, Row, StoreQuery } from "../fhir/search/query.ts";
import type { Availability, QueryContext } from "./query-context.ts";
import { addForEachOwner, askTogether } from "./scatter-gather.ts";

/** JSON in one answer of an owner, bytes: some milliseconds of its time for each answer. A single resource may be larger. */
export const PIECE_BYTES = 512 * 1024;
/** Limit of the rows in one piece. */
const PIECE_ROWS = 250;

/** Rows in the order of the page, some with their JSON already. */
export interface RowsToRead {
  rows: Row[];
  /** The clauses by which rows of a type were found: a row that has changed since is checked against them again. */
  clausesOf: (type: string) => Clause[];
  /** Limit of the JSON of all rows; at least one row is returned. */
  maxBytes: number;
}

/** Rows with their JSON. */
export interface ReadRows {
  rows: Row[];
  /** The last row that was examined, even if it no longer existed. */
  last?: Row;
  /** Further rows were left out because of the byte limit. */
  isCut: boolean;
}

/** What is known of rows that were returned without JSON. */
interface Reading extends RowsToRead {
  /** By `Type/id`; undefined: deleted meanwhile, or changed so that it no longer matches. */
  read: Map<string, Row | undefined>;
  /** Rows of which another version was found than by the search. */
  changed: Set<string>;
}

/**
 * The rows with their JSON, in order, without those that no longer exist. From the second piece on, the request counts as having a large answer.
 * @throws 503 OWNER_DOWN unless `availability.partial`; what `mesh.largeTurn` throws
 */
export async function withContents(mesh: QueryContext, asked: RowsToRead, availability: Availability): Promise<ReadRows> {
  const { rows, maxBytes } = asked;
  const reading: Reading = { ...asked, read: new Map(), changed: new Set() };
  const found: Row[] = [];
  let bytes = 0;
  let last: Row | undefined;
  let hasPiece = rows.some(({ json }) => json !== undefined);
  for (let at = 0; at < rows.length; ) {
    const row = rows[at] as Row;
    if (row.json === undefined && !reading.read.has(keyOf(row))) {
      if (hasPiece) await mesh.becomeLarge?.();
      hasPiece = true;
      // As many as would make a piece if they are like those before: each requested row costs its owner, even if its JSON does not fit.
      const fitting = Math.ceil((PIECE_BYTES * found.length) / bytes) || PIECE_ROWS;
      await readPiece(mesh, reading, rows.slice(at, at + Math.min(fitting, PIECE_ROWS)), availability);
      continue;
    }
    at += 1;
    const whole = row.json === undefined ? reading.read.get(keyOf(row)) : row;
    bytes += Buffer.byteLength(whole?.json ?? "");
    if (found.length > 0 && bytes > maxBytes) return { rows: found, ...(last && { last }), isCut: true };
    last = row;
    // In the position in which it was found.
    if (whole) found.push({ ...whole, seq: row.seq, values: row.values, ...(row.refs && { refs: row.refs }) });
  }
  return { rows: found, ...(last && { last }), isCut: false };
}

const keyOf = ({ type, id }: Row): string => `${type}/${id}`;

/** Reads the JSON of the rows without any, as much as fits in one piece. */
async function readPiece(mesh: QueryContext, reading: Reading, rows: Row[], availability: Availability): Promise<void> {
  const { read, changed, clausesOf, maxBytes } = reading;
  const pending = rows.filter((row) => row.json === undefined && !read.has(keyOf(row)));
  const groups = Map.groupBy(pending, (row) => `${changed.has(keyOf(row))} ${row.type}`);
  const jsonBytes = Math.ceil(PIECE_BYTES / groups.size);
  const perOwner = new Map<string, StoreQuery[]>();
  for (const group of groups.values()) {
    const [first] = group as [Row, ...Row[]];
    const any = group.map(({ id }) => id);
    const clauses: Clause[] = [...(changed.has(keyOf(first)) ? clausesOf(first.type) : []), { kind: "id", any }];
    const query: StoreQuery = { type: first.type, clauses, sort: [], limit: any.length, maxBytes, jsonBytes, want: "rows" };
    addForEachOwner(mesh, perOwner, query, availability);
  }
  const pages = await askTogether(mesh, perOwner);
  const unfinished = new Set(pages.flatMap(({ rows: some, more }) => (more ? some.map(({ type }) => type) : [])));
  const told = new Map<string, Row>();
  // It may be found at two owners while it moves; the newest version counts.
  for (const row of pages.flatMap((page) => page.rows)) if (isBetter(row, told.get(keyOf(row)))) told.set(keyOf(row), row);
  for (const row of pending) {
    const key = keyOf(row);
    const whole = told.get(key);
    if (!whole) {
      if (!unfinished.has(row.type)) read.set(key, undefined);
    } else if (whole.json !== undefined) {
      if (whole.version === row.version || changed.has(key)) read.set(key, whole);
      else changed.add(key);
    }
  }
}

const isBetter = (row: Row, known: Row | undefined): boolean =>
  !known || (known.json === undefined ? row.json !== undefined : row.json !== undefined && row.version > known.version);
