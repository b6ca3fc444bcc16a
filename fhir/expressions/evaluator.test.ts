import { usedMs } from "../../test/kit/growth.ts";
import { applyPatch } from "../patch/index.ts";
import { validateWithProfiles } from "../validate/index.ts";
import { budgetOf, EvaluationBudget, MAX_EVALUATION_MS } from "./budget.ts";
import { evaluateInWorker } from "./evaluator.ts";

const patchOf = (...paths: string[]) => ({
  resourceType: "Parameters",
  parameter: paths.map((path) => ({
    name: "operation",
    part: [
      { name: "type", valueCode: "delete" },
      { name: "path", valueString: path },
    ],
  })),
});

const profileWith = (expression: string, path = "Patient") => ({
  resourceType: "StructureDefinition",
  url: "http://example.org/p",
  type: "Patient",
  derivation: "constraint",
  baseDefinition: "http://hl7.org/fhir/StructureDefinition/Patient",
  differential: { element: [{ id: path, path, constraint: [{ key: "x", severity: "error", human: "X.", expression }] }] },
});

const check = async (resource: object, expression: string, budget = new EvaluationBudget(), path?: string) => {
  const profiles = [profileWith(expression, path)];
  const issues = await validateWithProfiles(resource, { type: "Patient", profiles, stored: [], budget });
  return issues.map(({ severity, code }) => `${severity} ${code}`);
};

const hostile = () => ({
  resourceType: "Patient",
  name: Array.from({ length: 1_000 }, (_, index) => ({ family: `${"a".repeat(40)}!`, given: [`g${index}`] })),
});

const numbers = `(${Array.from({ length: 30 }, (_, index) => index).join("|")})`;

/** No bound holds for the time that these would take, nor for the memory. */
const COSTLY = [
  "name.where(family.matches('^(a+)+$')).exists()",
  "name.where(family.`matches`('^(a+)+$')).exists()",
  "name.where(family.`m\\u0061tches`('^(a+)+$')).exists()",
  "name.select(family.replaceMatches('^(a+)+$', '')).exists()",
  "name.where(family.`matchesFull`('(a|aa)+')).exists()",
  `${numbers}.aggregate($total.combine($total), 1).exists()`,
  `${numbers}.aggregate($total & $total, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa').exists()`,
  `${numbers}.aggregate($total.replace('a', 'aaaaaaaaaa'), 'a').exists()`,
  `${numbers}.aggregate($total.toChars().combine($total.toChars()).join(''), 'a').exists()`,
  `${numbers}.aggregate(iif(true, $total.select($this | ($this + 1)).combine($total)), 1).exists()`,
  "descendants().where(%resource.descendants().where($this = 'x').exists()).exists()",
  "name.select(%resource.name).select(%resource.name).select(%resource.name).exists()",
  "name.all(%resource.name.all(%resource.name.all(%resource.name.exists())))",
  "name.where(%resource.name.where(%resource.name.given contains 'x').exists()).exists()",
  "(1).repeat($this + 1).exists()",
  "('a').repeat($this & 'a').exists()",
  "name.select(name | name).repeat(%resource.name).count() > (1).repeat($this + 1).count()",
  "name.family.select(%resource.name.family.select($this & $this)).isDistinct()",
  "name.distinct().union(%resource.descendants()).union(%resource.descendants().select(%resource.descendants())).exists()",
];

/** @returns what the work results in, and the processor time of this thread meanwhile, milliseconds: no other waits for it longer */
const heldUp = async <Result>(work: () => Promise<Result>): Promise<{ result: Result; heldMs: number }> => {
  const begun = process.threadCpuUsage();
  const result = await work();
  const { user, system } = process.threadCpuUsage(begun);
  return { result, heldMs: (user + system) / 1_000 };
};

describe("an expression of a client", () => {
  it.each(COSTLY)("cannot hold up its service as a profile's rule: %s", async (expression) => {
    const begun = usedMs();
    const { result, heldMs } = await heldUp(() => check(hostile(), expression));
    expect(result).toEqual(["error too-costly"]);
    expect(heldMs).toBeLessThan(3_000);
    expect(usedMs() - begun).toBeLessThan(15_000);
  });

  it.each(COSTLY.filter((_, index) => index % 3 === 1))("cannot hold it up as a path of a patch: %s", async (expression) => {
    const path = expression.replaceAll("%resource", "%context");
    const { result, heldMs } = await heldUp(() =>
      applyPatch(hostile(), patchOf(`Patient.where(${path})`)).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    expect(result).toMatchObject({ status: 422, issues: [{ code: "too-costly" }] });
    expect(heldMs).toBeLessThan(3_000);
  });

  it("is refused before parsing if it is too long or too deep", async () => {
    const deep = `Patient.name.where(${"(".repeat(200)}true${")".repeat(200)})`;
    const refused = { status: 400, issues: [{ code: "invalid" }] };
    await expect(applyPatch(hostile(), patchOf(deep))).rejects.toMatchObject(refused);
    await expect(applyPatch(hostile(), patchOf(`Patient.name.where(${"-".repeat(5_000)}1 = 1)`))).rejects.toMatchObject(refused);
    for (const expression of [deep, `name${".where(true)".repeat(2_000)}`, `true${" and true".repeat(1_000)}`]) {
      expect(await check(hostile(), expression)).toEqual(["warning not-supported"]);
    }
  });

  it("is compiled in a time that does not double with each level", async () => {
    const nested = (inner: string, outer: string) => outer.repeat(40) + inner + ")".repeat(40);
    const patient = { resourceType: "Patient", name: [{ family: "A" }] };
    // What doubles forty times ends in no time; what does not may be slow on a busy machine.
    const patience = () => Object.assign(new EvaluationBudget(), { ms: 5_000 });
    expect(await check(patient, nested("true", "name.select("), patience())).toEqual(["error invariant"]);
    expect(await check(patient, `extension${".value.extension".repeat(100)}.empty()`, patience())).toEqual([]);
    expect(await check(patient, `${"(".repeat(40)}name${" | name)".repeat(40)}.exists()`, patience())).toEqual([]);
  });

  it("is evaluated if it takes little", async () => {
    const patient = { resourceType: "Patient", name: [{ family: "Abc", given: ["D"] }], birthDate: "1980-01-01" };
    expect(await check(patient, "name.family.matches('^[A-Z][a-z]+$')")).toEqual([]);
    expect(await check(patient, "name.family.matches('^[0-9]+$')")).toEqual(["error invariant"]);
    expect(await check(patient, "family.`matches`('^[A-Z]')", new EvaluationBudget(), "Patient.name")).toEqual([]);
    expect(await check(patient, "$this > @1979 and %resource.name.exists()", new EvaluationBudget(), "Patient.birthDate")).toEqual([]);
    const path = "Patient.name.where(family.matches('^A')).given[0]";
    expect(await applyPatch(patient, patchOf(path))).toEqual({ ...patient, name: [{ family: "Abc" }] });
  });

  it("is evaluated if it takes little, also while its process is busy with other work for longer than it may take", async () => {
    const patient = { resourceType: "Patient", name: [{ family: "Abc" }] };
    await check(patient, "name.family.matches('^A')"); // the worker is ready
    const checked = check(patient, "name.family.matches('^[0-9]+$')");
    await new Promise((resolve) => setImmediate(resolve)); // it is sent
    const begun = performance.now();
    while (performance.now() - begun < 2 * MAX_EVALUATION_MS);
    expect(await checked).toEqual(["error invariant"]);
  });
});

describe("the worker for expressions", () => {
  const evil = "name.where(family.`matches`('^(a+)+$')).exists()";

  it("gives all resources of one request 300 ms in total", async () => {
    const budget = new EvaluationBudget();
    const begun = usedMs();
    const found = [];
    for (let resource = 0; resource < 20; resource++) found.push(await check(hostile(), evil, budget));
    expect(found).toEqual(Array.from({ length: 20 }, () => ["error too-costly"]));
    expect(usedMs() - begun).toBeLessThan(10 * MAX_EVALUATION_MS);
  });

  it("distinguishes requests by their ids", () => {
    const one = budgetOf("a");
    expect(budgetOf("a")).toBe(one);
    expect(budgetOf("b")).not.toBe(one);
    expect(budgetOf(undefined)).not.toBe(budgetOf(undefined));
  });

  it("is restarted for the next request, which is served before those that were too costly", async () => {
    const patient = { resourceType: "Patient", name: [{ family: "A" }] };
    await check(hostile(), evil);
    const order: string[] = [];
    const costly = Array.from({ length: 2 }, () => check(hostile(), evil).then(() => order.push("costly")));
    const plain = check(patient, "name.family.matches('^A$')").then((found) => order.push(`plain ${found.length}`));
    await Promise.all([...costly, plain]);
    expect(order.indexOf("plain 0")).toBeLessThan(2);
  });

  it("accepts no task larger than the largest body", async () => {
    const task = { kind: "rules" as const, resource: JSON.stringify({ resourceType: "Patient", a: "a".repeat(9_000_000) }), rules: [] };
    await expect(evaluateInWorker(task, new EvaluationBudget())).rejects.toThrow("take too long");
  });

  it("frees its memory", async () => {
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 3; round++) await check(hostile(), COSTLY[5] as string);
    expect(process.memoryUsage.rss() - before).toBeLessThan(300_000_000);
  });
});
