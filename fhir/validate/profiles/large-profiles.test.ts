import { profileOfPatient } from "../../../test/kit/profiles.ts";
import { EvaluationBudget } from "../../expressions/budget.ts";
import { validateWithProfiles } from "../index.ts";
import type { Profile } from "./tree.ts";

const many = <Item>(length: number, make: (index: number) => Item): Item[] => Array.from({ length }, (_, index) => make(index));

const check = (element: object[]) =>
  validateWithProfiles(
    { resourceType: "Patient", identifier: many(9_000, (index) => ({ value: `v${index}`, assigner: { reference: "Organization/1" } })) },
    { type: "Patient", profiles: [profileOfPatient("http://p.example", element) as Profile], stored: [], budget: new EvaluationBudget() },
  );

const identifier = { id: "Patient.identifier", path: "Patient.identifier" };
const value = { id: "Patient.identifier.value", path: "Patient.identifier.value" };
const assigner = { id: "Patient.identifier.assigner", path: "Patient.identifier.assigner" };

/** Each value of a resource is held against all that a profile's author has written about it. */
describe("a profile with a very long part", () => {
  it.each<[what: string, element: object]>([
    ["types of an element", { ...value, type: many(20_000, (index) => ({ code: `x${index}` })) }],
    ["targets of a reference", { ...assigner, type: [{ code: "Reference", targetProfile: many(20_000, (index) => `http://x/${index}`) }] }],
    ["profiles of a type", { ...assigner, type: [{ code: "Reference", profile: many(20_000, (index) => `http://x/${index}`) }] }],
    ["a long address of a value set", { ...value, binding: { strength: "required", valueSet: `http://x/${"a/".repeat(500_000)}` } }],
  ])("is too costly for many values: %s", async (_, element) => {
    expect(await check([element])).toContainEqual(expect.objectContaining({ severity: "error", code: "too-costly" }));
  });

  it.each<[what: string, element: object[]]>([
    [
      "the sentence of a rule",
      [{ ...identifier, constraint: [{ key: "k", severity: "error", human: "h".repeat(200_000), expression: "value.empty()" }] }],
    ],
    ["a fixed value", [{ ...value, fixedString: "f".repeat(200_000) }]],
    ["a pattern", [{ ...value, patternString: '"'.repeat(200_000) }]],
    [
      "the name of a slice",
      [
        { ...identifier, slicing: { discriminator: [{ type: "value", path: "value" }], rules: "closed" } },
        { id: `Patient.identifier:${"s".repeat(200_000)}.value`, path: "Patient.identifier.value", fixedString: "none" },
      ],
    ],
  ])("makes no answer of many times its length: %s", async (_, element) => {
    const issues = await check(element);
    expect(issues.length).toBeGreaterThan(0);
    for (const { diagnostics = "" } of issues) expect(diagnostics.length).toBeLessThanOrEqual(1_000);
  });

  it("has each constraint once, however often an element occurs", async () => {
    const rule = (index: number) => ({ key: `k${index % 2}`, severity: "error", human: "Has a value.", expression: "value.empty()" });
    const issues = await check(many(10_000, (index) => ({ ...identifier, constraint: [rule(index)] })));
    const first = issues.filter(({ expression }) => expression?.[0] === "Patient.identifier[0]");
    expect(first.map(({ diagnostics }) => diagnostics)).toEqual(["k0: Has a value.", "k1: Has a value."]);
  });
});
