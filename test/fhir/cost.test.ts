/** What the largest of resources costs on its way into a store and out again. */
import { excess, usedMs } from "../kit/growth.ts";
import { conditionalReferences, localReferences } from "../../fhir/bundle/replace-links.ts";
import { frameOf } from "../../fhir/frame.ts";
import { parseInput } from "../../fhir/json.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { MAX_INDEX_ROWS } from "../../fhir/search/index-row-builder.ts";
import { resourceTypes } from "../../fhir/search/parameters.ts";
import { textContentOf } from "../../fhir/search/text-content.ts";
import { subsetOf } from "../../fhir/subset.ts";
import { validate } from "../../fhir/validate/index.ts";
import { filledEverywhere, listsOf } from "../kit/filled.ts";

type Json = Record<string, unknown>;

/** What all that a resource goes through on its way into a store, and out again. */
function process(text: string): void {
  const resource = parseInput(text) as Json & { resourceType: string };
  validate(resource, { type: resource.resourceType });
  indexOf(resource);
  textContentOf(resource);
  conditionalReferences(resource);
  localReferences(text, ["http://a.example"]);
  subsetOf(resource, { summary: "true" });
  frameOf(resource);
}

describe("the cost of a resource grows no faster than its size", () => {
  it("in each list that a type may have", () => {
    const seen = new Set<string>();
    const found: string[] = [];
    let lists = 0;
    for (const { path, type, fill } of resourceTypes.flatMap(listsOf)) {
      // HumanName is HumanName: one type of resources shows it.
      if (seen.has(type)) continue;
      seen.add(type);
      lists += 1;
      const [small, large] = [500, 5_000].map((items) => JSON.stringify(fill(items))) as [string, string];
      const grown = excess(
        () => process(small),
        () => process(large),
      );
      if (grown) found.push(`${path}: ${grown}`);
    }
    expect(lists).toBeGreaterThan(300);
    expect(found).toEqual([]);
  });

  it("in all lists of a type together", () => {
    const found: string[] = [];
    // Each list by itself was looked at above; what lists do to one another a third of the types shows.
    for (const type of resourceTypes.filter((_, index) => index % 3 === 0)) {
      const [small, large] = [100, 1_000].map((items) => JSON.stringify(filledEverywhere(type, items))) as [string, string];
      const grown = excess(
        () => process(small),
        () => process(large),
      );
      if (grown) found.push(`${type}: ${grown}`);
    }
    expect(found).toEqual([]);
  });

  const list = <Item>(length: number, make: (index: number) => Item): Item[] => Array.from({ length }, (_, index) => make(index));

  it.each<[what: string, make: (size: number) => Json]>([
    [
      "references to what it contains",
      (size) => ({
        resourceType: "List",
        status: "current",
        mode: "working",
        contained: list(size, (index) => ({ resourceType: "Basic", id: `c${index}`, code: { text: "x" } })),
        entry: list(size, (index) => ({ item: { reference: `#c${index}` } })),
      }),
    ],
    [
      "a composite of its own list and a backbone's",
      (size) => ({
        resourceType: "MolecularSequence",
        coordinateSystem: 0,
        referenceSeq: { chromosome: { coding: list(size, (index) => ({ code: `c${index}` })) } },
        variant: list(size, (index) => ({ start: index, end: index })),
      }),
    ],
    [
      "an object with members that R4 does not have",
      (size) => ({ resourceType: "Patient", name: [Object.fromEntries(list(size, (index) => [`x${index}`, 1]))] }),
    ],
    [
      "codings of codings",
      (size) => ({
        resourceType: "Observation",
        status: "final",
        code: { coding: list(size, (index) => ({ system: "s", code: `c${index}` })) },
        component: list(size, (index) => ({ code: { coding: [{ system: "s", code: `d${index}` }] }, valueCodeableConcept: { text: "x" } })),
      }),
    ],
    [
      "a narrative of many elements",
      (size) => ({
        resourceType: "Basic",
        code: { text: "x" },
        text: { status: "generated", div: `<div xmlns="http://www.w3.org/1999/xhtml">${'<a href="#x">a</a>&#32;'.repeat(size)}</div>` },
      }),
    ],
  ])("with %s", (_, make) => {
    const [small, large] = [1_000, 10_000].map((size) => JSON.stringify(make(size))) as [string, string];
    expect(
      excess(
        () => process(small),
        () => process(large),
      ),
    ).toBeUndefined();
  });

  const narrative = (content: string): Json => ({
    resourceType: "Basic",
    code: { text: "x" },
    text: { status: "generated", div: `<div xmlns="http://www.w3.org/1999/xhtml">${content}</div>` },
  });

  it.each([
    ["tags", "<b>a</b>"],
    ["empty tags", "a<br/>"],
    ["comments", "a<!-- b -->"],
    ["character references", "&amp;"],
    ["words", "word "],
  ])("with a narrative of 30 MB of %s", (_, part) => {
    const text = JSON.stringify(narrative(part.repeat(30_000_000 / part.length)));
    const costs = list(3, () => {
      const begun = usedMs();
      process(text);
      return usedMs() - begun;
    });
    // The least: the garbage of other tests, which is collected meanwhile, is not its cost.
    expect(Math.min(...costs)).toBeLessThan(800);
  });

  it("with many narratives in one resource, whose markup is counted together", () => {
    const table = "<p>a &amp; b</p>".repeat(50_000);
    const contained = (count: number) => list(count, (index) => ({ ...narrative(table), id: `c${index}` }));
    const holding = (count: number) => ({
      ...narrative("x"),
      contained: contained(count),
      extension: list(count, (index) => ({ url: "http://a.example", valueReference: { reference: `#c${index}` } })),
    });
    const faultsOf = (count: number) => validate(holding(count), { type: "Basic" }).filter(({ code }) => code === "too-costly");
    expect(faultsOf(3)).toEqual([]);
    expect(faultsOf(4)).toMatchObject([{ expression: ["Basic.contained[3].text.div"] }]);
  });

  it("with duplicate members of a long name", () => {
    const text = `{"resourceType":"Patient","${"n".repeat(1_000_000)}":{${'"a":1,'.repeat(20_000)}"a":1}}`;
    const begun = usedMs();
    expect(() => parseInput(text)).toThrow(expect.objectContaining({ status: 422 }));
    expect(usedMs() - begun).toBeLessThan(2_000);
  });

  it("with names that fold to many times their length", () => {
    const name = list(500, () => ({ family: "\ufdfa".repeat(8_000) }));
    const resource = { resourceType: "Patient", name };
    const begun = usedMs();
    expect(() =>
      indexOf({ resourceType: "Patient", name: list(5_000, (i) => ({ family: `${i}${"\ufdfa".repeat(450)}` })) }, MAX_INDEX_ROWS),
    ).toThrow(expect.objectContaining({ status: 422, issues: [expect.objectContaining({ code: "too-costly" })] }));
    indexOf(resource);
    expect(usedMs() - begun).toBeLessThan(10_000);
  });

  it("and it is refused if it would be too high", () => {
    const identified = (count: number) => ({ resourceType: "Patient", identifier: list(count, (index) => ({ value: `${index}` })) });
    expect(indexOf(identified(MAX_INDEX_ROWS - 10), MAX_INDEX_ROWS).keys.length).toBeGreaterThan(19_000);
    expect(() => indexOf(identified(MAX_INDEX_ROWS + 1), MAX_INDEX_ROWS)).toThrow(expect.objectContaining({ status: 422 }));
    expect(indexOf(identified(MAX_INDEX_ROWS + 1)).keys.length).toBeGreaterThan(MAX_INDEX_ROWS); // what is stored already
  });
});
