import { measuredQuantity, readMeasuredNumber, readTypedNumber } from "./typed-number.ts";

describe("a number given as text", () => {
  it.each([
    ["5", { value: 5 }],
    ["5.2", { value: 5.2 }],
    ["5,2", { value: 5.2 }],
    ["1.250", { value: 1.25 }],
    ["0,125", { value: 0.125 }],
    ["1250", { value: 1250 }],
    ["1250,5", { value: 1250.5 }],
    ["٥٫٢", { value: 5.2 }],
    ["۱۲۵۰", { value: 1250 }],
    ["<5", { value: 5, comparator: "<" }],
    [" ≤ 3,5 ", { value: 3.5, comparator: "<=" }],
    [">= 10", { value: 10, comparator: ">=" }],
    ["\u200f<٥", { value: 5, comparator: "<" }],
    ["−2", { value: -2 }],
    ["٧،٢", { value: 7.2 }], // the comma of an Arabic keyboard
    ["\u2067<٠،٥\u2069", { value: 0.5, comparator: "<" }],
  ])("%j is read", (text, read) => {
    expect(readTypedNumber(text)).toEqual(read);
  });

  it.each([
    "1,250",
    "<1,250",
    "١,٢٥٠",
    "١،٢٥٠",
    "١،٢،٣",
    "1,250.5",
    "1.250,5",
    "1 250",
    "1\u202f250",
    "1'250",
    "1٬250",
    "1.2.3",
    ".5",
    "5.",
    "5,",
    "5 6",
    "1e3",
    "=<5",
    "<>5",
    "9".repeat(400),
  ])("%j is not guessed", (text) => {
    expect(readTypedNumber(text)).toBe("unclear");
  });

  it.each(["haemolytic", "5 or 6", "1:80", "2+", "+2", "120/80", "10-20", "5 mg", "", "<", "négatif"])("%j is in words", (text) => {
    expect(readTypedNumber(text)).toBeUndefined();
  });

  it.each([
    ["13.50", "13.50"],
    ["13,50", "13.50"],
    ["٥٫٠", "5.0"],
    ["−2.0", "-2.0"],
    ["007.10", "7.10"],
    ["0.0", "0.0"],
    ["13.5", "13.5"],
    ["007", "7"],
  ])("%j keeps its digits as a measured value", (text, json) => {
    const { value, comparator } = measuredQuantity(readMeasuredNumber(`<${text}`) as { value: number });
    expect([JSON.stringify(value), comparator]).toEqual([json, "<"]);
  });
});
