/** Accents, and punctuation. */
const ignored = /[\p{M}\p{P}]+/gu;
const plain = /^[A-Za-z0-9]*(?: [A-Za-z0-9]+)*$/;

/** Letters whose stroke or ligature is a part of the letter to Unicode, but a mark on it to who searches: `Łódź` by `lodz`. */
const marked = /[łøđħŧæœ]/g;
const unmarked: Record<string, string> = { ł: "l", ø: "o", đ: "d", ħ: "h", ŧ: "t", æ: "ae", œ: "oe" };

/**
 * The form in which texts are compared: lower case, without accents and punctuation, each run of white space
 * one space, none at the ends.
 * `Adán` → `adan`, `Straße` → `strasse`, `İ` and `ı` → `i`. Rows and questions both go through it (R4 3.1.1.4.8).
 */
export function fold(text: string): string {
  if (plain.test(text)) return text.toLowerCase();
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(ignored, "")
    .replace(/ß/g, "ss")
    .replace(/ı/g, "i")
    .replace(/ς/g, "σ")
    .replace(marked, (letter) => unmarked[letter]!)
    .replace(/\s+/g, " ")
    .trim();
}
