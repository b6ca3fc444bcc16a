import * as fc from "fast-check";
import { fold } from "./fold.ts";

describe("folded texts", () => {
  it.each([
    ["Adán", "adan"],
    ["ADA\u0301N", "adan"],
    ["İstanbul", "istanbul"],
    ["ısparta", "isparta"],
    ["I", "i"],
    ["Straße", "strasse"],
    ["Łódź", "lodz"],
    ["Søren Đặng", "soren dang"],
    ["Æsop", "aesop"],
    ["STRAẞE", "strasse"],
    ["  van\t der\n Berg ", "van der berg"],
    ["ﬁ", "fi"],
    ["Ελένη", "ελενη"],
    ["ΠΑΠΠΑΣ", "παππασ"],
    ["Ёлка", "елка"],
    ["O'Brien-Smith, Jr.", "obriensmith jr"],
    ["O`Brien N´Diaye dʼArc Dˈ Angelo", "obrien ndiaye darc d angelo"],
    ["ʿAbd al-Raḥmān Abū ʾl-ʻAlāʼ", "abd alrahman abu lala"],
    ["Þórður", "thordur"],
    ["각시", "각시"],
    ["가", "가"],
    ["हिन्दी", "हिन्दी"],
    ["ガ", "ガ"],
    ["か\u3099", "が"],
    ["שָׁלוֹם", "שלום"],
    ["مُحَمَّد", "محمد"],
    ["Nguyễn", "nguyen"],
    ["Mül\u200bler\u00ad", "muller"],
    ["\u200fMüller\u200e \u2066Ann\u2069\ufeff", "muller ann"],
    ["می\u200cخواهم", "ميخواهم"],
    ["علی", "علي"],
    ["کریم", "كريم"],
    ["ھادی", "هادي"],
    ["مـحـمـد", "محمد"],
    ["أحمد إبراهيم", "احمد ابراهيم"],
    ["رؤوف رئيس", "رووف رييس"],
    ["ٱلسيدة", "السيده"],
    ["موسى", "موسي"],
    [" Rossi", "rossi"],
    ["Rossi ", "rossi"],
    ["\u200b\u00ad", ""],
    ["...", ""],
    ["", ""],
  ])("%j is folded to %j", (text, folded) => {
    expect(fold(text)).toBe(folded);
  });

  it("have no white space at their ends, nor twice in a row, wherever the text has it", () => {
    const blank = fc.constantFrom("", " ", "  ", "\t", "\u00a0");
    const word = fc.constantFrom("a", "Rossi", "7", "é", "-");
    fc.assert(
      fc.property(fc.array(fc.tuple(blank, word, blank), { maxLength: 4 }), (parts) => {
        expect(fold(parts.map((part) => part.join("")).join(""))).toMatch(/^(?:\S+(?: \S+)*)?$/);
      }),
    );
  });

  it("keep a limited number of marks per letter, as sorting them takes the square of their number", () => {
    for (const [first, second] of ["\u0e48\u0e38", "\u0f72\u0f71", "\u094d\u093c"] as Iterable<string>) {
      const folded = fold(`k${`${first}${second}`.repeat(4_000)}`);
      expect(folded.length).toBeLessThanOrEqual(32);
    }
  });

  it("are unchanged when folded again", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => expect(fold(fold(text))).toBe(fold(text))));
  });

  it("ignore case", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => expect(fold(text.toUpperCase())).toBe(fold(text.toLowerCase()))),
    );
  });
});
