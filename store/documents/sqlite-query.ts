/** Queries over documents as SQL: values are parameters, names of members are checked. */
import { sql } from "../sqlite/sql-fragments.ts";
import type { Sql, Value } from "../sqlite/database.ts";
import { type Condition, type Document, memberName, type Query, type Scalar } from "./documents.ts";

/** The expression that reads a member, as the indexes have it. */
export const memberSql = (name: string): string => (name === "_id" ? "id" : `json_extract(json, '$.${memberName(name)}')`);

const OPERATORS: Record<string, string> = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" };

/** SQL for the documents that fulfil a query. @throws RangeError for what is no query */
export function whereSql<Of extends Document>(query: Query<Of>): Sql {
  const parts = Object.entries(query).flatMap(([name, condition]): Sql[] => {
    if (condition === undefined) return [];
    if (name === "$or")
      return [
        joined(
          (condition as Query<Of>[]).map((one) => whereSql(one)),
          " OR ",
          "0",
        ),
      ];
    return [conditionSql(memberSql(name), condition as Condition)];
  });
  return joined(parts, " AND ", "1");
}

function conditionSql(member: string, condition: Condition): Sql {
  if (condition === null || typeof condition !== "object") return equalSql(member, condition);
  const parts = Object.entries(condition).map(([operator, value]): Sql => {
    const comparison = OPERATORS[operator];
    if (comparison) return sql(`${member} ${comparison} ?`, parameterOf(value as Scalar));
    if (operator === "$ne") return sql(`${member} IS NOT ?`, parameterOf(value as Scalar));
    if (operator === "$in") return sql(`${member} IN (SELECT value FROM json_each(?))`, JSON.stringify(value));
    if (operator === "$exists") return sql(`${member} IS ${value ? "NOT " : ""}NULL`);
    throw new RangeError(`"${operator.slice(0, 64)}" is no operator of a query.`);
  });
  return joined(parts, " AND ", "1");
}

const equalSql = (member: string, value: Scalar): Sql =>
  value === null ? sql(`${member} IS NULL`) : sql(`${member} = ?`, parameterOf(value));

/** SQLite's JSON functions give 1 and 0 for true and false. */
function parameterOf(value: Scalar): Value {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value !== null && typeof value === "object") throw new RangeError("A query compares with plain values only.");
  return value;
}

function joined(parts: Sql[], operator: " AND " | " OR ", none: string): Sql {
  const [only, ...more] = parts;
  if (!only) return sql(none);
  if (more.length === 0) return only;
  return sql(parts.map(({ text }) => `(${text})`).join(operator), ...parts.flatMap(({ values }) => values));
}
