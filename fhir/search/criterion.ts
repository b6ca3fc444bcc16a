/** One search parameter of a request with its chain or `_has` (R4 3.1.1.4.15, 3.1.1.4.16). */
import { FhirError, fhirError } from "../outcome.ts";
import { clausesOf, MAX_EXACT_VALUES, targetNamed, valuesOf } from "./clauses.ts";
import type { Criteria } from "./criteria.ts";
import type { Context } from "./types/context.ts";
import type { SearchParameter } from "./parameters.ts";
import { isResourceType, parametersOf, resourceTypes } from "./parameters.ts";
import { dateMatches } from "./types/date.ts";
import { NOTHING } from "./types/reference.ts";
import { unescaped } from "./escapes.ts";
import { parseTextQuery } from "./text-query.ts";
import { isId } from "../ids.ts";
import { nonNull } from "../non-null.ts";

/** Links of a chain, `_has` included. */
const MAX_DEPTH = 5;

/** A parameter that the type does not have: the one fault that lenient handling ignores. */
export class Unknown extends FhirError {}

/** State that all parameters of one search share. */
export interface ParseContext extends Context {
  /** Criteria that may still be added: a chain without a type stands for one per type that the reference may lead to. */
  budget: { left: number };
}

/** Parameters of every type that are not supported yet: answered 501. */
const later = new Set(["_filter", "_query"]);

/** @throws Unknown, FhirError 400 or 501 */
export function addCriterion(criteria: Criteria, name: string, value: string, context: ParseContext): void {
  add(criteria, { name, value, asked: name, context, depth: 0 });
}

/** One criterion of a request, or the part of it that applies at the far end of a chain. */
interface Criterion {
  /** The rest of `asked`. */
  name: string;
  value: string;
  /** The name in the request. */
  asked: string;
  context: ParseContext;
  /** Number of links up to here. */
  depth: number;
}

function add(criteria: Criteria, criterion: Criterion): void {
  const { name } = criterion;
  const dot = name.indexOf(".");
  if (name.startsWith("_has:")) addHas(criteria, criterion);
  else if (dot >= 0) addChain(criteria, name.slice(0, dot), { ...criterion, name: name.slice(dot + 1) });
  else addPlain(criteria, criterion);
}

function addPlain(criteria: Criteria, criterion: Criterion): void {
  const { name, value, asked, context } = criterion;
  const [code, modifier] = splitName(name, asked);
  if (addCommon(criteria, code, modifier, criterion)) return;
  const parameter = parameterOf(criteria.type, code, asked);
  criteria.clauses.push(...clausesOf(parameter, modifier, value, asked, context));
}

function splitName(name: string, asked: string): [code: string, modifier: string] {
  const [code = "", modifier, ...more] = name.split(":");
  if (more.length || modifier === "") throw fhirError(400, "invalid", `"${asked}" is no parameter name: it has a colon too many.`, asked);
  return [code, modifier ?? ""];
}

function parameterOf(type: string, code: string, asked: string): SearchParameter {
  const parameter = parametersOf(type).get(code);
  if (parameter) return parameter;
  const diagnostics = `${type} has no search parameter "${code}".`;
  throw new Unknown(400, [{ severity: "error", code: "not-supported", diagnostics, expression: [asked] }]);
}

/** Whether a parameter is a full-text search (R4 3.1.1.4.18). */
export const isTextSearch = (name: string): boolean => /(?:^|[.:])_(?:text|content)$/.test(name);

/** Adds a criterion that is not answered from index rows. */
function addCommon(criteria: Criteria, code: string, modifier: string, { value, asked, context }: Criterion): boolean {
  if (later.has(code)) throw fhirError(501, "not-supported", `"${code}" is not supported yet.`, asked);
  if ((code === "_id" || code === "_lastUpdated") && modifier === "missing") addPresence(criteria, value, asked);
  else if (code === "_id") addId(criteria, modifier, value, asked);
  else if (code === "_list") addList(criteria, modifier, value, asked);
  else if (code === "_lastUpdated") addUpdated(criteria, modifier, value, asked, context);
  else if (code === "_text" || code === "_content") {
    if (modifier) throw fhirError(400, "invalid", `"${code}" takes no modifier.`, asked);
    criteria.clauses.push({ kind: "text", in: code === "_text" ? "text" : "content", any: parseTextQuery(unescaped(value), asked) });
  } else return false;
  return true;
}

/** `_list=42`: the List is read before the owners are asked. */
function addList(criteria: Criteria, modifier: string, value: string, asked: string): void {
  if (modifier) throw fhirError(400, "invalid", `"_list" takes no modifier.`, asked);
  if (value.startsWith("$")) {
    throw fhirError(501, "not-supported", "Lists that the server computes (_list=$…) are not supported yet.", asked);
  }
  const ids = valuesOf(value, asked).map(unescaped);
  if (!ids.every(isId)) throw fhirError(400, "invalid", '"_list" is the id of a List.', asked);
  criteria.lists.push(ids);
}

function addId(criteria: Criteria, modifier: string, value: string, asked: string): void {
  if (modifier && modifier !== "not") {
    throw fhirError(400, "invalid", `":${modifier}" is no modifier of "_id": it takes :not and :missing.`, asked);
  }
  const any = [...new Set(valuesOf(value, asked, MAX_EXACT_VALUES).map(unescaped))];
  criteria.clauses.push(modifier ? { kind: "id", any, not: true } : { kind: "id", any });
}

function addUpdated(criteria: Criteria, modifier: string, value: string, asked: string, context: ParseContext): void {
  if (modifier) throw fhirError(400, "invalid", `":${modifier}" is no modifier of "_lastUpdated": it takes :missing.`, asked);
  const any = valuesOf(value, asked).flatMap((text) => dateMatches(unescaped(text), asked, context));
  criteria.clauses.push({ kind: "updated", any });
}

/** Every stored resource has an id and a time of update. */
function addPresence(criteria: Criteria, value: string, asked: string): void {
  if (value === "true") criteria.clauses.push(NOTHING);
  else if (value !== "false") throw fhirError(400, "invalid", `"${asked}" is either true or false.`, asked);
}

function deeper(depth: number, asked: string, context: ParseContext): number {
  if (depth >= MAX_DEPTH) throw fhirError(400, "too-costly", `"${asked}" has more than ${MAX_DEPTH} links.`, asked);
  context.budget.left -= 1;
  if (context.budget.left < 0) {
    throw fhirError(400, "too-costly", `"${asked}" may lead to too many types: name them, as in subject:Patient.name.`, asked);
  }
  return depth + 1;
}

function referenceParameter(type: string, code: string, asked: string): SearchParameter {
  const parameter = parameterOf(type, code, asked);
  if (parameter.type !== "reference") {
    throw fhirError(400, "invalid", `"${code}" of ${type} is of type ${parameter.type}: only a reference leads on.`, asked);
  }
  return parameter;
}

/** @param far the criterion on the resource at the far end of the link */
function addChain(criteria: Criteria, link: string, far: Criterion): void {
  const { name, asked, context, depth } = far;
  const [code, type] = splitName(link, asked);
  const parameter = referenceParameter(criteria.type, code, asked);
  if (parameter.isHeld) {
    throw fhirError(501, "not-supported", `A chain into the content of a ${criteria.type} is not supported: "${asked}".`, asked);
  }
  const types = type ? [targetNamed(parameter, type, asked)] : (parameter.targets ?? resourceTypes);
  const next = deeper(depth, asked, context);
  const any: Criteria[] = [];
  let fault: unknown;
  for (const target of types) {
    const search: Criteria = { type: target, clauses: [], chains: [], has: [], lists: [] };
    try {
      // Without a type the chain means the types that have the parameter; the others must not use up the budget.
      if (types.length > 1 && !hasParameter(target, name)) throw unknownOf(target, name, asked);
      add(search, { ...far, depth: next });
      any.push(search);
    } catch (error) {
      if (!(error instanceof FhirError) || error.issues.some((issue) => issue.code === "too-costly")) throw error;
      if (!fault || fault instanceof Unknown) fault = error;
    }
  }
  if (!any.length) throw fault;
  criteria.chains.push({ parameter: link, slots: parameter.slots, isCanonical: parameter.isCanonical ?? false, any });
}

function hasParameter(type: string, name: string): boolean {
  const code = nonNull(name.split(/[.:]/, 1)[0]);
  return code.startsWith("_") || parametersOf(type).has(code);
}

function unknownOf(type: string, name: string, asked: string): Unknown {
  const diagnostics = `${type} has no search parameter "${name.split(/[.:]/, 1)[0]}".`;
  return new Unknown(400, [{ severity: "error", code: "not-supported", diagnostics, expression: [asked] }]);
}

/** `_has:Observation:patient:code`, whose last part may be a chain or another `_has`. */
function addHas(criteria: Criteria, criterion: Criterion): void {
  const { name, asked, context, depth } = criterion;
  const found = /^_has:([^:]+):([^:.]+):(.+)$/.exec(name);
  const [, type = "", code = "", rest = ""] = found ?? [];
  if (!found || !isResourceType(type)) throw fhirError(400, "invalid", `"${asked}" needs the form _has:Type:reference:parameter.`, asked);
  const parameter = referenceParameter(type, code, asked);
  if (parameter.targets && !parameter.targets.includes(criteria.type)) {
    throw fhirError(400, "invalid", `"${code}" of ${type} does not refer to ${criteria.type}.`, asked);
  }
  const search: Criteria = { type, clauses: [], chains: [], has: [], lists: [] };
  add(search, { ...criterion, name: rest, depth: deeper(depth, asked, context) });
  criteria.has.push({ parameter: `${type}:${code}`, slots: parameter.slots, isCanonical: parameter.isCanonical ?? false, search });
}
