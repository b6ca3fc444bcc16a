/** Makes text of clients safe to show in errors and logs. */

/**
 * Characters that are invisible or affect how others are shown: control characters including C1, line separators, and direction
 * controls; also unpaired surrogates.
 */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\p{Cs}]/gu;

/** The text with such characters in JSON's notation: NUL becomes `\u0000`. */
export const visibleText = (text: string): string =>
  text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** A copy of JSON in which all texts are made visible; member names are the server's own. */
export function visibleTexts<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_, member) => (typeof member === "string" ? visibleText(member) : member));
}
