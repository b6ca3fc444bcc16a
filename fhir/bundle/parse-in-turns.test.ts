import { parseInput } from "../json.ts";
import { parseInTurns } from "./parse-in-turns.ts";

describe("a large bundle", () => {
  const COUNT = 40;
  const patient = (family: string) => `{"resourceType":"Patient","name":[{"family":${JSON.stringify(family)}}],"x":[2.50,{"entry":[1]}]}`;
  const long = "x".repeat(120_000);
  const entry = (index: number, family = `${long} "]}, \\" ${index}`) =>
    ` {"fullUrl" : "urn:x:${index}","resource":${patient(family)}, "request":{"method":"POST","url":"Patient"}}`;
  const entries = (count = COUNT) => Array.from({ length: count }, (_, index) => entry(index));
  const bundle = (...items: string[]) =>
    `{"resourceType":"Bundle","meta":{"tag":[{"code":"entry"}]},"entry": [${items.join(",")}\n],"type":"batch"}`;

  let turns = 0;
  const turn = async () => {
    turns += 1;
  };
  beforeEach(() => {
    turns = 0;
  });
  const outcomeOf = async (parse: () => unknown) => {
    try {
      return JSON.stringify(await parse());
    } catch (error) {
      return error;
    }
  };

  it("is parsed with a turn for others before each entry", async () => {
    const text = bundle(...entries());
    expect(JSON.stringify(await parseInTurns(text, turn))).toBe(JSON.stringify(parseInput(text)));
    expect(turns).toBeGreaterThanOrEqual(COUNT);
  });

  it.each<[string, string]>([
    ["with entries that are no objects", bundle("1", ...entries(), "null", "[[{}]]", '"{"', entry(99), "{}")],
    ["without entries", `{"resourceType":"Bundle","id":"${long.repeat(40)}","entry":[]}`],
    ["whose entry is an object", `{"resourceType":"Bundle","entry":{"a":{"b":"${long.repeat(40)}"}}}`],
    ["that spells its members by escapes", bundle(...entries()).replace('"entry": [', '"\\u0065ntry": [')],
    ["whose id is called entry", bundle(...entries()).replace('"type"', '"id":"entry","identifier":[{"a":{}}],"type"')],
    ["that is a list", `[${entries().join(",")}]`],
    ["with two lists of entries", bundle(...entries()).replace('"type"', '"entry":[{}],"type"')],
    ["that ends early", bundle(...entries()).slice(0, -20)],
    ["with a comma too many", bundle(...entries(), "")],
    ["with a bracket too many", `${bundle(...entries())}]`],
    ["with too many objects", bundle(...entries(), `{"x":[${"{},".repeat(1_100_000)}{}]}`)],
  ])("is what JSON says: one %s", async (_, text) => {
    expect(await outcomeOf(() => parseInTurns(text, turn))).toEqual(await outcomeOf(() => parseInput(text)));
  });

  it("names the entry of a fault", async () => {
    const twice = entry(99).replace('"x":', '"name":');
    expect(await outcomeOf(() => parseInTurns(bundle(...entries(2), twice, ...entries()), turn))).toMatchObject({
      status: 422,
      issues: [{ code: "structure", expression: ["entry[2].resource.name"] }],
    });
    const harmful = entry(99).replace('"x":', '"__proto__":');
    expect(await outcomeOf(() => parseInTurns(bundle(...entries(), harmful), turn))).toMatchObject({
      status: 400,
      issues: [{ code: "structure", expression: [`entry[${COUNT}]`] }],
    });
    const broken = entry(99).replace('"x":', '"x"');
    expect(await outcomeOf(() => parseInTurns(bundle(...entries(), broken), turn))).toMatchObject({ status: 400 });
  });

  it("is parsed at once if it is small", async () => {
    const text = bundle(entry(1, "Rossi"));
    expect(JSON.stringify(await parseInTurns(text, turn))).toBe(JSON.stringify(parseInput(text)));
    expect(turns).toBe(0);
  });
});
