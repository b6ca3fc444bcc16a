import { parseSearch } from "../../fhir/search/parse-search.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { QueryContext as Asked } from "../../federation/query-context.ts";
import { clausesOf } from "../../federation/chains.ts";
import type { ChainLimits } from "../../federation/query-context.ts";
import type { Directory, WithDirectory } from "../../federation/directory.ts";
import { countMatches, type PageRequest, searchPage } from "../../federation/search-page.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category";
const PATIENTS = 20;

/** One limits; what it does not name is no bound here. */
const limits = (bounds: Partial<ChainLimits>): ChainLimits => ({
  maxListed: 1_000,
  maxProbed: 1_000,
  maxCounted: 1_000,
  timeoutMs: 60_000,
  ...bounds,
});
const LISTING = [limits({})];
const PROBING = [limits({ maxListed: 0 })];

/**
 * Chains and `_has` over services (R4 3.1.1.4.15, 3.1.1.4.16) by each of their plans. Twenty patients, eight of them with a doctor or a
 * practice of their own; each has a stay (every fourth one inpatient, which is another service's) and an observation of it (every other
 * one the laboratory's), heavier from one to the next.
 */
describe("a chained search over several services", () => {
  let mesh: Mesh;
  let directory: Directory;
  let calls: string[];
  let caller: Caller;
  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "personnel", "visits", "hospitalizations", "lab", "records"];
    mesh = await startMesh({ services, nats: false, split: "broker" });
    directory = (mesh.caller.getLocalService("api") as unknown as WithDirectory).directory;
    caller = {
      call: (action: string, ...more: [object, object]) => {
        calls.push(action);
        return mesh.caller.call(action, ...more);
      },
    } as never;
    const put = (resource: { resourceType: string; id: string } & Record<string, unknown>) => ({
      resource,
      request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` },
    });
    const entry = Array.from({ length: PATIENTS }, (_, i) => [
      put({
        resourceType: "Patient",
        id: `p${i}`,
        gender: i % 2 ? "male" : "female",
        birthDate: `${1950 + i}`,
        ...(i < 8 && { generalPractitioner: [{ reference: `${i % 2 ? "Practitioner" : "Organization"}/g${i}` }] }),
      }),
      ...(i < 8
        ? [
            i % 2
              ? put({ resourceType: "Practitioner", id: `g${i}`, name: [{ family: "Gray" }] })
              : put({ resourceType: "Organization", id: `g${i}`, name: "Gray" }),
          ]
        : []),
      put({
        resourceType: "Encounter",
        id: `e${i}`,
        status: i < 15 ? "finished" : "cancelled",
        class: { code: i % 4 ? "AMB" : "IMP" },
        subject: { reference: `Patient/p${i}` },
      }),
      put({
        resourceType: "Observation",
        id: `o${i}`,
        status: "final",
        code: { coding: [{ code: "weight" }] },
        ...(i % 2 && { category: [{ coding: [{ system: SYSTEM, code: "laboratory" }] }] }),
        subject: { reference: `Patient/p${i}` },
        encounter: { reference: `Encounter/e${i}` },
        valueQuantity: { value: 60 + i },
      }),
    ]).flat();
    entry.push(
      put({ resourceType: "Questionnaire", id: "q1", status: "active", url: "http://x.org/q1", title: "Pain" }),
      put({ resourceType: "Questionnaire", id: "q2", status: "active", url: "http://x.org/q2", title: "Sleep" }),
      put({ resourceType: "QuestionnaireResponse", id: "r1", status: "completed", questionnaire: "http://x.org/q1|2.0" }),
      put({ resourceType: "QuestionnaireResponse", id: "r2", status: "amended", questionnaire: "http://x.org/q2" }),
      // What is contained leads on to another contained resource, and out of it.
      ...["inside", "outside"].map((id, index) =>
        put({
          resourceType: "Condition",
          id,
          subject: { reference: "Patient/p0" },
          asserter: { reference: "#role" },
          contained: [
            { resourceType: "PractitionerRole", id: "role", practitioner: { reference: index ? "Practitioner/g1" : "#doctor" } },
            ...(index ? [] : [{ resourceType: "Practitioner", id: "doctor", name: [{ family: "Green" }] }]),
          ],
        }),
      ),
      put({ resourceType: "Condition", id: "known", subject: { reference: "Patient/p0" }, asserter: { reference: "Practitioner/g1" } }),
    );
    const stored = await fhirAt(mesh.base).send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    expect(stored.status).toBe(200);
  });
  beforeEach(() => {
    calls = [];
  });
  afterAll(() => mesh.stop());

  const over = (chainLimits: ChainLimits[], of: Directory = directory): Asked => ({ caller, directory: of, chainLimits });
  const request = (query: string, more: Partial<PageRequest> = {}): PageRequest => {
    const [type = "", criteria] = query.split("?");
    const search = parseSearch(type, [...new URLSearchParams(criteria)], { base: "", handling: "strict" });
    return { type, search, limit: 100, maxBytes: 4_000_000, ...more };
  };
  const walk = async (asked: Asked, query: string, more: Partial<PageRequest> = {}) => {
    const pages: string[][] = [];
    let after: PageRequest["after"];
    do {
      const page = await searchPage(asked, { ...request(query, more), ...(after && { after }) });
      pages.push(page.rows.map(({ id }) => id));
      after = page.next;
    } while (after);
    return pages;
  };
  const numbered = (letter: string, which: (i: number) => boolean) =>
    Array.from({ length: PATIENTS }, (_, i) => i)
      .filter(which)
      .map((i) => `${letter}${i}`);
  const newestFirst = (ids: string[]) => ids.toReversed();

  const questions: [query: string, ids: string[]][] = [
    ["Observation?encounter.class=IMP&_sort=value-quantity", numbered("o", (i) => i % 4 === 0)],
    ["Observation?encounter.status=finished&_sort=-value-quantity", newestFirst(numbered("o", (i) => i < 15))],
    ["Observation?encounter.class:not=IMP&status=final&_sort=value-quantity", numbered("o", (i) => i % 4 !== 0)],
    ["Observation?encounter.subject:Patient.gender=male&_sort=value-quantity", numbered("o", (i) => i % 2 === 1)],
    ["Observation?subject:Patient.gender=male&encounter.class=IMP", []],
    ["Observation?subject.gender=female&encounter.status=cancelled&_sort=value-quantity", ["o16", "o18"]],
    ["Patient?_has:Observation:subject:value-quantity=ge70&_sort=birthdate", numbered("p", (i) => i >= 10)],
    ["Patient?_has:Observation:subject:encounter.class=IMP&_sort=-birthdate", newestFirst(numbered("p", (i) => i % 4 === 0))],
    ["Patient?_has:Encounter:subject:_has:Observation:encounter:value-quantity=lt65&_sort=birthdate", numbered("p", (i) => i < 5)],
    ["Patient?gender=male&_has:Encounter:subject:status:not=finished&_sort=birthdate", ["p15", "p17", "p19"]],
    ["Patient?general-practitioner.name=gray&_sort=birthdate", numbered("p", (i) => i < 8)],
    ["QuestionnaireResponse?questionnaire.title=pain", ["r1"]],
    ["Condition?asserter:PractitionerRole.practitioner.name=green", ["inside"]],
    ["Condition?asserter:PractitionerRole.practitioner.name=gray", ["outside"]],
    ["Condition?asserter:PractitionerRole.practitioner.name=gray,green", ["inside", "outside"]],
    ["Condition?asserter:Practitioner.name=gray", ["known"]],
    ["Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed", ["q1"]],
  ];
  const plans: [plan: string, chainLimits: ChainLimits[]][] = [
    ["listing its far end", LISTING],
    ["probing each candidate", PROBING],
    ["listing what is small and probing the rest", [limits({ maxListed: 7 })]],
    ["listing at last what took too many candidates to probe", [limits({ maxListed: 0, maxProbed: 4, maxCounted: 4 }), limits({})]],
  ];

  describe.each(plans)("%s", (_, chainLimits) => {
    it.each(questions)("%s", async (query, ids) => {
      const pages = await walk(over(chainLimits), query, { limit: 3 });
      expect(pages.flat()).toEqual(ids);
      expect(pages.length).toBe(Math.max(1, Math.ceil(ids.length / 3)));
      const { type, search } = request(query);
      expect(await countMatches(over(chainLimits), type, search)).toBe(ids.length);
    });

    it("includes the requested references, and no others", async () => {
      const { slots = [] } = request("Observation?subject=p1").search.clauses[0] as { slots?: number[] };
      const { rows } = await searchPage(
        over(chainLimits),
        request("Observation?encounter.status=cancelled&_sort=value-quantity", { refs: slots }),
      );
      expect(rows.map(({ refs }) => refs)).toEqual(numbered("p", (i) => i >= 15).map((id) => [[slots[0], `Patient/${id}`]]));
    });

    it("ends a page before it gets too large", async () => {
      const pages = await walk(over(chainLimits), "Observation?encounter.status=cancelled&_sort=value-quantity", { maxBytes: 1 });
      expect(pages).toEqual([["o15"], ["o16"], ["o17"], ["o18"], ["o19"]]);
    });
  });

  it("calls each owner once per link, however many matches there are", async () => {
    await searchPage(over(PROBING), request("Patient?_has:Observation:subject:code=weight"));
    const steps = [
      "lab.fhir.joinKeys",
      "records.fhir.joinKeys",
      "patients.fhir.search",
      "lab.fhir.joinKeysAmong",
      "records.fhir.joinKeysAmong",
    ];
    expect(calls).toEqual([...steps, "patients.fhir.search"]);
  });

  it("is not evaluated again if it leads to nothing", async () => {
    expect(await walk(over(LISTING), "Patient?_has:Observation:subject:code=height")).toEqual([[]]);
    expect(calls).toEqual(["lab.fhir.joinKeys", "records.fhir.joinKeys", "patients.fhir.search"]);
  });

  describe("beyond its limits", () => {
    const narrow = [limits({ maxListed: 2, maxProbed: 6, maxCounted: 6 })];

    it("gives shorter pages, even empty ones, but omits nothing and comes to its end", async () => {
      const pages = await walk(over(narrow), "Observation?encounter.class=IMP&_sort=value-quantity", { limit: 3 });
      expect(pages).toEqual([["o0", "o4"], ["o8"], ["o12", "o16"], []]);
    });

    it("is refused if nothing is found within them, with advice to narrow it", async () => {
      const refused = searchPage(over(narrow), request("Observation?encounter.status=cancelled&_sort=value-quantity"));
      await expect(refused).rejects.toMatchObject({ status: 400, issues: [{ code: "too-costly", expression: ["encounter"] }] });
      await expect(refused).rejects.toThrow(
        /more than 2 Encounter resources.*first 6 Observation resources.*another condition on Observation/,
      );
    });

    it("is refused if it takes too much time", async () => {
      const late = [limits({ maxListed: 0, timeoutMs: -1 })];
      await expect(searchPage(over(late), request("Patient?_has:Observation:subject:code=weight"))).rejects.toMatchObject({ status: 400 });
    });

    it("is not counted in part", async () => {
      const { type, search } = request("Observation?encounter.class=IMP");
      await expect(countMatches(over(narrow), type, search)).rejects.toMatchObject({ status: 400, issues: [{ code: "too-costly" }] });
    });

    it("is refused where only clauses can be used", async () => {
      const { search } = request("Observation?encounter.class=IMP");
      const availability = { partial: false, missing: new Set<string>() };
      await expect(clausesOf(over(narrow), search, availability)).rejects.toMatchObject({ status: 400, issues: [{ code: "too-costly" }] });
      const imp = numbered("e", (i) => i % 4 === 0).map((id) => ({ eq: `=Encounter/${id}` }));
      expect(await clausesOf(over(LISTING), search, availability)).toMatchObject([
        { kind: "any", of: [[{ kind: "key", any: expect.arrayContaining(imp) }], [{ kind: "key", any: [{ prefix: "=IMP\u001f" }] }]] },
      ]);
    });
  });

  describe("with one owner down", () => {
    const labIsDown = {
      known: (type: string) => directory.known(type).map((owner) => (owner.service === "lab" ? { ...owner, alive: false } : owner)),
      ownersOf: (type: string) => {
        if (type === "Observation") throw Object.assign(new Error("down"), { code: 503, type: "OWNER_DOWN" });
        return directory.ownersOf(type);
      },
    } as unknown as Directory;
    const query = "Patient?_has:Observation:subject:value-quantity=ge70&_sort=birthdate";

    it.each([
      ["listing", LISTING],
      ["probing", PROBING],
    ])("is refused, unless what there is will do: %s", async (_, chainLimits) => {
      await expect(searchPage(over(chainLimits, labIsDown), request(query))).rejects.toMatchObject({ code: 503, type: "OWNER_DOWN" });
      const { rows, missing } = await searchPage(over(chainLimits, labIsDown), request(query, { partial: true }));
      expect(rows.map(({ id }) => id)).toEqual(["p10", "p12", "p14", "p16", "p18"]);
      expect(missing).toEqual(["Observation"]);
    });
  });
});
