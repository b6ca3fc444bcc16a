/** All searches and conditions of one request, over however many services, have one time. */
import type { StoreQuery } from "../fhir/search/query.ts";
import type { Caller } from "../mesh/caller.ts";
import type { Directory } from "./directory.ts";
import { newBudget, type QueryContext } from "./query-context.ts";
import { resolveCriteria } from "./resolve-criteria.ts";

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

describe("the conditions of a bundle", () => {
  it("that are each within bounds are refused when all together take too long, with what would help", async () => {
    const { mesh, told } = meshWhereEachTakes(20);
    const refused = {
      status: 400,
      issues: [{ code: "too-costly", diagnostics: expect.stringMatching(/5 s of processor time.*in parts/) }],
    };
    await expect(resolveCriteria(mesh, criteria(1_000), 2)).rejects.toMatchObject(refused);
    expect(told).toEqual([5_000, 5_000, 1_000, 1_000]); // a hundred at each owner take 4 s
  });

  it("are all asked where they take little", async () => {
    const { mesh } = meshWhereEachTakes(0.1);
    expect(await resolveCriteria(mesh, criteria(1_000), 2)).toHaveLength(1_000);
  });

  it("share their time with what the same request has asked before", async () => {
    const { mesh } = meshWhereEachTakes(700);
    const one = () => resolveCriteria(mesh, criteria(1), 2);
    for (let asked = 0; asked < 4; asked += 1) await one(); // of two owners each
    await expect(one()).rejects.toMatchObject({ status: 400, issues: [{ code: "too-costly" }] });
  });
});
