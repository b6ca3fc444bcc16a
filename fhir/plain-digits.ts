/** The text with the digits of any script as those of ASCII: Arabic, Persian, Devanagari, full-width, … */
export const plainDigits = (text: string): string => text.replace(/(?![0-9])\p{Nd}/gu, digitOf);

/** The value of a digit of another script: Unicode has the ten of each in a row (UAX #44). */
function digitOf(sign: string): string {
  const own = sign.codePointAt(0) as number;
  let first = own;
  while (own - first < 10 && /\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((own - first) % 10);
}

/**
 * A text as people type or paste it, for a number or a date to be read from it: plain digits, the Arabic comma as a comma, and no signs of the
 * direction of writing, which come along with what is copied from a page.
 */
export const plainTyped = (text: string): string =>
  plainDigits(text)
    .replace(/\p{Bidi_Control}/gu, "")
    .replaceAll("،", ",")
    .trim();
