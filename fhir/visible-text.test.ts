import { outcome } from "./outcome.ts";
import { INVISIBLE, isSeen, visibleText, visibleTexts } from "./visible-text.ts";

describe("input shown in messages", () => {
  it.each([
    ["NUL", "a\0b", "a\\u0000b"],
    ["an escape sequence of a terminal", "\u001b[2J", "\\u001b[2J"],
    ["one of C1", "\u009b2J", "\\u009b2J"],
    ["DEL", "a\u007f", "a\\u007f"],
    ["new lines", "a\r\nb", "a\\u000d\\u000ab"],
    ["separators of lines", "a\u2028b\u2029", "a\\u2028b\\u2029"],
    ["a turn of the direction", "a\u202egpj.exe\u2066", "a\\u202egpj.exe\\u2066"],
    ["half a pair", "a\ud800b", "a\\ud800b"],
    ["words of any language", "Ädelheid أحمد 😀 \\u0000", "Ädelheid أحمد 😀 \\u0000"],
  ])("shows %s", (_, sent, shown) => {
    expect(visibleText(sent)).toBe(shown);
    expect(visibleTexts({ data: [sent, 1, null] })).toEqual({ data: [shown, 1, null] });
    expect(outcome({ severity: "error", code: "invalid", diagnostics: sent, expression: [sent] }).issue).toEqual([
      { severity: "error", code: "invalid", diagnostics: shown, expression: [shown] },
    ]);
  });
});

describe("a text that shows nothing", () => {
  it("consists of what Unicode calls white space, controls, or default ignorable", () => {
    // Also the anchors of annotations, and the cell of Braille without dots.
    const nothing = /[\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u2800]/u;
    const published = new RegExp(`[${INVISIBLE}]`);
    const wrong: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code);
      const isNothing = nothing.test(character);
      if (isSeen(character) === isNothing || (code <= 0xffff && published.test(character) !== isNothing)) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  it("has no letter: a name among such characters is seen", () => {
    expect(["\u200b\u00ad", "\u{e0041}\u3164", " \u2800", ""].map(isSeen)).toEqual([false, false, false, false]);
    expect(["\u200bAda", "ا\u200cب", "ᄀ", "👩\u200d⚕\ufe0f", "-"].map(isSeen)).toEqual([true, true, true, true, true]);
  });
});
