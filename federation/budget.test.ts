/** All searches and conditions of one request, over however many services, have one time. */
import { parseSearch } from "../fhir/search/parse-search.ts";
import type { StoreQuery } from "../fhir/search/query.ts";
import { clausesOf } from "./chains.ts";
import type { Caller } from "../mesh/caller.ts";
import type { Directory } from "./directory.ts";
import { newBudget, type QueryContext } from "./query-context.ts";
import { resolveCriteria } from "./resolve-criteria.ts";
import { countOwners } from "./scatter-gather.ts";

const OWNERS = ["visits", "hospitalizations"];

/** A mesh in which each question takes so long, and that notes what its owners are told of the time that is left. */
function meshWhereEachTakes(ms: number): { mesh: QueryContext & { base: string }; told: number[] } {
  const told: number[] = [];
  const call = async (_action: string, { queries, budgetMs }: { queries?: StoreQuery[]; budgetMs: number }) => {
    told.push(budgetMs);
    const count = queries?.length ?? 1;
    const pages = Array.from({ length: count }, (_, at) => ({ rows: [], more: false, ...(at === 0 && { spentMs: count * ms }) }));
    return queries ? pages : pages[0];
  };
  const directory = { known: () => OWNERS.map((service) => ({ service, alive: true })) } as unknown as Directory;
  return { mesh: { caller: { call } as unknown as Caller, directory, base: "http://127.0.0.1/fhir", budget: newBudget() }, told };
}

const criteria = (count: number) => Array.from({ length: count }, (_, at) => `Encounter?identifier=${at}`);

/** A mesh whose owners answer counts and ends of chains, each of which takes so long. */
function meshOfChains(ms: number): { mesh: QueryContext; asked: string[] } {
  const asked: string[] = [];
  const call = async (action: string, { budgetMs }: { budgetMs?: number }) => {
    asked.push(`${action} ${budgetMs}`);
    const name = action.slice(action.lastIndexOf(".") + 1);
    const spentMs = ms;
    if (name === "search") return { rows: [], more: false, spentMs };
    return { answer: name === "count" ? 1 : name === "joinKeys" ? { values: ["1"] } : [], spentMs };
  };
  const directory = {
    known: () => OWNERS.map((service) => ({ service, alive: true })),
    ownersOf: () => OWNERS,
    isShared: () => true,
  } as unknown as Directory;
  return { mesh: { caller: { call } as unknown as Caller, directory, budget: newBudget() }, asked };
}

describe("chained searches and counts", () => {
  it("are charged to the time of their request, and report what is left of it", async () => {
    const { mesh, asked } = meshOfChains(600);
    expect(await countOwners(mesh, "Encounter", [])).toBe(2);
    expect(asked).toEqual(["visits.fhir.count 5000", "hospitalizations.fhir.count 5000"]);
    const chain = parseSearch("Observation", [["subject:Patient.name", "rossi"]], { base: "", handling: "strict" });
    await clausesOf(mesh, chain, { partial: false, missing: new Set() });
    expect(asked[2]).toBe("visits.fhir.joinKeys 3800");
    expect(mesh.budget?.leftMs).toBe(2_600);
  });

  it("are refused when it is used up, with advice", async () => {
    const { mesh } = meshOfChains(3_000);
    await countOwners(mesh, "Encounter", []);
    const refused = { status: 400, issues: [{ code: "too-costly", diagnostics: expect.stringContaining("in parts") }] };
    await expect(countOwners(mesh, "Encounter", [])).rejects.toMatchObject(refused);
    const chain = parseSearch("Observation", [["subject:Patient.name", "rossi"]], { base: "", handling: "strict" });
    await expect(clausesOf(mesh, chain, { partial: false, missing: new Set() })).rejects.toMatchObject(refused);
  });

  it("are answered by a node of an older version, which reports no time", async () => {
    const { mesh } = meshOfChains(0);
    Object.assign(mesh.caller, { call: async () => 3 });
    expect([await countOwners(mesh, "Encounter", []), mesh.budget?.leftMs]).toEqual([6, 5_000]);
  });
});

describe("the conditions of a bundle", () => {
  it("that are each within limits are refused if all of them together take too long, with advice", async () => {
    const { mesh, told } = meshWhereEachTakes(20);
    const refused = {
      status: 400,
      issues: [{ code: "too-costly", diagnostics: expect.stringMatching(/5 s of processor time.*in parts/) }],
    };
    await expect(resolveCriteria(mesh, criteria(1_000), 2)).rejects.toMatchObject(refused);
    expect(told).toEqual([5_000, 5_000, 1_000, 1_000]); // a hundred at each owner take 4 s
  });

  it("are all evaluated if they take little time", async () => {
    const { mesh } = meshWhereEachTakes(0.1);
    expect(await resolveCriteria(mesh, criteria(1_000), 2)).toHaveLength(1_000);
  });

  it("share their time with earlier searches of the same request", async () => {
    const { mesh } = meshWhereEachTakes(700);
    const one = () => resolveCriteria(mesh, criteria(1), 2);
    for (let asked = 0; asked < 4; asked += 1) await one(); // of two owners each
    await expect(one()).rejects.toMatchObject({ status: 400, issues: [{ code: "too-costly" }] });
  });
});
