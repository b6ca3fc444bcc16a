/**
 * One key for a name in Arabic and in Latin letters: its consonants, in classes that spellings do not distinguish. Vowels, long ones included, and
 * what is written by the same letters (ou, w, y, ع) are left out: محمد becomes mhmd, as do Mohamed and Muhammad. The Latin spellings are those
 * of the Maghreb (ch, dj, kh, gh, ou), and of English (sh, j, oo).
 */

/** Letters of the Arabic script, folded, each with the consonant that spells it. A letter that is missing here is a vowel, or written as one. */
const LETTERS: Readonly<Record<string, string>> = {
  ب: "b",
  پ: "b",
  ت: "t",
  ث: "t",
  ط: "t",
  ج: "j",
  ژ: "j",
  ح: "h",
  ه: "h",
  خ: "x",
  د: "d",
  ذ: "d",
  ض: "d",
  ظ: "d",
  ر: "r",
  ز: "z",
  س: "s",
  ص: "s",
  ش: "c",
  چ: "c",
  غ: "q",
  ف: "f",
  ڤ: "f",
  ق: "k",
  ك: "k",
  گ: "k",
  ڨ: "k",
  ل: "l",
  م: "m",
  ن: "n",
};

/** Consonants that are spelled by several Latin letters, or by one before certain others; applied in this order. */
const SPELLINGS: readonly [spelled: RegExp, as: string][] = [
  [/t?s?ch|sh/g, "C"],
  [/kh/g, "X"],
  [/gh/g, "Q"],
  [/d[jg]/g, "J"],
  [/th/g, "T"],
  [/dh/g, "D"],
  [/ph/g, "F"],
  [/x/g, "KS"],
  [/c(?=[eiy])/g, "S"],
  [/[cgkq]/g, "K"],
  [/p/g, "B"],
  [/v/g, "F"],
];

const ARABIC = /\p{Script=Arabic}/u;
const LATIN = /[a-z]/;

/** The script of a folded word; undefined: another one, or both. */
export function scriptOf(folded: string): "arabic" | "latin" | undefined {
  const [isArabic, isLatin] = [ARABIC.test(folded), LATIN.test(folded)];
  return isArabic === isLatin ? undefined : isArabic ? "arabic" : "latin";
}

/** The consonants of a folded name of any number of words; "" if it has none. */
export function consonantsOf(folded: string): string {
  const classes =
    scriptOf(folded) === "arabic"
      ? [...folded].map((letter) => LETTERS[letter] ?? "").join("")
      : SPELLINGS.reduce((text, [spelled, as]) => text.replace(spelled, as), folded)
          .toLowerCase()
          .replace(/[^bcdfhjklmnqrstxz]/g, "");
  // A doubled consonant sounds like one; an h at the end belongs to the ending of a woman's name.
  return classes.replace(/(.)\1+/g, "$1").replace(/h$/, "");
}
