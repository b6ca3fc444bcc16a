/**
 * The JSON of a page's rows, read in pieces. A page of 4 MB in one answer is one turn of its owner and one of who asks, for all of which nobody
 * else is served: so an owner says in one answer which rows there are, with the JSON of the first, and gives that of the others piece by piece.
 */
import type { Clause, Row, StoreQuery } from "../fhir/search/query.ts";
import type { Availability, QueryContext } from "./query-context.ts";
import { addForEachOwner, askTogether } from "./scatter-gather.ts";

/** JSON in one answer of an owner, bytes: some milliseconds of its time, and as much more for each further answer. One resource may be larger. */
export const PIECE_BYTES = 512 * 1024;
/** Rows that one piece asks for at most. */
const PIECE_ROWS = 250;

/** Rows in the order of the page, some with their JSON already. */
export interface RowsToRead {
  rows: Row[];
  /** What rows of a type were found by: one that was changed since is held against it again. */
  clausesOf: (type: string) => Clause[];
  /** Of all JSON together; there is at least one row. */
  maxBytes: number;
}

/** Rows with their JSON. */
export interface ReadRows {
  rows: Row[];
  /** The last row that was looked at, whether it was still there or not. */
  last?: Row;
  /** Further rows were left out for their bytes. */
  isCut: boolean;
}

/** What is known of the rows that came without their JSON. */
interface Reading extends RowsToRead {
  /** By `Type/id`; undefined: deleted meanwhile, or changed so that it would not be found any more. */
  read: Map<string, Row | undefined>;
  /** Of these another version was found than the one that was searched for. */
  changed: Set<string>;
}

/**
 * The rows with their JSON, in their order, without those that are not there any more. From the second piece on the request has a large answer.
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
      // As many as make a piece if they are like those before: each that an owner is asked for costs it, also where its JSON does not fit any more.
      const fitting = Math.ceil((PIECE_BYTES * found.length) / bytes) || PIECE_ROWS;
      await readPiece(mesh, reading, rows.slice(at, at + Math.min(fitting, PIECE_ROWS)), availability);
      continue;
    }
    at += 1;
    const whole = row.json === undefined ? reading.read.get(keyOf(row)) : row;
    bytes += Buffer.byteLength(whole?.json ?? "");
    if (found.length > 0 && bytes > maxBytes) return { rows: found, ...(last && { last }), isCut: true };
    last = row;
    // At the place that it was found at.
    if (whole) found.push({ ...whole, seq: row.seq, values: row.values, ...(row.refs && { refs: row.refs }) });
  }
  return { rows: found, ...(last && { last }), isCut: false };
}

const keyOf = ({ type, id }: Row): string => `${type}/${id}`;

/** Reads the JSON of those of these rows that have none, as much as makes one piece. */
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
  // With two owners, while it moves from one to the other; of those that have come whole, the newest.
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
