/** JSON for FHIR: decimals keep their text (R4 2.24.0.1), and input that could harm a later reader is refused. */
import { FhirError, fhirError } from "./outcome.ts";

/** The result of `JSON.rawJSON`, which TypeScript's library does not declare yet. */
interface RawJson {
  rawJSON: string;
}

// In Node since 22, not declared by TypeScript yet.
const native = JSON as unknown as {
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
};

/** Levels of nested arrays and objects. */
const MAX_DEPTH = 100;
/**
 * Objects, arrays and separators in one text. Medical records have one in 23 characters, so that the largest body of them stays below; a body
 * of empty objects would take fifty times its size in memory.
 */
export const MAX_PARTS = 2_000_000;
/** The same for one resource: validating, indexing and writing it takes a few microseconds for each. */
export const MAX_PARTS_OF_RESOURCE = 200_000;
/** Duplicate members that an answer names at most, and characters of a name in a path. */
const [MAX_DUPLICATES, MAX_NAME] = [100, 64];

/**
 * Parses JSON. A number that would not be written back to the letter (`2.50`, `1e3`, more digits than a
 * double holds) becomes a raw-JSON object, which `JSON.stringify` writes as it was; `numberOf` reads either form.
 * @throws FhirError 400: invalid JSON, nesting deeper than 100, a member `__proto__`, a NUL or an unpaired surrogate; 413: too many parts
 */
export function parseJson(text: string): unknown {
  return parseScanned(text, scan(text));
}

/** A copy that shares nothing with a value of `parseJson`; `structuredClone` refuses numbers that are kept by their text. */
export const copyOfJson = <Value>(value: Value): Value => parseJson(JSON.stringify(value)) as Value;

/**
 * As `parseJson`, for input of clients: a member that occurs twice in one object is refused, not dropped.
 * @param mostParts objects, arrays and members
 * @throws FhirError 422 with an issue for each such member (the first 100), besides the errors of `parseJson`
 */
export function parseInput(text: string, mostParts = MAX_PARTS): unknown {
  const scanned = scan(text);
  const value = parseScanned(text, scanned, mostParts);
  // Each member has one colon. Counting is much faster than finding the names, which only a faulty text needs.
  if (scanned.members !== countMembers(value)) {
    const issues = duplicateKeys(text).map((path) => ({
      severity: "error" as const,
      code: "structure",
      diagnostics: "This member is in its object twice: leave one out.",
      expression: [path.slice(0, 500)],
    }));
    if (issues.length > 0) throw new FhirError(422, issues);
  }
  return value;
}

function countMembers(value: unknown): number {
  if (value === null || typeof value !== "object" || native.isRawJSON(value)) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") members += countMembers(item);
    return members;
  }
  for (const name in value) {
    const item = (value as Record<string, unknown>)[name];
    members += typeof item === "object" ? 1 + countMembers(item) : 1;
  }
  return members;
}

function parseScanned(text: string, { depth, isStable, parts }: Scanned, mostParts = MAX_PARTS): unknown {
  if (parts > mostParts) {
    throw tooManyParts(mostParts);
  }
  if (depth > MAX_DEPTH) throw fhirError(400, "structure", `The JSON is nested deeper than ${MAX_DEPTH} levels.`);
  const value = parse(text, isStable);
  // A text with escapes may spell the name by them, or hide a NUL. Searching for the short needle is much faster than for the whole name.
  if (text.includes("\\u") || text.includes("__p") || !text.isWellFormed()) refuseHarm(value);
  return value;
}

/** Refuses a text with more than `most` objects, lists and members. */
export const tooManyParts = (most: number): FhirError =>
  fhirError(413, "too-costly", `The JSON has more than ${most} objects, lists and members: send it in parts.`);

function parse(text: string, isStable: boolean): unknown {
  try {
    return isStable ? JSON.parse(text) : native.parse(text, keepSource);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const at = /position (\d+)/.exec(error.message)?.[1];
    throw fhirError(400, "structure", at ? `The body is not JSON: it ends or has an error at character ${at}.` : "The body is not JSON.");
  }
}

interface Scanned {
  depth: number;
  isStable: boolean;
  /** Number of members of all objects, according to the text. */
  members: number;
  /** Objects, lists and commas. */
  parts: number;
}

/** The deepest nesting, and whether each number is written as its double would be. Of an invalid text the result means nothing. */
function scan(text: string): Scanned {
  let members = 0;
  let parts = 0;
  let depth = 0;
  let open = 0;
  let isStable = true;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = endOfString(text, i);
    } else if (c === 0x7b || c === 0x5b) {
      parts += 1;
      open += 1;
      if (open > depth) depth = open;
    } else if (c === 0x7d || c === 0x5d) {
      open -= 1;
    } else if (c === 0x2c) {
      parts += 1;
    } else if (c === 0x3a) {
      members += 1;
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const end = endOfNumber(text, i);
      if (isStable) isStable = isStableNumber(text, i, end);
      i = end - 1;
    }
  }
  return { depth, isStable, members, parts };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Position at which the string that opens at `start` closes. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH) {
    let first = end - 1;
    while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    // An even number of backslashes are escaped backslashes.
    if ((end - first) % 2 === 0) break;
    end = text.indexOf('"', end + 1);
  }
  return end < 0 ? text.length : end;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    const isPart = (c >= 0x30 && c <= 0x39) || c === 0x2e || c === 0x65 || c === 0x45 || c === 0x2b || c === 0x2d;
    if (!isPart) break;
  }
  return end;
}

function isStableNumber(text: string, start: number, end: number): boolean {
  if (end - start === 1) return true;
  const literal = text.slice(start, end);
  return String(Number(literal)) === literal;
}

function keepSource(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === "number" && source !== undefined && String(value) !== source ? native.rawJSON(source) : value;
}

function refuseHarm(value: unknown): void {
  if (typeof value === "string") {
    if (value.includes("\0")) throw fhirError(400, "value", "A text contains the character NUL (\\u0000), which FHIR does not allow.");
    if (!value.isWellFormed()) throw fhirError(400, "value", "A text contains half of a surrogate pair, which is no character.");
  } else if (Array.isArray(value)) {
    value.forEach(refuseHarm);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (name === "__proto__") throw fhirError(400, "structure", 'A member is named "__proto__", which no FHIR element is.');
      refuseHarm(name);
      refuseHarm(member);
    }
  }
}

/** The number that a parsed value stands for, in either form; undefined if it is not a number or not finite. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "object" || value === null || !native.isRawJSON(value)) return undefined;
  const number = Number(value.rawJSON);
  return Number.isFinite(number) ? number : undefined;
}

/** True for a number that `parseJson` keeps by its text. */
export function isRawNumber(value: unknown): value is RawJson {
  return native.isRawJSON(value);
}

/**
 * Names that occur twice in one object of a JSON text, each with the path of the object: `Patient.name[0].family` is
 * `name[0].family`. JSON.parse silently keeps the last. At most 100; long names are cut. The text must be valid JSON.
 */
export function duplicateKeys(text: string): string[] {
  const found: string[] = [];
  /** One entry for each open object or array. */
  const open: { names?: Set<string>; step: string; index: number }[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  let name = "";
  let expectsName = false;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [part] = match;
    const top = open.at(-1);
    if (part === "{" || part === "[") {
      open.push({
        ...(part === "{" ? { names: new Set<string>() } : {}),
        step: top?.names ? `.${name.slice(0, MAX_NAME)}` : top ? `[${top.index}]` : "",
        index: 0,
      });
      expectsName = part === "{";
    } else if (part === "}" || part === "]") {
      open.pop();
      expectsName = false;
    } else if (part === ",") {
      if (top) top.index += 1;
      expectsName = top?.names !== undefined;
    } else if (part !== ":" && expectsName && top?.names) {
      name = JSON.parse(part) as string;
      if (top.names.has(name)) {
        found.push(`${open.map(({ step }) => step).join("")}.${name.slice(0, MAX_NAME)}`.replace(/^\./, ""));
        if (found.length >= MAX_DUPLICATES) return found;
      }
      top.names.add(name);
      expectsName = false;
    }
  }
  return found;
}

/** A primitive as text, a raw-JSON number as it was written; "" for any other value. `String` throws for raw JSON and for some inputs of clients. */
export function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  return isRawNumber(value) ? value.rawJSON : "";
}

/** JSON text of an object with one more member, whose value is JSON text already, so that a large part need not be parsed. */
export function withMember(object: object, name: string, json: string): string {
  const text = JSON.stringify(object);
  const isEmpty = text === "{}";
  return `${text.slice(0, -1)}${isEmpty ? "" : ","}${JSON.stringify(name)}:${json}}`;
}
