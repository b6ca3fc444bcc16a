/** What somebody has sent, where it is shown again: in refusals and in the log. */

/**
 * What is not seen, or changes how the rest is seen: control characters, also those of C1, line separators, and what turns the direction of
 * writing. Half a surrogate pair is no character.
 */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\p{Cs}]/gu;

/** The text with such characters written as JSON writes them: NUL as `\u0000`. */
export const visibleText = (text: string): string =>
  text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** A copy of JSON in which all texts are visible; names of members are ours. */
export function visibleTexts<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_, member) => (typeof member === "string" ? visibleText(member) : member));
}
