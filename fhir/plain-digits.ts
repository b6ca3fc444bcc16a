/** Replaces the decimal digits of any script by those of ASCII: Arabic, Persian, Devanagari, full-width, … */
export const plainDigits = (text: string): string => text.replace(/(?![0-9])\p{Nd}/gu, digitOf);

/** The value of a digit in another script: Unicode encodes the ten digits of each in a row (UAX #44). */
function digitOf(sign: string): string {
  const own = sign.codePointAt(0) as number;
  let first = own;
  while (own - first < 10 && /\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((own - first) % 10);
}

/**
 * Prepares a text that a person typed or pasted, so that a number or date can be read from it: ASCII digits, the Arabic comma as a comma, and no
 * marks of writing direction, which come with text that is copied from a page.
 */
export const plainTyped = (text: string): string =>
  plainDigits(text)
    .replace(/\p{Bidi_Control}/gu, "")
    .replaceAll("،", ",")
    .trim();
