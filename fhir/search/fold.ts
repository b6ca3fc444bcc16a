const marks = /\p{M}+/gu;
const ascii = /^[\x21-\x7e]*(?: [\x21-\x7e]+)*$/;

/**
 * The form in which texts are compared: lower case, without accents, each run of white space one space, none at the ends.
 * `Adán` → `adan`, `Straße` → `strasse`, `İ` and `ı` → `i`. Rows and questions both go through it (R4 3.1.1.4.6).
 */
export function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(marks, "")
    .replace(/ß/g, "ss")
    .replace(/ı/g, "i")
    .replace(/ς/g, "σ")
    .replace(/\s+/g, " ")
    .trim();
}
