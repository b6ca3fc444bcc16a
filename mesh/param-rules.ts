/** Rules for params that several services use. Each form is exact, so that the API's schema describes everything that is refused. */

const year = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})";
const leapYear = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
const month = "(?:0[1-9]|1[0-2])";
const day = "(?:0[1-9]|1[0-9]|2[0-8])";
const lateDay = "(?:(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)";
const fullDate = `(?:${year}-(?:${month}-${day}|${lateDay})|${leapYear}-02-29)`;
const time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))";

/** An existing calendar date: YYYY, YYYY-MM or YYYY-MM-DD. */
export const dateRule = {
  type: "string",
  pattern: new RegExp(`^(?:${year}(?:-${month})?|${fullDate})$`),
  messages: { stringPattern: "'{field}' must be a date that the calendar has: YYYY, YYYY-MM or YYYY-MM-DD." },
} as const;

/** An existing day of the calendar. */
export const dayRule = {
  type: "string",
  pattern: new RegExp(`^${fullDate}$`),
  messages: { stringPattern: "'{field}' must be a day that the calendar has: YYYY-MM-DD." },
} as const;

/** The source of a regular expression for a date, or a time with seconds and zone (RFC 3339). */
export const MOMENT_PATTERN = `${fullDate}(?:T${time})?`;

/** A date, or a time with seconds and zone (RFC 3339). */
export const momentRule = {
  type: "string",
  pattern: new RegExp(`^${MOMENT_PATTERN}$`),
  messages: { stringPattern: "'{field}' must be a date (YYYY-MM-DD), or a date and time with zone (YYYY-MM-DDThh:mm:ssZ)." },
} as const;

const minuteTime = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,9})?)?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?";

/** A date and time, at least to the minute, with a zone or by the hospital's clocks. */
export const timeRule = {
  type: "string",
  pattern: new RegExp(`^${fullDate}T${minuteTime}$`),
  messages: { stringPattern: "'{field}' must be a date and time (YYYY-MM-DDThh:mm), with or without seconds and zone." },
} as const;

/** An absolute or relative URI in FHIR's form: without white space. At most 500 characters. */
export const uriRule = {
  type: "string",
  min: 1,
  max: 500,
  pattern: /^[^\u0000-\u0020]+$/,
  messages: { stringPattern: "'{field}' must be a URI, without spaces." },
} as const;

/** A reason, in words that stay on record. */
export const reasonRule = { type: "string", trim: true, min: 1, max: 500 } as const;
