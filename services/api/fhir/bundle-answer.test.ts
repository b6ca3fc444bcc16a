import { bundleAnswer, keptEntry } from "./bundle-answer.ts";

describe("the answer to a bundle", () => {
  const entry = (text: string) => keptEntry(JSON.stringify({ resource: { resourceType: "Basic", code: { text } } }));
  const textOf = ({ body, bytes = [] }: ReturnType<typeof bundleAnswer>) => body ?? Buffer.concat([bytes].flat()).toString();

  it.each([
    ["without entries", []],
    ["of short entries", ["a", "b", "ä"]],
    ["of a long entry", ["a", "x".repeat(100_000)]],
    ["of many short entries", Array.from({ length: 20_000 }, (_, index) => `نص ${index}`)],
    ["of long entries among short ones", ["a", "ب".repeat(400_000), "b", "c", "é".repeat(900_000)]],
    ["that ends with a long one", ["x".repeat(2_000_000)]],
  ])("%s is one Bundle with all of them in order", (_, texts) => {
    const bundle = JSON.parse(textOf(bundleAnswer("batch-response", texts.map(entry))));
    expect([bundle.resourceType, bundle.type]).toEqual(["Bundle", "batch-response"]);
    expect((bundle.entry ?? []).map((it: { resource: { code: { text: string } } }) => it.resource.code.text)).toEqual(texts);
  });

  it("is a text if it is short, which can be indented, and otherwise bytes that share those of its entries", () => {
    expect(bundleAnswer("batch-response", [entry("a"), entry("x".repeat(100_000))])).toMatchObject({ body: expect.any(String) });
    const long = entry("ب".repeat(400_000));
    const { body, bytes } = bundleAnswer("batch-response", [entry("a"), long]);
    expect([body, [bytes].flat().includes(long as Buffer)]).toEqual([undefined, true]);
  });
});
