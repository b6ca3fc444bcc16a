/** Queries over documents as SQL: values are parameters, names of members are checked. */
import { sql } from "../sqlite/sql-fragments.ts";
import type { Sql, Value } from "../sqlite/database.ts";
import { checkedQuery, type Condition, type Document, memberName, type Query, type Scalar } from "./documents.ts";

/** The SQL expression that reads a member, in the form that the indexes have. */
export const memberSql = (name: string): string => (name === "_id" ? "id" : `json_extract(json, '$.${memberName(name)}')`);

const OPERATORS: Record<string, string> = { $gt: ">", $gte: ">=", $lt: "<", $lte: "<=" };

/** SQL for the documents that fulfil a query. @throws RangeError for an invalid query */
export const whereSql = <Of extends Document>(query: Query<Of>): Sql => sqlOf(checkedQuery(query));

function sqlOf<Of extends Document>(query: Query<Of>): Sql {
  const parts = Object.entries(query).map(([name, condition]): Sql => {
    if (name === "$or") return joined((condition as Query<Of>[]).map(sqlOf), " OR ", "0");
    return conditionSql(memberSql(name), condition as Condition);
  });
  return joined(parts, " AND ", "1");
}

function conditionSql(member: string, condition: Condition): Sql {
  if (condition === null || typeof condition !== "object") return equalSql(member, condition);
  const parts = Object.entries(condition).map(([operator, value]): Sql => {
    if (operator === "$ne") return sql(`${member} IS NOT ?`, parameterOf(value as Scalar));
    if (operator === "$in") return sql(`${member} IN (SELECT value FROM json_each(?))`, JSON.stringify(value));
    if (operator === "$exists") return sql(`${member} IS ${value ? "NOT " : ""}NULL`);
    return sql(`${member} ${OPERATORS[operator]} ?`, parameterOf(value as Scalar));
  });
  return joined(parts, " AND ", "1");
}

const equalSql = (member: string, value: Scalar): Sql =>
  value === null ? sql(`${member} IS NULL`) : sql(`${member} = ?`, parameterOf(value));

/** SQLite's JSON functions return 1 and 0 for true and false. */
const parameterOf = (value: Scalar): Value => (typeof value === "boolean" ? Number(value) : value);

function joined(parts: Sql[], operator: " AND " | " OR ", none: string): Sql {
  const [only, ...more] = parts;
  if (!only) return sql(none);
  if (more.length === 0) return only;
  return sql(parts.map(({ text }) => `(${text})`).join(operator), ...parts.flatMap(({ values }) => values));
}
