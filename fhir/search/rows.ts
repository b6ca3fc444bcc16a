/**
 * Rows of each data type (query.ts says what they mean). Values of a wrong type are passed over: what is malformed is
 * validation's to refuse, and a row must never be the reason that a write fails.
 */
import { doubleMetaphone } from "double-metaphone";
import { numberOf } from "../json.ts";
import { intervalOf } from "../dates.ts";
import { fold } from "./fold.ts";
import { nextTo } from "./numbers.ts";
import { FOREVER, SEP } from "./query.ts";
import { cut, type IndexRowBuilder } from "./index-row-builder.ts";

/** The open end of a quantity or number. */
export const UNBOUNDED = Number.MAX_VALUE;

type Members = Record<string, unknown>;

/** Writes the rows of one value. @param system of a code: what its binding implies */
export type Writer = (sink: IndexRowBuilder, value: unknown, system: string) => void;

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function each(value: unknown, write: (item: unknown) => void): void {
  if (Array.isArray(value)) for (const item of value) write(item);
  else if (value !== undefined) write(value);
}

function token(sink: IndexRowBuilder, code: unknown, system: unknown): void {
  const hasCode = isText(code);
  const hasSystem = isText(system);
  if (hasCode || hasSystem) sink.key(`=${hasCode ? code : ""}${SEP}${hasSystem ? system : ""}`);
}

function words(sink: IndexRowBuilder, text: unknown, facet: "~" | "+" = "~"): void {
  if (!isText(text)) return;
  // Some characters are folded into eighteen: what would be cut off afterwards is not folded.
  const folded = fold(cut(text));
  if (folded) sink.key(`${facet}${folded}`);
}

const coding: Writer = (sink, value) => {
  if (!isObject(value)) return;
  token(sink, value.code, value.system);
  words(sink, value.display);
};

const codeableConcept: Writer = (sink, value) => {
  if (!isObject(value)) return;
  each(value.coding, (item) => coding(sink, item, ""));
  words(sink, value.text);
};

const identifier: Writer = (sink, value) => {
  if (!isObject(value)) return;
  token(sink, value.value, value.system);
  if (!isObject(value.type)) return;
  words(sink, value.type.text);
  each(value.type.coding, (kind) => {
    if (isObject(kind) && isText(kind.code) && isText(value.value)) {
      sink.key(`%${value.value}${SEP}${isText(kind.system) ? kind.system : ""}${SEP}${kind.code}`);
    }
  });
};

const code: Writer = (sink, value, system) => {
  if (isText(value)) sink.key(`=${value}${SEP}${system}`);
};

/** R4 gives it no system and leaves the rest to the server (3.1.1.4.10); most take its kind for one: `phone|555`. */
const contactPoint: Writer = (sink, value) => {
  if (!isObject(value) || !isText(value.value)) return;
  token(sink, value.value, "");
  if (isText(value.system)) token(sink, value.value, value.system);
};

const tokens: Record<string, Writer> = {
  CodeableConcept: codeableConcept,
  Coding: coding,
  Identifier: identifier,
  ContactPoint: contactPoint,
  // A string that is searched as a token is so whatever its case (R4 3.1.1.4.10).
  string: (sink, value) => isText(value) && token(sink, value.toLowerCase(), ""),
  boolean: (sink, value) => typeof value === "boolean" && sink.key(`=${value}${SEP}`),
};

const string: Writer = (sink, value) => {
  if (!isText(value)) return;
  sink.key(`=${value}`);
  words(sink, value);
};

/** Parts of a family name that it is found by, and characters of it that are looked through for them: nobody has a longer one. */
const [MAX_PARTS, MAX_OF_NAME] = [16, 1_000];

/** A family name of several parts is also found by each of them (R4 3.1.1.4.8): `Carreño Quiñones` by `quinones`. */
const familyName: Writer = (sink, value) => {
  if (!isText(value)) return;
  string(sink, value, "");
  const name = value.slice(0, MAX_OF_NAME);
  let parts = 0;
  for (const part of name.matchAll(/[\s\p{Pd}]+/gu)) {
    if (++parts > MAX_PARTS) return;
    words(sink, name.slice(part.index + part[0].length), "+");
  }
};

/** How a name sounds, in the writing of double-metaphone: one or two codes for each word. What has none (other scripts) stands for itself. */
export function soundsOf(word: string): string[] {
  const folded = fold(word);
  const codes = [...new Set(doubleMetaphone(folded))].filter((code) => code !== "");
  return codes.length > 0 ? codes : folded ? [folded] : [];
}

/** Words of one name that are listened to, and of their letters. */
const [MAX_WORDS, MAX_LETTERS] = [16, 64];

/** The words of a name. */
export const wordsOfName = (text: string): string[] =>
  (text.slice(0, MAX_OF_NAME).match(/[\p{L}\p{N}\p{M}'’]+/gu) ?? []).slice(0, MAX_WORDS).map((word) => word.slice(0, MAX_LETTERS));

/** Rows by which a name is found that sounds alike. */
export const phonetic: Writer = (sink, value) => {
  const parts = isObject(value) ? [value.text, value.family, value.given] : [value];
  for (const part of parts)
    each(part, (text) => {
      if (isText(text)) for (const word of wordsOfName(text)) for (const sound of soundsOf(word)) sink.key(`&${sound}`);
    });
};

/** Each of the members, which are texts or lists of them. */
function partsOf(...names: string[]): Writer {
  return (sink, value) => {
    if (!isObject(value)) return;
    for (const name of names) each(value[name], (part) => string(sink, part, ""));
  };
}

const givenNames = partsOf("text", "given", "prefix", "suffix");

const strings: Record<string, Writer> = {
  FamilyName: familyName,
  HumanName: (sink, value, system) => {
    if (!isObject(value)) return;
    givenNames(sink, value, system);
    familyName(sink, value.family, system);
  },
  Address: partsOf("text", "line", "city", "district", "state", "country", "postalCode"),
};

/** `Patient/1/_history/2` → `Patient/1`; undefined for a contained resource. */
export function referenceOf(reference: string): string | undefined {
  if (reference.startsWith("#")) return undefined;
  const version = reference.indexOf("/_history/");
  return version > 0 ? reference.slice(0, version) : reference;
}

const reference: Writer = (sink, value) => {
  if (!isObject(value)) return;
  if (isText(value.reference)) {
    const target = referenceOf(value.reference);
    if (target) sink.key(`=${target}`);
    else sink.contained(value.reference);
  }
  if (isObject(value.identifier) && isText(value.identifier.value)) {
    sink.key(`@${value.identifier.value}${SEP}${isText(value.identifier.system) ? value.identifier.system : ""}`);
  }
};

const uri: Writer = (sink, value) => {
  if (isText(value)) sink.key(`=${value}`);
};

const canonical: Writer = (sink, value) => {
  if (!isText(value)) return;
  if (value.startsWith("#")) return sink.contained(value);
  const version = value.indexOf("|");
  if (version > 0) sink.key(`=${value.slice(0, version)}`);
  sink.key(`=${value}`);
};

const references: Record<string, Writer> = {
  Reference: reference,
  canonical,
  uri,
  url: uri,
  Resource: (sink, value) =>
    isObject(value) && isText(value.resourceType) && isText(value.id) && sink.key(`=${value.resourceType}/${value.id}`),
};

const date: Writer = (sink, value) => {
  const interval = isText(value) ? intervalOf(value) : undefined;
  if (interval) sink.range(interval[0], interval[1]);
};

/** An absent end is open; a Period without either says nothing, a malformed end neither. */
function periodOf(value: unknown): [number, number] | undefined {
  if (!isObject(value) || (value.start === undefined && value.end === undefined)) return undefined;
  const start = value.start === undefined ? -FOREVER : isText(value.start) ? intervalOf(value.start)?.[0] : undefined;
  const end = value.end === undefined ? FOREVER : isText(value.end) ? intervalOf(value.end)?.[1] : undefined;
  return start === undefined || end === undefined ? undefined : [start, end];
}

/** A point in time, whatever number of digits it is given to. */
const instant: Writer = (sink, value) => {
  const interval = isText(value) ? intervalOf(value) : undefined;
  if (interval) sink.range(interval[0], interval[0]);
};

const period: Writer = (sink, value) => {
  const interval = periodOf(value);
  if (interval) sink.range(interval[0], interval[1]);
};

/** The outer limits of its events and bounds; what repeats within them is not told apart (R4 3.1.1.4.7). */
const timing: Writer = (sink, value) => {
  if (!isObject(value)) return;
  let low = FOREVER;
  let high = -FOREVER;
  const widen = (interval: [number, number] | undefined) => {
    if (!interval) return;
    low = Math.min(low, interval[0]);
    high = Math.max(high, interval[1]);
  };
  each(value.event, (event) => widen(isText(event) ? intervalOf(event) : undefined));
  if (isObject(value.repeat)) widen(periodOf(value.repeat.boundsPeriod));
  sink.range(low, high);
};

const number: Writer = (sink, value) => {
  const found = numberOf(value);
  if (found !== undefined) sink.range(found, found);
};

/** Once under the coded unit, and once under its printed form where that differs. */
function measured(sink: IndexRowBuilder, low: number, high: number, quantity: Members): void {
  const unit = isText(quantity.code) ? `${quantity.code}${SEP}${isText(quantity.system) ? quantity.system : ""}` : "";
  const printed = isText(quantity.unit) && quantity.unit !== quantity.code ? `${quantity.unit}${SEP}` : "";
  if (unit || !printed) sink.range(low, high, unit);
  if (printed) sink.range(low, high, printed);
}

const quantity: Writer = (sink, value) => {
  if (!isObject(value)) return;
  const found = numberOf(value.value);
  if (found === undefined) return;
  const { comparator } = value;
  if (comparator === "<") measured(sink, -UNBOUNDED, nextTo(found, -1), value);
  else if (comparator === "<=") measured(sink, -UNBOUNDED, found, value);
  else if (comparator === ">") measured(sink, nextTo(found, 1), UNBOUNDED, value);
  else if (comparator === ">=") measured(sink, found, UNBOUNDED, value);
  else measured(sink, found, found, value);
};

const range: Writer = (sink, value) => {
  if (!isObject(value)) return;
  const low = isObject(value.low) ? numberOf(value.low.value) : undefined;
  const high = isObject(value.high) ? numberOf(value.high.value) : undefined;
  if (low === undefined && high === undefined) return;
  measured(sink, low ?? -UNBOUNDED, high ?? UNBOUNDED, (low === undefined ? value.high : value.low) as Members);
};

/** From the smallest to the largest sample: origin + sample × factor. */
const sampledData: Writer = (sink, value) => {
  if (!isObject(value) || !isObject(value.origin) || typeof value.data !== "string") return;
  const origin = numberOf(value.origin.value) ?? 0;
  const factor = numberOf(value.factor) ?? 1;
  let low = UNBOUNDED;
  let high = -UNBOUNDED;
  for (const sample of value.data.matchAll(/[^\s]+/g)) {
    const at = origin + Number(sample[0]) * factor;
    // E, U and L stand for errors and values off the scale.
    if (!Number.isFinite(at)) continue;
    low = Math.min(low, at);
    high = Math.max(high, at);
  }
  measured(sink, low, high, value.origin);
};

const money: Writer = (sink, value) => {
  const found = isObject(value) ? numberOf(value.value) : undefined;
  if (found === undefined) return;
  const { currency } = value as Members;
  sink.range(found, found, isText(currency) ? `${currency}${SEP}urn:iso:std:iso:4217` : "");
};

/** A coordinate of Location.position. */
function coordinate(name: string): Writer {
  return (sink, value) => isObject(value) && number(sink, value[name], "");
}

const byType: Record<string, Record<string, Writer>> = {
  token: tokens,
  string: strings,
  reference: references,
  uri: { canonical },
  date: { instant, Period: period, Timing: timing },
  number: { Range: range },
  quantity: { Range: range, SampledData: sampledData, Money: money },
  latitude: { BackboneElement: coordinate("latitude") },
  longitude: { BackboneElement: coordinate("longitude") },
};

const otherwise: Record<string, Writer> = { token: code, string, uri, date, number, quantity, reference };

/** The writer for a search type's view of a data type. */
export function writerOf(searchType: string, dataType: string): Writer {
  const writer = byType[searchType]?.[dataType] ?? otherwise[searchType];
  if (!writer) throw new Error(`No rows are known for ${searchType} of ${dataType}`);
  return writer;
}
