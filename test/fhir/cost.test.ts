import { cpuUsage } from "node:process";
import { replaceLinksInCriteria } from "../../fhir/bundle/criteria-links.ts";
import { conditionalReferences, localReferences } from "../../fhir/bundle/replace-links.ts";
import { EvaluationBudget } from "../../fhir/expressions/budget.ts";
import { frameOf } from "../../fhir/frame.ts";
import { parseInput } from "../../fhir/json.ts";
import { applyPatch } from "../../fhir/patch/index.ts";
import { CandidateIndex } from "../../fhir/search/candidate-index.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { MAX_INDEX_ROWS } from "../../fhir/search/index-row-builder.ts";
import { resourceTypes } from "../../fhir/search/parameters.ts";
import { parseSearch } from "../../fhir/search/parse.ts";
import { textContentOf } from "../../fhir/search/text-content.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { subsetOf } from "../../fhir/subset.ts";
import { validate, validateWithProfiles } from "../../fhir/validate/index.ts";
import type { Profile } from "../../fhir/validate/profiles/tree.ts";
import type { CommittedState } from "../../store/plan-write.ts";
import { planWrite } from "../../store/write-planner.ts";
import type { Write } from "../../store/writes.ts";
import { filledEverywhere, listsOf } from "../kit/filled.ts";
import { create, indexOf as rowsOf, unlessIdentified, update } from "../kit/resources.ts";
import { profileOfPatient } from "../kit/profiles.ts";

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

/** Processor time that this process has used, its threads with it, milliseconds: other work on the machine does not count. */
function usedMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

const timeOf = (work: () => unknown): number => {
  const begun = usedMs();
  work();
  return usedMs() - begun;
};

/** Ten times as much may take this many times as long (each by each it would a hundred times), and so long in any case, milliseconds. */
const [TIMES, LEAST_MS] = [30, 400];

/** How the time has grown; undefined when it is as it should be. The shortest of three counts: garbage is collected in between. */
function excess(small: () => unknown, large: () => unknown): string | undefined {
  let after = timeOf(large);
  let before = 0;
  for (let round = 0; after > Math.max(LEAST_MS, TIMES * before); round++) {
    if (round === 3) return `${before.toFixed(1)} ms, ten times as much ${after.toFixed(1)} ms`;
    before = Math.max(before, timeOf(small));
    after = Math.min(after, timeOf(large));
  }
  return undefined;
}

describe("what one resource costs grows no faster than the resource", () => {
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
  }, 300_000);

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
  }, 300_000);

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

  it("with members that stand twice under a long name", () => {
    const text = `{"resourceType":"Patient","${"n".repeat(1_000_000)}":{${'"a":1,'.repeat(20_000)}"a":1}}`;
    const begun = usedMs();
    expect(() => parseInput(text)).toThrow(expect.objectContaining({ status: 422 }));
    expect(usedMs() - begun).toBeLessThan(2_000);
  });

  it("with names that are folded into many times their length", () => {
    const name = list(500, () => ({ family: "\ufdfa".repeat(8_000) }));
    const resource = { resourceType: "Patient", name };
    const begun = usedMs();
    expect(() =>
      indexOf({ resourceType: "Patient", name: list(5_000, (i) => ({ family: `${i}${"\ufdfa".repeat(450)}` })) }, MAX_INDEX_ROWS),
    ).toThrow(expect.objectContaining({ status: 422, issues: [expect.objectContaining({ code: "too-costly" })] }));
    indexOf(resource);
    expect(usedMs() - begun).toBeLessThan(10_000);
  });

  it("and is refused where it would be too much", () => {
    const identified = (count: number) => ({ resourceType: "Patient", identifier: list(count, (index) => ({ value: `${index}` })) });
    expect(indexOf(identified(MAX_INDEX_ROWS - 10), MAX_INDEX_ROWS).keys.length).toBeGreaterThan(19_000);
    expect(() => indexOf(identified(MAX_INDEX_ROWS + 1), MAX_INDEX_ROWS)).toThrow(expect.objectContaining({ status: 422 }));
    expect(indexOf(identified(MAX_INDEX_ROWS + 1)).keys.length).toBeGreaterThan(MAX_INDEX_ROWS); // what is stored already
  });
});

describe("what a patch costs", () => {
  const patient = (names: number): Json & { resourceType: string } => ({
    resourceType: "Patient",
    identifier: Array.from({ length: names }, (_, index) => ({ system: "s", value: `${index}` })),
  });
  const json = (size: number) => [
    { op: "add", path: "/photo", value: Array.from({ length: size }, () => ({ url: "u" })) },
    ...Array.from({ length: 900 }, () => ({ op: "remove", path: "/photo/0" })),
  ];
  const members = (size: number) => [
    { op: "add", path: "/x", value: Object.fromEntries(Array.from({ length: size }, (_, index) => [`m${index}`, 1])) },
    ...Array.from({ length: 900 }, (_, index) => ({ op: "remove", path: `/x/m${index}` })),
  ];

  it.each([
    ["a JSON Patch of a list", json],
    ["a JSON Patch of an object", members],
  ])("%s grows no faster than what it changes", async (_, make) => {
    const timed = async (size: number): Promise<number> => {
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 3; round++) {
        const begun = usedMs();
        await applyPatch(patient(1), make(size)).catch(() => {});
        best = Math.min(best, usedMs() - begun);
      }
      return best;
    };
    expect(await timed(50_000)).toBeLessThan(Math.max(LEAST_MS * 5, TIMES * (await timed(5_000))));
  });

  it("by paths is bounded, however many operations and elements there are", async () => {
    const parameter = Array.from({ length: 1_000 }, (_, index) => ({
      name: "operation",
      part: [
        { name: "type", valueCode: "replace" },
        { name: "path", valueString: `Patient.identifier.where(value = '${index}').system` },
        { name: "value", valueUri: "t" },
      ],
    }));
    const begun = usedMs();
    await expect(applyPatch(patient(50_000), { resourceType: "Parameters", parameter })).rejects.toMatchObject({
      status: 422,
      issues: [{ code: "too-costly" }],
    });
    expect(usedMs() - begun).toBeLessThan(6_000);
    expect(await applyPatch(patient(100), { resourceType: "Parameters", parameter: parameter.slice(0, 100) })).toMatchObject({
      identifier: expect.arrayContaining([{ system: "t", value: "99" }]),
    });
  });
});

describe("what a profile costs", () => {
  const check = (resource: Json, element: object[], budget = new EvaluationBudget()) =>
    validateWithProfiles(resource, {
      type: "Patient",
      profiles: [profileOfPatient("http://p.example", element) as Profile],
      stored: [],
      budget,
    });
  const many = <Item>(length: number, make: (index: number) => Item): Item[] => Array.from({ length }, (_, index) => make(index));
  const resource = { resourceType: "Patient", identifier: many(10_000, (index) => ({ system: `s${index}`, value: "v" })) };
  const slicing = { discriminator: [{ type: "value", path: "system" }], rules: "open" };
  const rule = (expression: string, index: number) => ({ key: `k${index}`, severity: "error", human: "X.", expression });

  it.each<[what: string, element: object[]]>([
    [
      "thousands of slices",
      [
        { id: "Patient.identifier", path: "Patient.identifier", slicing },
        ...many(5_000, (index) => ({
          id: `Patient.identifier:x${index}.system`,
          path: "Patient.identifier.system",
          sliceName: `x${index}`,
          fixedUri: `t${index}`,
        })),
      ],
    ],
    [
      "thousands of patterns in one",
      [
        {
          id: "Patient.identifier",
          path: "Patient.identifier",
          patternIdentifier: { type: { coding: many(5_000, (i) => ({ code: `${i}` })) } },
        },
      ],
    ],
    [
      "thousands of rules",
      [
        {
          id: "Patient.identifier",
          path: "Patient.identifier",
          constraint: many(2_000, (index) => rule(`value = 'v' or system = 'x${index}'`, index)),
        },
      ],
    ],
    [
      "rules that read the whole resource for each element",
      [{ id: "Patient", path: "Patient", constraint: [rule("identifier.all(%resource.identifier.all(value.exists()))", 1)] }],
    ],
    [
      "a rule of many conditions",
      [{ id: "Patient", path: "Patient", constraint: [rule(`identifier${".where(value.exists())".repeat(150)}.exists()`, 1)] }],
    ],
  ])("%s", async (_, element) => {
    const coded = {
      ...resource,
      identifier: resource.identifier.map((one) => ({ ...one, type: { coding: [{ code: "x" }, { code: "y" }] } })),
    };
    const begun = usedMs();
    const issues = await check(coded, element);
    expect(usedMs() - begun).toBeLessThan(6_000);
    expect(issues.some(({ code }) => code === "too-costly" || code === "not-supported" || code === "value")).toBe(true);
  });
});

describe("what the conditions of one write cost", () => {
  const nothingStored: CommittedState = {
    head: () => undefined,
    holder: () => undefined,
    held: () => [],
    counter: () => 0,
    isHandled: () => false,
    fenced: () => undefined,
    find: () => [],
  };

  it.each<[when: string, steps: (count: number) => Write[]]>([
    ["of creates", (count) => Array.from({ length: count }, (_, i) => create(`p${i}`, { identifier: `${i}` }, unlessIdentified(`${i}`)))],
    [
      "of steps that release what earlier ones have taken",
      (count) =>
        [0, 1].flatMap(() =>
          Array.from({ length: count }, (_, i) => update(`p${i}`, {}, { unique: [{ key: `bed:${i}`, error: "BED_OCCUPIED" }] })),
        ),
    ],
  ])("%s grow no faster than the write", (_, steps) => {
    const [small, large] = [steps(1_000), steps(10_000)];
    expect(
      excess(
        () => planWrite(small, nothingStored, 0),
        () => planWrite(large, nothingStored, 0),
      ),
    ).toBeUndefined();
  });

  it("sees what a later step has made of a resource, not what an earlier one had", () => {
    const steps = [
      create("a", { identifier: "1" }),
      update("a", { identifier: "2" }),
      create("b", { identifier: "1" }, unlessIdentified("1")),
      create("c", { identifier: "2" }, unlessIdentified("2")),
    ];
    expect(planWrite(steps, nothingStored, 0).results.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      "a created",
      "a updated",
      "b created",
      "a existed",
    ]);
  });

  it("is refused where each would be compared with all", () => {
    const after = { kind: "range", slots: [111], any: [{ lowGt: 1 }] } as Clause;
    const none = (index: number): Clause => ({ kind: "range", slots: [111], any: [{ lowGt: 1_000_000 + index }] });
    const steps = Array.from({ length: 5_000 }, (_, i) =>
      create(`p${i}`, { name: "a", born: i + 2 }, { ifNoneExist: { lock: `l${i}`, clauses: [after, none(i)] } }),
    );
    expect(() => planWrite(steps, nothingStored, 0)).toThrow(expect.objectContaining({ type: "TOO_COSTLY" }));
  });

  it("is refused where texts would be looked for in very many long ones", () => {
    const candidates = new CandidateIndex();
    const index = rowsOf({ name: "a".repeat(8_000) });
    for (let i = 0; i < 300; i++) candidates.add({ id: `p${i}`, updated: 0, index });
    const clause: Clause = { kind: "key", slots: [101], any: [{ facet: "~", contains: `b${"a".repeat(100)}` }] };
    const ask = () => Array.from({ length: 300 }, () => candidates.matching([clause]));
    expect(ask).toThrow(expect.objectContaining({ status: 422, issues: [expect.objectContaining({ code: "too-costly" })] }));
  });

  it("asks an index by its rarest value", () => {
    const candidates = new CandidateIndex(10_000);
    for (let i = 0; i < 1_000; i++) candidates.add({ id: `p${i}`, updated: 0, index: rowsOf({ name: "same", identifier: `${i}` }) });
    const clauses = (value: number) => parseSearchLike(`~same`, `=${value}`);
    for (let i = 0; i < 1_000; i++) expect(candidates.matching(clauses(i)).map(({ id }) => id)).toEqual([`p${i}`]);
  });

  it("asks it by how a value begins, also while more come: an identifier without its system, a name", () => {
    const candidates = new CandidateIndex(500_000);
    const asked = (index: number): Clause[] => [{ kind: "key", slots: [102], any: [{ prefix: `=${index}|` }] }];
    for (let i = 0; i < 1_000; i++) {
      expect(candidates.matching(asked(i))).toEqual([]);
      candidates.add({ id: `p${i}`, updated: 0, index: rowsOf({ name: "same", identifier: `${i}|urn:s` }) });
      expect(candidates.matching(asked(i)).map(({ id }) => id)).toEqual([`p${i}`]);
    }
    for (let i = 0; i < 1_000; i++) expect(candidates.matching(asked(i)).map(({ id }) => id)).toEqual([`p${i}`]);
  });
});

const parseSearchLike = (name: string, identifier: string): Clause[] => [
  { kind: "key", slots: [101], any: [{ eq: name }] },
  { kind: "key", slots: [102], any: [{ eq: identifier }] },
];

describe("what links in criteria cost", () => {
  it.each([
    ["thousands of links to whatever there is", `${"target.".repeat(50_000)}x=urn:uuid:1`],
    ["thousands of links back", `${"_has:Provenance:target:".repeat(50_000)}patient=urn:uuid:1`],
    ["thousands of chains", Array.from({ length: 10_000 }, (_, i) => `target.target.target.target.n${i}=urn:uuid:1`).join("&")],
  ])("%s", (_, query) => {
    const begun = usedMs();
    expect(replaceLinksInCriteria("Provenance", query, () => "Patient/1")).toBe(query);
    expect(usedMs() - begun).toBeLessThan(1_000);
  });

  it("as deep as a search may be they are found", () => {
    const query = "target.target.target.target.target.patient=urn:uuid:1";
    expect(replaceLinksInCriteria("Provenance", query, () => "Patient/1")).toBe(query.replace("urn:uuid:1", "Patient%2F1"));
  });
});

describe("what a search costs", () => {
  it("grows no faster than its values", () => {
    const search = (count: number): [string, string][] =>
      Array.from({ length: 50 }, () => ["identifier", Array.from({ length: count }, (_, i) => `s|${i}`).join(",")]);
    const [small, large] = [search(10), search(100)];
    const parsed = (pairs: [string, string][]) => {
      try {
        parseSearch("Patient", pairs, { base: "", handling: "strict" });
      } catch (error) {
        expect(error).toMatchObject({ status: 400 });
      }
    };
    expect(
      excess(
        () => parsed(small),
        () => parsed(large),
      ),
    ).toBeUndefined();
  });
});
