import { nonNull } from "../non-null.ts";

/**
 * Marks that folding removes. Not all marks: without its vowel signs a word in Hindi is another word, and so is one in Japanese
 * without its voicing marks.
 */
const MARKS = [
  "\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f", // of any letter: Latin, Greek, …
  "\\u0483-\\u0487", // Cyrillic
  "\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7", // the points of Hebrew
  "\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06dc\\u06df-\\u06e8\\u06ea-\\u06ed", // the vowels of Arabic, mostly left out in writing
  "\\u0711\\u0730-\\u074a", // and of Syriac
  "\\ufe00-\\ufe0f", // variants of a sign
];
/**
 * Characters that folding removes: accents, punctuation, and invisible ones: zero-width signs, soft hyphens, direction marks, and the tatweel,
 * which only lengthens an Arabic word.
 */
const ignored = new RegExp(`(?:\\p{P}|\\p{Default_Ignorable_Code_Point}|\u0640|[${MARKS.join("")}])+`, "gu");
const plain = /^(?:[A-Za-z0-9]+(?: [A-Za-z0-9]+)*)?$/;

/**
 * Accents that stand alone and letters of transcriptions, which people write for an apostrophe, or leave out: ``O`Brien``, `N´Diaye`, `ʿAlī`. Unicode
 * does not count them as punctuation, and decomposes some to a blank.
 */
const apostrophes = /[`\u00b4\u02b9-\u02bf\u02c8\u02ca\u02cb\u02ee\u055a\u1fbd\u1fbf\u1fef\u1ffd\ua78b\ua78c\uff40]+/g;

/** Letters with a stroke, others of Latin alphabets, and ligatures, which Unicode does not decompose, but which people search for without: `Łódź` by `lodz`. */
const marked = /[łøđðħŧæœþ]/g;
const unmarked: Record<string, string> = { ł: "l", ø: "o", đ: "d", ð: "d", ħ: "h", ŧ: "t", æ: "ae", œ: "oe", þ: "th" };

/**
 * Letters that Arabic, Persian and Urdu keyboards write differently in the same name, each mapped to one of them. Unicode decomposes those
 * with a hamza, except for the alef with a wavy one.
 */
const ARABIC: Record<string, string> = {
  "\u0671": "\u0627", // alef wasla
  "\u0672": "\u0627",
  "\u0673": "\u0627",
  "\u0649": "\u064a", // alef maksura
  "\u06cc": "\u064a", // Farsi yeh
  "\u06a9": "\u0643", // keheh
  "\u0629": "\u0647", // teh marbuta
  "\u06be": "\u0647", // heh with two eyes
  "\u06c1": "\u0647", // heh goal
  "\u06c3": "\u0647",
  "\u06d5": "\u0647",
};
const arabic = new RegExp(`[${Object.keys(ARABIC).join("")}]`, "g");

/** Characters that are decomposed at a time. Some become eighteen. */
const PIECE = 500;
/** A text of at most this length cannot have more marks on one letter. */
const MAX_MARKS = 30;
/** Characters of a decomposed text that are kept; no row has more. */
const MAX_DECOMPOSED = 8_000;

/**
 * Marks on one letter beyond the thirtieth (UAX #15, D3): no real text has so many, and bringing them into order takes a time that grows with
 * their square.
 */
const tooManyMarks = /(\p{M}{30})\p{M}+/gu;

/** Decomposes in pieces, so that no more is produced than is kept; from the beginning, so that a text and its prefixes have the same pieces. */
function decomposed(given: string): string {
  const text = given.length > MAX_MARKS ? given.replace(tooManyMarks, "$1") : given;
  if (text.length <= PIECE) return text.normalize("NFKD");
  let made = "";
  for (let at = 0; at < text.length && made.length < MAX_DECOMPOSED; at += PIECE) made += text.slice(at, at + PIECE).normalize("NFKD");
  return made.length > MAX_DECOMPOSED ? made.slice(0, MAX_DECOMPOSED) : made;
}

/**
 * The form in which texts are compared: lower case, without accents and punctuation, each run of white space one space, none at the ends; of
 * a long text the first 8,000 characters. `Adán` → `adan`, `Straße` → `strasse`, `İ` and `ı` → `i`. Applied to rows and to questions
 * (R4 3.1.1.4.8).
 */
export function fold(text: string): string {
  if (plain.test(text)) return text.toLowerCase();
  return decomposed(text.replace(apostrophes, ""))
    .toLowerCase()
    .replace(ignored, "")
    .normalize("NFC") // recomposes the syllables of Korean
    .replace(/ß/g, "ss")
    .replace(/ı/g, "i")
    .replace(/ς/g, "σ")
    .replace(marked, (letter) => nonNull(unmarked[letter]))
    .replace(arabic, (letter) => nonNull(ARABIC[letter]))
    .replace(/\s+/g, " ")
    .trim();
}
