import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** Searches over several types (FHIR R4, http.html#search, search.html#sort). */
describe.each(["sqlite", "mongo"] as const)("a search over all types, on %s", (store) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let patient: string;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "visits", "hospitalizations", "records"],
      nats: false,
      split: "broker",
      store,
    });
    fhir = fhirAt(mesh.base);
    patient = (await fhir.create({ resourceType: "Patient" })).body.id;
    const subject = { reference: `Patient/${patient}` };
    const tagged = (code: string) => ({ tag: [{ system: "urn:t", code }] });
    for (const index of [1, 2, 3]) {
      await fhir.create({ resourceType: "Condition", subject, meta: tagged(`${index}`) });
      // Several written in one transaction have one time: the ties that pages must not lose or double.
      const entry = ["AMB", "IMP"].flatMap((code) => [
        {
          resource: { resourceType: "Encounter", status: "finished", class: { code }, subject },
          request: { method: "POST", url: "Encounter" },
        },
        {
          resource: { resourceType: "RelatedPerson", patient: subject, meta: tagged("z") },
          request: { method: "POST", url: "RelatedPerson" },
        },
      ]);
      const { status } = await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
      if (status !== 200) throw new Error(`The transaction was answered with ${status}.`);
    }
  });
  afterAll(() => mesh?.stop());

  type Resource = { resourceType: string; id: string; meta: { lastUpdated: string; tag?: { code: string }[] } };
  const all = async (path: string) => (await fhir.all(path)).resources as unknown as Resource[];
  const nameOf = ({ resourceType, id }: Resource) => `${resourceType}/${id}`;

  it.each(["", "-"])("in order of time, over all types and owners, in pages (_sort=%s_lastUpdated)", async (direction) => {
    const whole = await all(`?_sort=${direction}_lastUpdated&_count=1000`);
    const times = whole.map((it) => Date.parse(it.meta.lastUpdated));
    expect(times).toEqual(times.toSorted((a, b) => (direction ? b - a : a - b)));
    expect(whole).toHaveLength(16);
    for (const count of [1, 2, 3, 5]) {
      const paged = await all(`?_sort=${direction}_lastUpdated&_count=${count}`);
      expect(paged.map(nameOf)).toEqual(whole.map(nameOf));
    }
  });

  it("ordered by id, also for some types and for a compartment", async () => {
    const found = await all(`/Patient/${patient}/*?_type=Encounter,Condition,Patient&_sort=-_id&_count=4`);
    expect(found.map(({ id }) => id)).toEqual(
      found
        .map(({ id }) => id)
        .toSorted()
        .reverse(),
    );
    expect(found).toHaveLength(10);
  });

  it("by a tag: resources without one come last in both directions", async () => {
    for (const [sort, first] of [
      ["_tag", "1"],
      ["-_tag", "z"],
    ] as const) {
      const found = await all(`?_sort=${sort}&_count=3`);
      const codes = found.map(({ meta }) => meta.tag?.[0]?.code);
      expect(codes.length).toBe(16);
      expect(codes[0]).toBe(first);
      expect(codes.slice(9)).toEqual(Array(7).fill(undefined));
    }
  });

  it.each(["accurate", "estimate"])("tells the total that is asked for: %s", async (total) => {
    const path = `/Patient/${patient}/*`;
    const { body } = await fhir.get(`${path}?_count=2&_total=${total}`);
    expect(body.total).toBe((await all(path)).length);
    expect((await fhir.get(`${path}?_count=2`)).body.total).toBeUndefined();
  });

  it("by a parameter of only some types is refused", async () => {
    for (const sort of ["date", "-_lastUpdated,date", "_colour"]) expect((await fhir.get(`?_sort=${sort}`)).status).toBe(400);
  });

  it("ignores parameters that no type has and reports it, unless strict; those of only some types are refused", async () => {
    const { status, body } = await fhir.get("?_type=Condition,Encounter&colour=blue&_count=1000&_pretty=true");
    expect(status).toBe(200);
    expect(body.link[0].url).toBe(`${mesh.base}/fhir?_type=Condition%2CEncounter&_count=1000`);
    const outcomes = body.entry.filter((it: { search: { mode: string } }) => it.search.mode === "outcome");
    expect(outcomes[0].resource.issue).toEqual([expect.objectContaining({ severity: "warning", expression: ["colour"] })]);
    expect(body.entry).toHaveLength(9 + 1);
    const strictly = { Prefer: "handling=strict" };
    expect((await fhir.get("?_type=Condition,Encounter&colour=blue", strictly)).status).toBe(400);
    expect((await fhir.get("?_type=Condition,Encounter&class=AMB")).status).toBe(400);
    expect((await fhir.get("?_type=Encounter&class=AMB&_summary=count", strictly)).body.total).toBe(3);
    expect((await fhir.get(`/Patient/${patient}/*?colour=blue&_summary=count`)).body.entry[0].search.mode).toBe("outcome");
  });
});
