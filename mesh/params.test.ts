import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { dateRule, momentRule, uriRule } from "./param-rules.ts";
import { ParamsValidator } from "./params.ts";

type Fault = { type: string; field?: string; message: string };
const faultsOf = (rules: Record<string, unknown>, params: object): true | Fault[] =>
  new ParamsValidator().compile(rules)(params as Record<string, unknown>) as true | Fault[];
const typesOf = (rules: Record<string, unknown>, params: object) => {
  const faults = faultsOf(rules, params);
  return faults === true ? [] : faults.map(({ type, field }) => [field, type]);
};

describe("the validation of params", () => {
  const rules = {
    text: { type: "string", max: 10, optional: true },
    list: { type: "array", max: 5, items: { type: "string", max: 10 }, optional: true },
    inner: { type: "object", strict: true, props: { number: "number" }, optional: true },
    choice: { type: "enum", values: ["a", "b"], optional: true },
    either: [
      { type: "object", strict: true, props: { n: "number" }, optional: true },
      { type: "object", strict: true, props: { t: "string" }, optional: true },
    ],
    $$strict: true,
  };

  it.each([
    ["accepted", { text: "a" }],
    ["refused", { text: 7, more: true }],
  ])("keeps nothing of a call that it has %s", async (_, params) => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const check = new ParamsValidator().compile(rules);
    const kept = (() => {
      const [given, ctx] = [{ ...params }, { of: "a request" }];
      check(given, { meta: ctx } as never);
      return [new WeakRef(given), new WeakRef(ctx)];
    })();
    await new Promise(setImmediate);
    collect();
    expect(kept.map((it) => it.deref())).toEqual([undefined, undefined]);
    expect(check({ text: "a" })).toBe(true);
  });

  // None of these can be made a text: "Cannot convert object to primitive value".
  const odd: [string, unknown][] = [
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["a list of one", [Object.create(null)]],
    ["an object whose toString is null", { toString: null, valueOf: null }],
    ["a list of one", [[{ toString: null }]]],
    ["a number as it was written", (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON("1.0")],
    ["a list of such", [false, null, (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON("1.0")]],
  ];
  it.each(odd)("refuses %s wherever a text, a number or a word is expected, with a sentence", (_, value) => {
    expect(typesOf(rules, { text: value })).toEqual([["text", "string"]]);
    expect(typesOf(rules, { list: [value] })).toEqual([["list[0]", "string"]]);
    expect(typesOf(rules, { inner: { number: value } })).toEqual([["inner.number", "number"]]);
    expect(typesOf(rules, { choice: value })).toEqual([["choice", "enumValue"]]);
    expect(typesOf(rules, { either: { n: value } })).toEqual(expect.arrayContaining([["either.n", "number"]]));
  });

  it("does not repeat the values, which may name a patient", () => {
    const faults = faultsOf(rules, { text: "Ada Rossi, born in 1980", choice: "Ada", list: "Ada" });
    expect(faults).toHaveLength(3);
    expect(JSON.stringify(faults)).not.toContain("Ada");
  });

  it("reports at most twenty faults, and a short list of unknown names", () => {
    const many = { list: Array.from({ length: 10_000 }, () => 1), ["x".repeat(100_000)]: 1 };
    const faults = faultsOf(rules, many) as Fault[];
    expect(faults).toHaveLength(20);
    const [unknown] = faultsOf(rules, { ["x".repeat(100_000)]: 1 }) as Fault[];
    expect(unknown).toMatchObject({ type: "objectStrict" });
    expect(unknown?.message.length).toBeLessThan(300);
  });

  it("takes null as no value, also for optional params", () => {
    expect(typesOf(rules, { text: null })).toEqual([["text", "required"]]);
    expect(typesOf(rules, { list: [null] })).toEqual([["list", "required"]]);
    expect(typesOf({ any: "any" }, { any: null })).toEqual([]);
  });

  it("counts characters, not code units", () => {
    expect(typesOf(rules, { text: "😀".repeat(10) })).toEqual([]);
    expect(typesOf(rules, { text: "😀".repeat(11) })).toEqual([["text", "stringMax"]]);
  });

  it("says which form a string should have, in words where there are some, without the value", () => {
    const forms = {
      code: { type: "string", pattern: /^[a-z]{2,3}"\\$/ },
      name: { type: "string", pattern: /^[A-Z]+$/, description: "A name in capitals." },
    };
    const faults = faultsOf(forms, { code: "Smith", name: "smith" });
    const told = faults === true ? [] : faults.map(({ message }) => message);
    expect(told).toEqual([
      `'code' does not have the form that it should: ^[a-z]{2,3}"\\\\$.`,
      "'name' does not have the form that it should: A name in capitals.",
    ]);
  });

  it("refuses control characters in a bounded string, and accepts a long plain text", () => {
    expect(typesOf(rules, { text: "a\u0007b" })).toEqual([["text", "stringControl"]]);
    expect(typesOf(rules, { text: "a\tb\r\n" })).toEqual([]);
    expect(typesOf({ text: "string" }, { text: "a\u0007b" })).toEqual([]);
  });

  it("trims strings", () => {
    const params = { name: " Ada " };
    expect(faultsOf({ name: { type: "string", trim: true, min: 1, max: 9 } }, params)).toBe(true);
    expect(params.name).toBe("Ada");
  });

  it("fails at the start for an option that it does not know", () => {
    expect(() => faultsOf({ text: { type: "string", lowercase: true } }, {})).toThrow('The rule of the param "text" has lowercase');
  });
});

describe("a date", () => {
  const isDate = (date: string) => faultsOf({ date: dateRule }, { date }) === true;
  it("must exist in the calendar", () => {
    for (let year = 1896; year <= 2104; year++) {
      for (let month = 1; month <= 12; month++) {
        const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
        const at = (day: number) => `${year}-${`${month}`.padStart(2, "0")}-${`${day}`.padStart(2, "0")}`;
        expect([at(days), isDate(at(days)), isDate(at(days + 1)), isDate(at(0))]).toEqual([at(days), true, false, false]);
      }
    }
  });

  it.each(["0000", "1980-00", "1980-13", "1980-1", "80", "1980-01-31T00:00:00Z", "1980-01-31\n", ""])("is not %j", (text) =>
    expect(isDate(text)).toBe(false),
  );

  it.each([
    ["2026-11-28", true],
    ["2026-11-28T10:00:00Z", true],
    ["2026-11-28T10:00:00.123+01:00", true],
    ["2026-11-28T99", false],
    ["2026-11-31", false],
    ["2026-11-28T24:00:00Z", false],
    ["2026-11-28T10:00:00", false],
  ])("and time: %s is %s", (at, isOne) => expect(faultsOf({ at: momentRule }, { at }) === true).toBe(isOne));
});

describe("a URI", () => {
  it.each([
    ["urn:mrn", true],
    ["a b", false],
    ["", false],
    ["a\u0001", false],
  ])("%j: %s", (uri, isOne) => expect(faultsOf({ uri: uriRule }, { uri }) === true).toBe(isOne));
});
