/** Pieces of SQL statements and their combination. Values from clients are always bound parameters. */
import { successor } from "../../fhir/search/text-order.ts";
import { Sql, type Value } from "./database.ts";

/** A piece of a statement, with the values of its `?`. */
export const sql = (text: string, ...values: Value[]): Sql => new Sql(text, values);

/** Splices pieces of SQL into a text; every other value becomes a bound parameter. */
export function q(texts: TemplateStringsArray, ...parts: (Sql | Value)[]): Sql {
  let text = texts[0] as string;
  const values: Value[] = [];
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] as Sql | Value;
    if (part instanceof Sql) {
      text += part.text;
      for (const value of part.values) values.push(value);
    } else {
      text += "?";
      values.push(part);
    }
    text += texts[i + 1];
  }
  return new Sql(text, values);
}

/** Joins pieces; nested in pairs, because SQLite bounds the depth of an expression, not its width. */
function join(pieces: Sql[], word: "AND" | "OR", empty: "1" | "0"): Sql {
  if (pieces.length === 0) return sql(empty);
  if (pieces.length === 1) return pieces[0] as Sql;
  const half = pieces.length >> 1;
  const [a, b] = [join(pieces.slice(0, half), word, empty), join(pieces.slice(half), word, empty)];
  return sql(`(${a.text} ${word} ${b.text})`, ...a.values, ...b.values);
}

/** True if all hold. */
export const and = (pieces: Sql[]): Sql => join(pieces, "AND", "1");
/** True if one of them holds. */
export const or = (pieces: Sql[]): Sql => join(pieces, "OR", "0");
/** True if it does not hold. */
export const not = (piece: Sql): Sql => sql(`NOT ${piece.text}`, ...piece.values);

/** With more values than this, SQLite would look up each of them for every row instead of the row's value among them. */
const MANY_VALUES = 8;

/** Condition: `column` is one of the values. A long list is one parameter, so that the statement's text stays the same. */
export function oneOf(column: string, values: (string | number)[]): Sql {
  if (values.length === 1) return sql(`${column} = ?`, values[0] as Value);
  if (typeof values[0] === "number" && values.length <= MANY_VALUES) {
    return sql(`${column} IN (${values.map(() => "?").join(", ")})`, ...values);
  }
  // The unary plus keeps SQLite from driving the statement by the list.
  return sql(`${values.length > MANY_VALUES ? "+" : ""}${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
}

/** Condition: `column` starts with the text. */
export function startsWith(column: string, prefix: string): Sql {
  const end = successor(prefix);
  return end === undefined ? sql(`${column} >= ?`, prefix) : sql(`${column} >= ? AND ${column} < ?`, prefix, end);
}

/** The piece in parentheses. */
export const parenthesised = (piece: Sql): Sql => sql(`(${piece.text})`, ...piece.values);

/** The rows of all pieces. */
export const unionAll = (branches: Sql[]): Sql =>
  sql(branches.map(({ text }) => text).join(" UNION ALL "), ...branches.flatMap(({ values }) => values));
