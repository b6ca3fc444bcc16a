/**
 * Collections of plain documents, for data of a service that is no FHIR resource (anomalies, accounts, sessions). There are two adapters with
 * moleculer-db's interface, for SQLite and MongoDB, and one set of tests for both.
 */

/** A document: JSON values, under an id that its service chooses. */
export interface Document {
  _id: string;
}

/** A value that a query compares with. Times are numbers, milliseconds since 1970. */
export type Scalar = string | number | boolean | null;

/** The condition on a member: equal to a value, or all of these comparisons. */
export type Condition =
  | Scalar
  | {
      $gt?: number | string;
      $gte?: number | string;
      $lt?: number | string;
      $lte?: number | string;
      $ne?: Scalar;
      $in?: Scalar[];
      $exists?: boolean;
    };

/** Documents that fulfil every condition: the part of MongoDB's query language that both adapters evaluate alike. Paths are top-level names. */
export type Query<Of extends Document = Document> = { [Name in keyof Of]?: Condition } & { $or?: Query<Of>[] };

/** The change of each document that fulfils a query. */
export interface Update<Of extends Document = Document> {
  $set?: Partial<Of>;
  $inc?: { [Name in keyof Of]?: number };
  $unset?: { [Name in keyof Of]?: true };
}

/** Which documents to find, in which order. */
export interface Find<Of extends Document = Document> {
  query?: Query<Of>;
  /** Names of members, with a `-` in front for descending. Missing values come first, or last when descending. */
  sort?: string[];
  /** Default 100, at most `MAX_FOUND`. */
  limit?: number;
  offset?: number;
}

/** Documents in one answer. */
export const MAX_FOUND = 10_000;
const DEFAULT_FOUND = 100;

/** Options of a collection. */
export interface CollectionOptions {
  /** Members whose values are unique; documents without the member do not count. */
  unique?: string[];
  /** Members by which queries and orders begin. */
  indexes?: string[];
  /** Member with the time after which a document may be removed, milliseconds since 1970; this happens within ten minutes. */
  expiresAt?: string;
}

/** One collection of a service. Every write is durable when it resolves. */
export interface Collection<Of extends Document> {
  find(find?: Find<Of>): Promise<Of[]>;
  findOne(query: Query<Of>): Promise<Of | null>;
  count(query?: Query<Of>): Promise<number>;
  /** @throws DuplicateKey when another document has this id, or the same value of a unique member */
  insert(document: Of): Promise<Of>;
  /** Changes the documents that fulfil the query, each atomically: `updateMany({ _id, version }, …) === 1` is a compare-and-set. @throws DuplicateKey */
  updateMany(query: Query<Of>, update: Update<Of>): Promise<number>;
  removeMany(query: Query<Of>): Promise<number>;
}

/** Another document has the same id, or the same value of a unique member. */
export class DuplicateKey extends Error {
  /** The member, if it is known. */
  readonly member: string | undefined;
  constructor(member?: string) {
    super("Another document has the same key.");
    this.name = "DuplicateKey";
    this.member = member;
  }
}

/** Checks the bounds of an answer. @throws RangeError */
export function boundsOf({ limit = DEFAULT_FOUND, offset = 0 }: Pick<Find, "limit" | "offset">): { limit: number; offset: number } {
  if (!Number.isInteger(limit) || limit < 0 || limit > MAX_FOUND) throw new RangeError(`limit must be 0 to ${MAX_FOUND}.`);
  if (!Number.isInteger(offset) || offset < 0) throw new RangeError("offset must not be negative.");
  return { limit, offset };
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Refuses a text that cannot be the name of a member. @throws RangeError */
export function memberName(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`"${name.slice(0, 64)}" is no name of a member.`);
  return name;
}

/** The query for one document. @throws RangeError if it is not an id */
export function idQuery<Of extends Document>(id: string): Query<Of> {
  if (typeof id !== "string") throw new RangeError("An id is a string.");
  return { _id: id } as Query<Of>;
}

const COMPARISONS = new Set(["$gt", "$gte", "$lt", "$lte", "$ne", "$exists"]);
const isScalar = (value: unknown): boolean => value === null || ["string", "number", "boolean"].includes(typeof value);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Returns the query if it is one of this language, so that no client can ask the database for anything beyond it.
 * @throws RangeError for other operators, for members without a value, and for values that no member can be compared with
 */
export function checkedQuery<Of extends Document>(query: Query<Of>): Query<Of> {
  if (!isObject(query)) throw new RangeError("A query is an object.");
  for (const [name, condition] of Object.entries(query)) {
    if (name === "$or") {
      if (!Array.isArray(condition)) throw new RangeError("$or takes a list of queries.");
      for (const one of condition as Query<Of>[]) checkedQuery(one);
    } else {
      memberName(name);
      checkCondition(name, condition);
    }
  }
  return query;
}

function checkCondition(name: string, condition: unknown): void {
  if (isScalar(condition)) return;
  if (!isObject(condition)) throw new RangeError(`A query must say what ${name} is compared with.`);
  for (const [operator, value] of Object.entries(condition)) {
    const isList = operator === "$in" && Array.isArray(value) && value.every(isScalar);
    if (!isList && !COMPARISONS.has(operator)) throw new RangeError(`"${operator.slice(0, 64)}" is no operator of a query.`);
    if (!isList && !isScalar(value)) throw new RangeError("A query compares with plain values only.");
  }
}

/** Returns the update if it is one of this language. @throws RangeError for other operators, and for names that no member can have */
export function checkedUpdate<Of extends Document>(update: Update<Of>): Update<Of> {
  for (const [operator, members] of Object.entries(update)) {
    if (!["$set", "$inc", "$unset"].includes(operator)) throw new RangeError(`"${operator.slice(0, 64)}" is no operator of an update.`);
    for (const name of Object.keys(members ?? {})) memberName(name);
  }
  return update;
}
