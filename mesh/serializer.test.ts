import { TextSerializer } from "./serializer.ts";

const serializer = new TextSerializer();
const there = (payload: unknown, packet = "RES") => serializer.deserialize(serializer.serialize(payload, packet));
const long = (text: string) => text.repeat(Math.ceil(600 / text.length));

describe("the serializer of packets", () => {
  it.each([
    ["short texts only", { data: { rows: [{ json: "{}" }], more: false } }],
    [
      "a page of resources",
      {
        data: {
          rows: [
            { seq: 1, json: long('{"a":"ä"}') },
            { seq: 2, json: "{}" },
            { seq: 3, json: long("𝒜\n") },
          ],
          more: true,
        },
      },
    ],
    ["a single text", { data: long("x"), success: true }],
    ["texts beside nothing", { data: [null, long("x"), 2.5, "", false, { a: [] }] }],
    ["half a character, which UTF-8 does not know", { data: { json: long("\ud800") } }],
    ["a zero at the beginning", { data: { json: long("\u0000") } }],
    ["more levels than are looked at", { a: { b: { c: { d: { e: { f: { g: long("x") } } } } } } }],
    ["names that objects have by themselves", JSON.parse(`{"data":{"__proto__":"${long("x")}","constructor":"${long("y")}"}}`)],
  ])("arrives as it was sent: %s", (_, payload) => {
    expect(JSON.stringify(there(payload))).toBe(JSON.stringify(payload));
  });

  it("sends what is not plain data as JSON would", () => {
    const at = new Date(0);
    expect(there({ data: { at, missing: undefined, json: long("x") } })).toEqual({ data: { at: at.toISOString(), json: long("x") } });
  });

  it("does not change the data that it sends", () => {
    const payload = { data: { rows: [{ json: long("x") }] } };
    const before = structuredClone(payload);
    serializer.serialize(payload, "RES");
    expect(payload).toEqual(before);
  });

  it("does not escape a resource", () => {
    const json = long('{"a":"b"}');
    expect(serializer.serialize({ data: { json } }, "REQ").includes(json)).toBe(true);
    expect(serializer.serialize({ data: { json } }, "INFO")[0]).toBe("{".charCodeAt(0));
  });
});
