/** What the largest of patches and profiles cost. */
import { LEAST_MS, TIMES, usedMs } from "../kit/growth.ts";
import { EvaluationBudget } from "../../fhir/expressions/budget.ts";
import { applyPatch } from "../../fhir/patch/index.ts";
import { validateWithProfiles } from "../../fhir/validate/index.ts";
import type { Profile } from "../../fhir/validate/profiles/tree.ts";
import { profileOfPatient } from "../kit/profiles.ts";

type Json = Record<string, unknown>;

describe("the cost of a patch", () => {
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

  it("by paths is limited, however many operations and elements there are", async () => {
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

describe("the cost of a profile", () => {
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
