import { nonNull } from "../../fhir/non-null.ts";

/**
 * What a FHIR search should find, the slow way: every resource is looked at, as R4's search chapter reads. Written apart
 * from the platform's search code, and shares nothing with it. Only for the data of `worlds.ts` and the searches of `questions.ts`.
 */
export type Resource = { resourceType: string; id: string } & Record<string, unknown>;

// biome-ignore lint/suspicious/noExplicitAny: reaches into plain FHIR JSON by its names
type Any = any;

interface Token {
  system?: string;
  code?: string;
  texts: string[];
}
type Value =
  | { kind: "token"; values: (it: Any) => Token[] }
  | { kind: "string"; values: (it: Any) => string[] }
  | { kind: "date"; values: (it: Any) => [from: string, to: string][] }
  | { kind: "number"; values: (it: Any) => number[] }
  | { kind: "quantity"; values: (it: Any) => { value: number; system?: string; code?: string; unit?: string }[] }
  | { kind: "reference"; values: (it: Any) => string[]; targets: string[] }
  | { kind: "uri"; values: (it: Any) => string[] };

const list = (value: Any): Any[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const concept = (it: Any): Token[] => {
  const codings = list(it?.coding).map((coding: Any) => ({ system: coding.system, code: coding.code, texts: list(coding.display) }));
  return [...codings, ...(it?.text ? [{ texts: [it.text] }] : [])];
};
const coding = (it: Any): Token[] => (it ? [{ system: it.system, code: it.code, texts: list(it.display) }] : []);
const code = (it: Any): Token[] => (it === undefined ? [] : [{ code: String(it), texts: [] }]);
const identifiers = (it: Any): Token[] =>
  list(it.identifier).map((id: Any) => ({ system: id.system, code: id.value, texts: list(id.type?.text) }));
const period = (it: Any): [string, string][] => (it ? [[it.start ?? "", it.end ?? ""]] : []);
const moment = (it: Any): [string, string][] => (it ? [[it, it]] : []);
const link = (it: Any): string[] => list(it).flatMap((reference: Any) => list(reference.reference));

/** Parameters by type; enough of every kind to ask about what `worlds.ts` makes. */
export const parameters: Record<string, Record<string, Value>> = {
  Organization: {
    name: { kind: "string", values: (it) => [...list(it.name), ...list(it.alias)] },
    partof: { kind: "reference", values: (it) => link(it.partOf), targets: ["Organization"] },
    active: { kind: "token", values: (it) => code(it.active) },
  },
  Patient: {
    family: { kind: "string", values: (it) => list(it.name).flatMap((name: Any) => list(name.family)) },
    given: { kind: "string", values: (it) => list(it.name).flatMap((name: Any) => list(name.given)) },
    birthdate: { kind: "date", values: (it) => moment(it.birthDate) },
    gender: { kind: "token", values: (it) => code(it.gender) },
    active: { kind: "token", values: (it) => code(it.active) },
    identifier: { kind: "token", values: identifiers },
    organization: { kind: "reference", values: (it) => link(it.managingOrganization), targets: ["Organization"] },
  },
  Encounter: {
    class: { kind: "token", values: (it) => coding(it.class) },
    status: { kind: "token", values: (it) => code(it.status) },
    subject: { kind: "reference", values: (it) => link(it.subject), targets: ["Patient"] },
    date: { kind: "date", values: (it) => period(it.period) },
    "reason-code": { kind: "token", values: (it) => list(it.reasonCode).flatMap(concept) },
    length: { kind: "quantity", values: (it) => list(it.length) },
  },
  Observation: {
    code: { kind: "token", values: (it) => concept(it.code) },
    category: { kind: "token", values: (it) => list(it.category).flatMap(concept) },
    status: { kind: "token", values: (it) => code(it.status) },
    subject: { kind: "reference", values: (it) => link(it.subject), targets: ["Patient"] },
    encounter: { kind: "reference", values: (it) => link(it.encounter), targets: ["Encounter"] },
    date: { kind: "date", values: (it) => [...moment(it.effectiveDateTime), ...period(it.effectivePeriod)] },
    "value-quantity": { kind: "quantity", values: (it) => list(it.valueQuantity) },
    "value-string": { kind: "string", values: (it) => list(it.valueString) },
  },
  Condition: {
    code: { kind: "token", values: (it) => concept(it.code) },
    subject: { kind: "reference", values: (it) => link(it.subject), targets: ["Patient"] },
    "onset-date": { kind: "date", values: (it) => [...moment(it.onsetDateTime), ...period(it.onsetPeriod)] },
    "recorded-date": { kind: "date", values: (it) => moment(it.recordedDate) },
  },
  RiskAssessment: {
    probability: { kind: "number", values: (it) => list(it.prediction).flatMap((one: Any) => list(one.probabilityDecimal)) },
    subject: { kind: "reference", values: (it) => link(it.subject), targets: ["Patient"] },
  },
  ValueSet: {
    url: { kind: "uri", values: (it) => list(it.url) },
    status: { kind: "token", values: (it) => code(it.status) },
    date: { kind: "date", values: (it) => moment(it.date) },
  },
};

const FOREVER = 8.64e15;

/** First and last millisecond of a date given to the year, month, day or second, in UTC. */
export function span(text: string): [number, number] {
  const from = Date.parse(/T/.test(text) ? text : `${text}${text.length === 4 ? "-01-01" : text.length === 7 ? "-01" : ""}T00:00:00Z`);
  const next = new Date(from);
  if (text.length === 4) next.setUTCFullYear(next.getUTCFullYear() + 1);
  else if (text.length === 7) next.setUTCMonth(next.getUTCMonth() + 1);
  else if (text.length === 10) next.setUTCDate(next.getUTCDate() + 1);
  else if (/\.\d{3}/.test(text)) next.setTime(from + 1);
  else next.setTime(from + 1_000);
  return [from, next.getTime() - 1];
}

const between = ([from, to]: [string, string]): [number, number] => [from ? span(from)[0] : -FOREVER, to ? span(to)[1] : FOREVER];

/** Two intervals under a prefix (R4 3.1.1.4.5 and the table of 3.1.1.5). */
function compares(prefix: string, [low, high]: [number, number], [from, to]: [number, number]): boolean {
  switch (prefix) {
    case "eq":
      return low >= from && high <= to;
    case "ne":
      return !(low >= from && high <= to);
    case "gt":
      return high > to;
    case "lt":
      return low < from;
    case "ge":
      return high > to || (low >= from && high <= to);
    case "le":
      return low < from || (low >= from && high <= to);
    case "sa":
      return low > to;
    case "eb":
      return high < from;
    default:
      throw new Error(prefix);
  }
}

/** What a number in a query means: as many digits as were written. */
function precision(text: string): [number, number] {
  const decimals = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  const half = 0.5 * 10 ** -decimals;
  // 0.1 + 0.05 is a little more than 0.15 to a computer, and exactly 0.15 to whoever reads it.
  return [Number((Number(text) - half).toFixed(decimals + 1)), Number((Number(text) + half).toFixed(decimals + 1))];
}

const fold = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replaceAll("ı", "i")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
/** A string matches at its beginning; a family name also at that of each of its parts (R4 3.1.1.4.8). */
const beginnings = (text: string, isFamily: boolean): string[] => {
  const words = text.split(/[\s\p{Pd}]+/u);
  return isFamily ? words.map((_, index) => fold(words.slice(index).join(" "))) : [fold(text)];
};

export interface Criterion {
  name: string;
  modifier?: string;
  value: string;
}

/** Whether the resource has what one parameter asks for. */
export function fulfils(all: Resource[], it: Resource, { name, modifier, value }: Criterion): boolean {
  if (name.startsWith("_has:")) return has(all, it, name.split(":").slice(1), value);
  const dot = name.indexOf(".");
  if (dot > 0) return chained(all, it, name.slice(0, dot), { name: name.slice(dot + 1), value, ...(modifier && { modifier }) });
  if (name === "_id") return value.split(",").includes(it.id) !== (modifier === "not");
  const parameter = parameters[it.resourceType]?.[name] as Value;
  if (modifier === "missing") return (parameter.values(it).length === 0) === (value === "true");
  const wanted = value.split(",");
  const negative = modifier === "not";
  const some = wanted.some((one) => matchesOne(name, parameter, it, negative ? undefined : modifier, one));
  return some !== negative;
}

function matchesOne(name: string, parameter: Value, it: Resource, modifier: string | undefined, wanted: string): boolean {
  switch (parameter.kind) {
    case "token": {
      if (modifier === "text") return parameter.values(it).some(({ texts }) => texts.some((text) => fold(text).includes(fold(wanted))));
      const [system, code] = wanted.includes("|") ? wanted.split("|") : [undefined, wanted];
      return parameter
        .values(it)
        .some(
          (token) =>
            (code === "" || token.code === code) &&
            token.code !== undefined &&
            (system === undefined || (system === "" ? token.system === undefined : token.system === system)),
        );
    }
    case "string":
      return parameter.values(it).some((text) => {
        if (modifier === "exact") return text === wanted;
        if (modifier === "contains") return fold(text).includes(fold(wanted));
        return beginnings(text, name === "family").some((part) => part.startsWith(fold(wanted)));
      });
    case "uri":
      return parameter.values(it).some((uri) => (modifier === "below" ? uri.startsWith(wanted) : uri === wanted));
    case "reference":
      return parameter
        .values(it)
        .some(
          (reference) =>
            reference === wanted || (!wanted.includes("/") && parameter.targets.some((type) => reference === `${type}/${wanted}`)),
        );
    case "date": {
      const [prefix, rest] = prefixed(wanted);
      return parameter.values(it).some((given) => compares(prefix, between(given), span(rest)));
    }
    case "number": {
      const [prefix, rest] = prefixed(wanted);
      return parameter.values(it).some((given) => compareNumber(prefix, given, rest));
    }
    case "quantity": {
      const [prefix, rest] = prefixed(wanted);
      const [number = "", system, unit] = rest.split("|");
      return parameter.values(it).some((given) => compareNumber(prefix, given.value, number) && hasUnit(given, system, unit));
    }
  }
}

const prefixed = (text: string): [string, string] =>
  /^(eq|ne|gt|lt|ge|le|sa|eb)/.test(text) ? [text.slice(0, 2), text.slice(2)] : ["eq", text];

/** Of a number only `eq` and `ne` know its precision; the others compare with what was written (R4 3.1.1.4.6). */
function compareNumber(prefix: string, given: number, text: string): boolean {
  const [from, to] = precision(text);
  const wanted = Number(text);
  switch (prefix) {
    case "eq":
      return given >= from && given < to;
    case "ne":
      return !(given >= from && given < to);
    case "gt":
    case "sa":
      return given > wanted;
    case "lt":
    case "eb":
      return given < wanted;
    case "ge":
      return given >= wanted;
    case "le":
      return given <= wanted;
    default:
      throw new Error(prefix);
  }
}

function hasUnit(given: { system?: string; code?: string; unit?: string }, system: string | undefined, unit: string | undefined): boolean {
  if (unit === undefined || unit === "") return true;
  if (system) return given.system === system && given.code === unit;
  return given.code === unit || given.unit === unit;
}

/** `subject:Patient.family=…`: some resource that is referred to fulfils the rest. */
function chained(all: Resource[], it: Resource, link: string, rest: Parameters<typeof fulfils>[2]): boolean {
  const [name = ""] = link.split(":");
  const parameter = parameters[it.resourceType]?.[name] as Value;
  const references = parameter.values(it) as string[];
  return all.some((other) => references.includes(`${other.resourceType}/${other.id}`) && fulfils(all, other, rest));
}

/** `_has:Observation:subject:code=…`: some resource that refers here fulfils the rest. */
function has(all: Resource[], it: Resource, [type, by = "", ...rest]: string[], value: string): boolean {
  const here = `${it.resourceType}/${it.id}`;
  const name = rest.join(":");
  return all.some(
    (other) =>
      other.resourceType === type &&
      ((nonNull(parameters[type])[by] as Value).values(other) as string[]).includes(here) &&
      fulfils(all, other, { name, value }),
  );
}

/** By what a resource is sorted: the smallest value ascending, the largest descending; undefined comes last. */
export function sortValue(it: Resource, name: string, isDescending: boolean): string | number | undefined {
  if (name === "_id") return it.id;
  const parameter = parameters[it.resourceType]?.[name] as Value;
  let values: (string | number)[];
  if (parameter.kind === "date") values = parameter.values(it).map((given) => between(given)[0]);
  else if (parameter.kind === "quantity") values = parameter.values(it).map(({ value }) => value);
  else if (parameter.kind === "number") values = parameter.values(it);
  else if (parameter.kind === "string") values = parameter.values(it).map(fold);
  else throw new Error(`${name} is not sorted by in this test`);
  const sorted = values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return isDescending ? sorted.at(-1) : sorted[0];
}
