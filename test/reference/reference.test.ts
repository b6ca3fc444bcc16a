/** Searches over all services, held to a slow filter over all resources. */
import fc from "fast-check";
import { parseSearch } from "../../fhir/search/parse-search.ts";
import type { ChainLimits } from "../../federation/query-context.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { countMatches, type PageOfRows, searchPage } from "../../federation/search-page.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { fulfils, type Resource, sortValue } from "./plain.ts";
import { type Asked, query } from "./questions.ts";
import { world } from "./worlds.ts";

/** A failure names its seed: put it here to repeat the run. */
const SEED = 4_711;
const CASES = { sqlite: { worlds: 3, queries: 300 }, mongo: { worlds: 1, queries: 100 } };

const urlOf = ({ type, criteria, sort, count }: Asked): string => {
  const parts = criteria.map(({ name, modifier, value }) => `${name}${modifier ? `:${modifier}` : ""}=${encodeURIComponent(value)}`);
  if (sort.length > 0) parts.push(`_sort=${sort.map(([name, desc]) => (desc ? `-${name}` : name)).join(",")}`);
  return `/${type}?${[...parts, `_count=${count}`].join("&")}`;
};

const inOrder = (a: string | number | undefined, b: string | number | undefined, desc: boolean): number => {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return (a < b ? -1 : 1) * (desc ? -1 : 1);
};

/** What is wrong with an answer, held to the slow filter; undefined when nothing is. */
function faultOf(all: Resource[], asked: Asked, found: string[]): string | undefined {
  const expected = all.filter((it) => it.resourceType === asked.type && asked.criteria.every((criterion) => fulfils(all, it, criterion)));
  if (JSON.stringify(found.toSorted()) !== JSON.stringify(expected.map((it) => it.id).toSorted())) {
    return `found    ${found.toSorted()}\n  expected ${expected.map((it) => it.id).toSorted()}`;
  }
  const values = found.map((id) => {
    const it = all.find((one) => one.resourceType === asked.type && one.id === id) as Resource;
    return asked.sort.map(([name, desc]) => sortValue(it, name, desc));
  });
  const isSorted = values.every((row, index) => {
    if (index === 0) return true;
    const before = values[index - 1] as typeof row;
    const first = asked.sort.findIndex((_, key) => before[key] !== row[key]);
    return first < 0 || inOrder(before[first], row[first], asked.sort[first]?.[1] ?? false) < 0;
  });
  return isSorted ? undefined : `is not in order: ${JSON.stringify(values)}`;
}

/** Ends so small that next to every chain is probed; some are listed, so that both are seen in one search. */
const PROBING: ChainLimits[][] = [0, 3].map((maxListed) => [{ maxListed, maxProbed: 100_000, maxCounted: 100_000, timeoutMs: 60_000 }]);

/** The ids on all pages, and how many a count says there are, without HTTP: with chainLimits of the plan that it does not take on its own. */
async function planned({ caller }: Mesh, asked: Asked, chainLimits: ChainLimits[]): Promise<{ ids: string[]; count: number }> {
  const { directory } = caller.getLocalService("api") as unknown as WithDirectory;
  const mesh = { caller, directory, chainLimits };
  const pairs = [...new URL(urlOf(asked), "http://x").searchParams];
  const search = parseSearch(asked.type, pairs, { base: "", handling: "strict" });
  const ids: string[] = [];
  let after: PageOfRows["next"];
  do {
    const page = await searchPage(mesh, { type: asked.type, search, limit: asked.count, maxBytes: 4_000_000, ...(after && { after }) });
    ids.push(...page.rows.map(({ id }) => id));
    after = page.next;
  } while (after);
  return { ids, count: await countMatches(mesh, asked.type, search) };
}

const leadsOn = ({ criteria }: Asked): boolean => criteria.some(({ name }) => name.includes(".") || name.startsWith("_has:"));

describe.each(["sqlite", "mongo"] as const)("searches over all services on %s, held to a slow filter over all resources", (store) => {
  const { worlds, queries } = CASES[store];
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: [...SYSTEMS.provider], nats: false, split: "broker", store, env: { RULES: "off" } }); // made at random
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh?.stop());

  it(`find the same, in order, on all pages: ${worlds * queries} cases`, async () => {
    for (const [number, all] of fc.sample(world, { numRuns: worlds, seed: SEED }).entries()) {
      const entry = all.map((resource) => ({ resource, request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` } }));
      const stored = await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
      if (stored.status !== 200) throw new Error(stored.text.slice(0, 2_000));

      const wrong: string[] = [];
      for (const [index, asked] of (fc.sample(query, { numRuns: queries, seed: SEED + number }) as Asked[]).entries()) {
        const url = urlOf(asked);
        const { resources } = await fhir.all(url).catch((error: Error) => ({ resources: [{ id: error.message }] }));
        const found = resources.map((it) => it.id as string);
        const fault = faultOf(all, asked, found);
        if (fault) wrong.push(`${url}\n  ${fault}`);
        if (fault || !leadsOn(asked)) continue;
        const { ids, count } = await planned(mesh, asked, PROBING[index % PROBING.length] as ChainLimits[]);
        const otherwise = faultOf(all, asked, ids) ?? (count === ids.length ? undefined : `are ${ids.length}, counted as ${count}`);
        if (otherwise) wrong.push(`${url}\n  by probing: ${otherwise}`);
      }
      if (wrong.length > 0) throw new Error(`World ${number}, ${wrong.length} of ${queries} are wrong:\n${wrong.slice(0, 12).join("\n")}`);
    }
  });
});
