/** Search result parameters (R4 3.1.1.5): order, page size, total, includes, elements. They do not change which resources match. */
import { fhirError } from "../outcome.ts";
import type { Include, ParsedSearch, Summary, Total } from "./criteria.ts";
import { Unknown } from "./criterion.ts";
import type { SearchParameter } from "./parameters.ts";
import { isResourceType, mayReferTo, parametersOf, referencesOf, resourceTypes } from "./parameters.ts";
import type { SortKey } from "./query.ts";
import { nonNull } from "../non-null.ts";

/** Sort keys of one `_sort`. */
const MAX_SORT_KEYS = 10;

type Handler = (search: ParsedSearch, value: string, name: string) => void;

const handlers: Record<string, Handler> = {
  _sort: addSort,
  _count: (search, value, name) => {
    if (!/^\d+$/.test(value)) throw fhirError(400, "invalid", '"_count" is a whole number, 0 or more.', name);
    search.count = Math.min(Number(value), 1_000_000_000);
  },
  _total: (search, value, name) => {
    search.total = oneOf<Total>(["none", "estimate", "accurate"], value, name);
  },
  _summary: (search, value, name) => {
    search.summary = oneOf<Summary>(["true", "text", "data", "count", "false"], value, name);
  },
  _elements: (search, value, name) => {
    const elements = value.split(",").map((one) => one.trim());
    if (elements.some((one) => !/^[A-Za-z][\w.[\]]*$/.test(one))) {
      throw fhirError(400, "invalid", '"_elements" is a list of element names.', name);
    }
    search.elements = [...new Set([...(search.elements ?? []), ...elements])];
  },
  _include: (search, value, name) => addInclude(search, value, name, false),
  "_include:iterate": (search, value, name) => addInclude(search, value, name, true),
  _revinclude: (search, value, name) => addRevinclude(search, value, name, false),
  "_revinclude:iterate": (search, value, name) => addRevinclude(search, value, name, true),
  _contained: (_search, value, name) => {
    if (value !== "false") throw fhirError(501, "not-supported", "Searching in contained resources is not supported.", name);
  },
  // Transport parameters, which the gateway has already handled.
  _format: () => {},
  _pretty: () => {},
};

/** Whether a name is one of these parameters, also with a modifier that it does not take. */
export function isResultParameter(name: string): boolean {
  return Object.hasOwn(handlers, nonNull(name.split(":", 1)[0]));
}

/** @throws FhirError 400 */
export function addResultParameter(search: ParsedSearch, name: string, value: string): void {
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (!handler) throw fhirError(400, "invalid", `"${name}" has a modifier that it does not take.`, name);
  const isOnce = name === "_sort" || name === "_count" || name === "_total" || name === "_summary";
  if (isOnce && search.used.some(([used]) => used === name)) throw fhirError(400, "invalid", `"${name}" is given twice.`, name);
  // A repeated include is applied once.
  if (isInclude(name) && search.used.some(([used, before]) => used === name && before === value)) return;
  handler(search, value, name);
}

const isInclude = (name: string): boolean => name.startsWith("_include") || name.startsWith("_revinclude");

function oneOf<T extends string>(known: T[], value: string, name: string): T {
  if (!known.includes(value as T)) throw fhirError(400, "invalid", `"${name}" is one of ${known.join(", ")}.`, name);
  return value as T;
}

function addSort(search: ParsedSearch, value: string, name: string): void {
  const keys = value.split(",");
  if (keys.length > MAX_SORT_KEYS) {
    throw fhirError(400, "too-costly", `"_sort" has ${keys.length} keys; ${MAX_SORT_KEYS} are the most.`, name);
  }
  search.sort = keys.map((key) => sortKey(search.type, key.replace(/^-/, ""), key.startsWith("-"), name));
}

function sortKey(type: string, code: string, desc: boolean, name: string): SortKey {
  if (code === "_id") return { by: "id", desc };
  if (code === "_lastUpdated") return { by: "updated", desc };
  const parameter = parametersOf(type).get(code);
  if (!parameter) throw fhirError(400, "not-supported", `${type} cannot be sorted by "${code}": it has no such search parameter.`, name);
  const { slots } = parameter;
  switch (parameter.type) {
    case "date":
    case "number":
    case "quantity":
      // A stay sorts by its beginning in both directions.
      return { by: "range", slots, edge: "low", desc };
    case "string":
      return { by: "key", slots, facet: "~", desc };
    case "token":
    case "reference":
    case "uri":
      return { by: "key", slots, facet: "=", desc };
    default:
      throw fhirError(400, "not-supported", `"${code}" is of type ${parameter.type}, which has no order.`, name);
  }
}

function addInclude(search: ParsedSearch, value: string, name: string, iterate: boolean): void {
  const include = includeFrom(value === "*" ? `${search.type}:*` : value, { name, value, iterate });
  if (!iterate && include.source !== search.type) {
    throw unknown(
      `"${name}=${value}" starts from ${include.source}, of which this search finds none; _include:iterate starts from what was included.`,
      name,
    );
  }
  search.include.push(include);
}

function addRevinclude(search: ParsedSearch, value: string, name: string, iterate: boolean): void {
  if (value === "*") {
    search.revinclude.push(...whateverRefersTo(search.type, iterate));
    return;
  }
  const include = includeFrom(value, { name, value, iterate });
  const { targets } = include;
  if (!iterate && targets && !targets.includes(search.type)) throw unknown(`"${name}=${value}" does not refer to ${search.type}.`, name);
  search.revinclude.push(include);
}

/** `_revinclude=*`: by every reference that may lead to the type; with `:iterate`, by every reference that may lead anywhere. */
function whateverRefersTo(type: string, iterate: boolean): Include[] {
  return resourceTypes.flatMap((source): Include[] => {
    const parameters = referencesOf(source).filter((one) => iterate || mayReferTo(one, type));
    return parameters.length === 0
      ? []
      : [{ source, param: "*", wildcard: true, iterate, ...slotsToFollow(parameters), ...(!iterate && { targets: [type] }) }];
  });
}

/** @param text `Type:parameter`, `Type:parameter:TargetType`, `Type:*` @param asked the parameter as the client wrote it */
function includeFrom(text: string, { name, value, iterate }: { name: string; value: string; iterate: boolean }): Include {
  const [source = "", param, target, ...more] = text.split(":");
  const isComplete = isResourceType(source) && param && !more.length && (target === undefined || isResourceType(target));
  if (!isComplete) throw fhirError(400, "invalid", `"${name}" needs Type:parameter or Type:parameter:TargetType.`, name);
  const parameters = referencesOf(source).filter((one) => param === "*" || one.code === param);
  if (!parameters.length && param !== "*") {
    throw unknown(`"${name}=${value}": ${source} has no reference parameter "${param}".`, name);
  }
  const targets = target ? [target] : param === "*" ? undefined : parameters[0]?.targets;
  if (target && param !== "*" && parameters[0]?.targets && !parameters[0].targets.includes(target)) {
    throw fhirError(400, "invalid", `"${name}=${value}": "${param}" does not refer to ${target}.`, name);
  }
  return { source, param, ...(targets ? { targets } : {}), iterate, wildcard: param === "*", ...slotsToFollow(parameters) };
}

const slotsToFollow = (parameters: SearchParameter[]): Pick<Include, "slots" | "canonicalSlots"> => ({
  slots: slotsOf(parameters),
  canonicalSlots: slotsOf(parameters.filter((one) => one.isCanonical)),
});

function slotsOf(parameters: SearchParameter[]): number[] {
  return [...new Set(parameters.flatMap((one) => one.slots))];
}

function unknown(diagnostics: string, name: string): Unknown {
  return new Unknown(400, [{ severity: "error", code: "not-supported", diagnostics, expression: [name] }]);
}
