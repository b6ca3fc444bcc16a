import { outcome } from "./outcome.ts";
import { visibleText, visibleTexts } from "./visible-text.ts";

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
