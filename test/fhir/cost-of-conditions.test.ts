/** What the most conditions, links in criteria and searches cost. */
import { excess, usedMs } from "../kit/growth.ts";
import { replaceLinksInCriteria } from "../../fhir/bundle/criteria-links.ts";
import { CandidateIndex } from "../../fhir/search/candidate-index.ts";
import { parseSearch } from "../../fhir/search/parse-search.ts";
import type { Clause } from "../../fhir/search/query.ts";
import type { CommittedState } from "../../store/plan-write.ts";
import { planWrite } from "../../store/write-planner.ts";
import type { Write } from "../../store/writes.ts";
import { create, indexOf as rowsOf, unlessIdentified, update } from "../kit/resources.ts";

const parseSearchLike = (name: string, identifier: string): Clause[] => [
  { kind: "key", slots: [101], any: [{ eq: name }] },
  { kind: "key", slots: [102], any: [{ eq: identifier }] },
];

describe("the cost of the conditions of one write", () => {
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

  it("counts a resource as the latest step has left it", () => {
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

  it("is refused if each would be compared with all", () => {
    const after = { kind: "range", slots: [111], any: [{ lowGt: 1 }] } as Clause;
    const none = (index: number): Clause => ({ kind: "range", slots: [111], any: [{ lowGt: 1_000_000 + index }] });
    const steps = Array.from({ length: 5_000 }, (_, i) =>
      create(`p${i}`, { name: "a", born: i + 2 }, { ifNoneExist: { lock: `l${i}`, clauses: [after, none(i)] } }),
    );
    expect(() => planWrite(steps, nothingStored, 0)).toThrow(expect.objectContaining({ type: "TOO_COSTLY" }));
  });

  it("is refused if texts would be searched in very many long ones", () => {
    const candidates = new CandidateIndex();
    const index = rowsOf({ name: "a".repeat(8_000) });
    for (let i = 0; i < 300; i++) candidates.add({ id: `p${i}`, updated: 0, index });
    const clause: Clause = { kind: "key", slots: [101], any: [{ facet: "~", contains: `b${"a".repeat(100)}` }] };
    const ask = () => Array.from({ length: 300 }, () => candidates.matching([clause]));
    expect(ask).toThrow(expect.objectContaining({ status: 422, issues: [expect.objectContaining({ code: "too-costly" })] }));
  });

  it("is low by an index of the rarest value", () => {
    const candidates = new CandidateIndex(10_000);
    for (let i = 0; i < 1_000; i++) candidates.add({ id: `p${i}`, updated: 0, index: rowsOf({ name: "same", identifier: `${i}` }) });
    const clauses = (value: number) => parseSearchLike(`~same`, `=${value}`);
    for (let i = 0; i < 1_000; i++) expect(candidates.matching(clauses(i)).map(({ id }) => id)).toEqual([`p${i}`]);
  });

  it("is low by the beginning of a value, also while resources are added: an identifier without its system, a name", () => {
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

describe("the cost of links in criteria", () => {
  it.each([
    ["thousands of links to whatever there is", `${"target.".repeat(50_000)}x=urn:uuid:1`],
    ["thousands of links back", `${"_has:Provenance:target:".repeat(50_000)}patient=urn:uuid:1`],
    ["thousands of chains", Array.from({ length: 10_000 }, (_, i) => `target.target.target.target.n${i}=urn:uuid:1`).join("&")],
  ])("%s", (_, query) => {
    const begun = usedMs();
    expect(replaceLinksInCriteria("Provenance", query, () => "Patient/1")).toBe(query);
    expect(usedMs() - begun).toBeLessThan(1_000);
  });

  it("is limited, and links are found as deep as a search may be", () => {
    const query = "target.target.target.target.target.patient=urn:uuid:1";
    expect(replaceLinksInCriteria("Provenance", query, () => "Patient/1")).toBe(query.replace("urn:uuid:1", "Patient%2F1"));
  });
});

describe("the cost of a search", () => {
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
