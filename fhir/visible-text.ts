/** What can be seen of a text of clients: makes it safe to show in errors and logs, and finds one that shows nothing. */

/**
 * Characters that show nothing: white space, controls, Unicode's default ignorables, annotations and the blank of Braille, of the basic plane; as
 * the inside of a character class.
 */
export const INVISIBLE =
  "\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb";

/** Default ignorables beyond the basic plane: shorthand's and music's controls, tags. */
const INVISIBLE_BEYOND = "\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}";
/** Matches a text that shows something. */
export const SEEN = new RegExp(`[^${INVISIBLE}${INVISIBLE_BEYOND}]`, "u");

/** Whether a text shows anything: a name of zero-width spaces does not. */
export const isSeen = (text: string): boolean => SEEN.test(text);

/**
 * Characters that are invisible or affect how others are shown: control characters including C1, line separators, and direction
 * controls; also unpaired surrogates.
 */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\p{Cs}]/gu;

/** The text with such characters in JSON's notation: NUL becomes `\u0000`. */
export const visibleText = (text: string): string =>
  PLAIN.test(text) ? text : text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Nearly all texts: a quick test for an error with thousands of them. */
const PLAIN = /^[\x20-\x7e]*$/;

/** A copy of JSON in which all texts are made visible; member names are the server's own. */
export function visibleTexts<Value>(value: Value): Value {
  if (typeof value === "string") return visibleText(value) as Value;
  if (Array.isArray(value)) return value.map(visibleTexts) as Value;
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) if (member !== undefined) copy[name] = visibleTexts(member as unknown);
  return copy as Value;
}
