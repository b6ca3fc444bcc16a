/**
 * FHIR's primitive types in JSON (R4 2.24.0). Written by hand where HL7's regular expression would be slow or exponential
 * (base64Binary), or is weaker than the text (existing calendar days, control characters); a test compares
 * both. In HL7's expressions `\s` and `\S` are XML Schema's: a no-break space is not white space.
 */
import { isRawNumber, numberOf } from "../json.ts";
import { isXhtml } from "./narrative.ts";
import { ID_PATTERN } from "../ids.ts";

/** What is wrong with a value, as the end of a sentence about the element; undefined if nothing is. */
export type PrimitiveTest = (value: unknown) => string | undefined;

/** R4 2.24.0.1: "strings SHALL NOT exceed 1MB in size". */
const LONGEST_STRING = 1_048_576; // characters

const control = /[\0-\x08\x0b\x0c\x0e-\x1f]/;
const spaces = /[ \t\n\r]/;

const text =
  (test: (text: string) => string | undefined): PrimitiveTest =>
  (value) => {
    if (typeof value !== "string") return "must be a JSON string";
    return value.length === 0 ? "must not be an empty text: leave the element out" : test(value);
  };

function string(value: string): string | undefined {
  if (value.length > LONGEST_STRING) return "must not be longer than 1,048,576 characters";
  return control.test(value) ? "must not hold control characters other than tab, carriage return and line feed" : undefined;
}

const noSpaces =
  (what: string) =>
  (value: string): string | undefined =>
    spaces.test(value) || control.test(value) ? `must be ${what}, without spaces` : undefined;

const matches = (form: RegExp, what: string) => text((value) => (form.test(value) ? undefined : `must be ${what}`));

/** A code: single spaces inside, none at the ends. */
function code(value: string): string | undefined {
  const isWhole = !spaces.test(value) || /^[^ \t\n\r]+(?:[ \t\n\r][^ \t\n\r]+)*$/.test(value);
  return isWhole && !control.test(value) ? undefined : "must be a code: no space before, after, or next to another";
}

function integer(least: number, what: string): PrimitiveTest {
  return (value) => {
    if (isRawNumber(value)) return `must be ${what}, written without fraction or exponent`;
    if (typeof value !== "number") return `must be ${what} (a JSON number)`;
    return Number.isInteger(value) && value >= least && value <= 2_147_483_647 ? undefined : `must be ${what}`;
  };
}

function base64(value: string): string | undefined {
  let digits = 0;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) continue;
    const isDigit = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || (c >= 0x2f && c <= 0x39) || c === 0x2b || c === 0x3d;
    if (!isDigit) return "must be base64 (RFC 4648)";
    digits += 1;
  }
  return digits > 0 && digits % 4 === 0 ? undefined : "must be base64 (RFC 4648), padded to a multiple of four characters";
}

/** The value of the two digits at `at`; NaN if they are none. */
function two(value: string, at: number): number {
  const tens = value.charCodeAt(at) - 0x30;
  const ones = value.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Position after the date at the start of the text; -1 if there is none, or not in the calendar. */
function endOfDate(value: string): number {
  const year = two(value, 0) * 100 + two(value, 2);
  if (!(year > 0)) return -1;
  if (value.charCodeAt(4) !== DASH) return 4;
  const month = two(value, 5);
  if (!(month >= 1 && month <= 12)) return -1;
  if (value.charCodeAt(7) !== DASH) return 7;
  const day = two(value, 8);
  return day >= 1 && day <= daysIn(year, month) ? 10 : -1;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const DASH = 0x2d;
const COLON = 0x3a;

/** Position after the time that starts at `at`, without its zone; -1 if there is none. */
function endOfTime(value: string, at: number): number {
  const isTime =
    two(value, at) <= 23 &&
    value.charCodeAt(at + 2) === COLON &&
    two(value, at + 3) <= 59 &&
    value.charCodeAt(at + 5) === COLON &&
    two(value, at + 6) <= 60; // a leap second
  if (!isTime) return -1;
  let end = at + 8;
  if (value.charCodeAt(end) !== 0x2e) return end;
  end += 1;
  const first = end;
  while (value.charCodeAt(end) >= 0x30 && value.charCodeAt(end) <= 0x39) end += 1;
  return end === first ? -1 : end;
}

function isZone(value: string, at: number): boolean {
  const sign = value.charCodeAt(at);
  if (sign === 0x5a) return value.length === at + 1;
  if ((sign !== 0x2b && sign !== DASH) || value.length !== at + 6 || value.charCodeAt(at + 3) !== COLON) return false;
  const hours = two(value, at + 1);
  const minutes = two(value, at + 4);
  return hours <= 13 ? minutes <= 59 : hours === 14 && minutes === 0;
}

const DATE = "must be a date that the calendar has: YYYY, YYYY-MM or YYYY-MM-DD";
const DATE_TIME = "must be a date, or a date and time with seconds and zone: YYYY-MM-DDThh:mm:ss+zz:zz";

const date = (value: string) => (endOfDate(value) === value.length ? undefined : DATE);

function dateTime(value: string): string | undefined {
  const end = endOfDate(value);
  if (end === value.length) return undefined;
  return isTimeOf(value, end) ? undefined : DATE_TIME;
}

function isTimeOf(value: string, end: number): boolean {
  if (end !== 10 || value.charCodeAt(10) !== 0x54) return false;
  const zone = endOfTime(value, 11);
  return zone > 0 && isZone(value, zone);
}

const instant = (value: string) =>
  isTimeOf(value, endOfDate(value)) ? undefined : "must be an instant with seconds and zone: YYYY-MM-DDThh:mm:ss+zz:zz";

const time = (value: string) => (endOfTime(value, 0) === value.length ? undefined : "must be a time: hh:mm:ss");

/** The test of each primitive type, by its name. */
export const primitiveTests: Record<string, PrimitiveTest> = {
  base64Binary: text(base64),
  boolean: (value) => (typeof value === "boolean" ? undefined : "must be true or false, not in quotes"),
  canonical: text(noSpaces("the address of a definition")),
  code: text(code),
  date: text(date),
  dateTime: text(dateTime),
  decimal: (value) => (numberOf(value) === undefined ? "must be a JSON number" : undefined),
  id: matches(new RegExp(`^${ID_PATTERN}$`), "an id: 1 to 64 letters, digits, dashes and points"),
  instant: text(instant),
  integer: integer(-2_147_483_648, "a whole number of 32 bits"),
  markdown: text(string),
  oid: matches(/^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+$/, "an OID: urn:oid:1.2.3"),
  positiveInt: integer(1, "a whole number of 32 bits, at least 1"),
  string: text(string),
  time: text(time),
  unsignedInt: integer(0, "a whole number of 32 bits, at least 0"),
  uri: text(noSpaces("a URI")),
  url: text(noSpaces("a URL")),
  uuid: matches(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    "a UUID in small letters: urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
  ),
  xhtml: text(isXhtml),
};
