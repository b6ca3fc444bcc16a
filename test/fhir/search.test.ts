import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

type Entry = { resource: { resourceType: string; id: string }; search: { mode: string } };

/** What a searchset holds and how it is paged (R4, search.html), over several services and types with two owners. */
describe("a search over several services", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "personnel", "wards", "visits", "hospitalizations", "lab", "records"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
    const put = (resource: { resourceType: string; id: string } & Record<string, unknown>) => ({
      resource,
      request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` },
    });
    const laboratory = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
    const observation = (index: number) =>
      put({
        resourceType: "Observation",
        id: `o${index}`,
        status: "final",
        code: { coding: [{ system: "urn:c", code: index % 2 ? "odd" : "even" }] },
        subject: { reference: "Patient/p1" },
        encounter: { reference: index < 4 ? "Encounter/e1" : "Encounter/e2" },
        // Every other one is the lab's: the type has two owners.
        ...(index % 2 && { category: laboratory }),
        ...(index !== 5 && { effectiveDateTime: `2026-01-0${9 - index}` }),
      });
    const entry = [
      put({ resourceType: "Organization", id: "top", name: "Ministry" }),
      put({ resourceType: "Organization", id: "clinic", name: "Clinic", partOf: { reference: "Organization/top" } }),
      put({ resourceType: "Patient", id: "p1", name: [{ family: "Rossi" }], managingOrganization: { reference: "Organization/clinic" } }),
      put({ resourceType: "Patient", id: "p2", name: [{ family: "Bianchi" }] }),
      put({ resourceType: "Encounter", id: "e1", status: "finished", class: { code: "AMB" }, subject: { reference: "Patient/p1" } }),
      put({ resourceType: "Encounter", id: "e2", status: "finished", class: { code: "IMP" }, subject: { reference: "Patient/p1" } }),
      put({ resourceType: "Condition", id: "c1", subject: { reference: "Patient/p1" }, encounter: { reference: "Encounter/e1" } }),
      put({ resourceType: "Location", id: "rome", name: "Rome", position: { longitude: 12.4964, latitude: 41.9028 } }),
      put({ resourceType: "Location", id: "milan", name: "Milan", position: { longitude: 9.19, latitude: 45.4642 } }),
      ...Array.from({ length: 8 }, (_, index) => observation(index)),
    ];
    expect((await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(200);
  });
  afterAll(() => mesh.stop());

  const parts = async (query: string) => {
    const { body } = await fhir.get(query);
    const of = (mode: string) =>
      ((body.entry ?? []) as Entry[])
        .filter((it) => it.search.mode === mode)
        .map(({ resource }) => `${resource.resourceType}/${resource.id}`)
        .sort();
    return { match: of("match"), include: of("include") };
  };

  it("includes what its matches refer to, and what refers to them, each once", async () => {
    expect(await parts("/Condition?_include=Condition:encounter&_include=Condition:subject")).toEqual({
      match: ["Condition/c1"],
      include: ["Encounter/e1", "Patient/p1"],
    });
    expect((await parts("/Observation?code=even&_include=Observation:encounter")).include).toEqual(["Encounter/e1", "Encounter/e2"]);
    expect((await parts("/Observation?_id=o1&_include=*")).include).toEqual(["Encounter/e1", "Patient/p1"]);
    expect((await parts("/Observation?_id=o1&_include=Observation:subject:Group")).include).toEqual([]);
    expect((await parts("/Patient?_id=p1&_revinclude=Condition:subject&_revinclude=Encounter:subject")).include).toEqual([
      "Condition/c1",
      "Encounter/e1",
      "Encounter/e2",
    ]);
  });

  it("includes further resources with :iterate only", async () => {
    expect((await parts("/Patient?_id=p1&_include=Patient:organization")).include).toEqual(["Organization/clinic"]);
    expect((await parts("/Patient?_id=p1&_include=Patient:organization&_include:iterate=Organization:partof")).include).toEqual([
      "Organization/clinic",
      "Organization/top",
    ]);
    expect(
      (await parts("/Organization?_id=top&_revinclude:iterate=Organization:partof&_revinclude:iterate=Patient:organization")).include,
    ).toEqual(["Organization/clinic", "Patient/p1"]);
  });

  it("includes targets and sources of canonical references, in the version that they name", async () => {
    const url = "http://example.org/intake";
    const questionnaire = (id: string, version: string) => ({ resourceType: "Questionnaire", id, url, version, status: "active" });
    const response = (id: string, canonical: string) => ({
      resourceType: "QuestionnaireResponse",
      id,
      questionnaire: canonical,
      status: "completed",
      subject: { reference: "Patient/p2" },
    });
    for (const resource of [
      questionnaire("q1", "1.0"),
      questionnaire("q2", "2.0"),
      response("r", url),
      response("r1", `${url}|1.0`),
      response("r2", `${url}|2.0`),
    ]) {
      expect((await fhir.send("PUT", `/${resource.resourceType}/${resource.id}`, resource)).status).toBe(201);
    }
    const reverse = "QuestionnaireResponse:questionnaire";
    expect((await parts(`/Questionnaire?_id=q1&_revinclude=${reverse}`)).include).toEqual([
      "QuestionnaireResponse/r",
      "QuestionnaireResponse/r1",
    ]);
    expect((await parts(`/QuestionnaireResponse?_id=r2&_include=${reverse}`)).include).toEqual(["Questionnaire/q2"]);
    for (const include of [reverse, "*"]) {
      expect((await parts(`/QuestionnaireResponse?_id=r&_include=${include}`)).include).toEqual(
        expect.arrayContaining(["Questionnaire/q1", "Questionnaire/q2"]),
      );
    }
    // From the answers to their questions, from these to all that was answered.
    expect((await parts(`/QuestionnaireResponse?_id=r1&_include=${reverse}&_revinclude:iterate=${reverse}`)).include).toEqual([
      "Questionnaire/q1",
      "QuestionnaireResponse/r",
    ]);
    const { resource } = (await fhir.get("/metadata")).body.rest[0] as {
      resource: { type: string; searchInclude: string[]; searchRevInclude: string[] }[];
    };
    const of = (wanted: string) => resource.find(({ type }) => type === wanted);
    expect(of("QuestionnaireResponse")?.searchInclude).toContain(reverse);
    expect(of("Questionnaire")?.searchRevInclude).toContain(reverse);
    expect(of("Patient")?.searchRevInclude).not.toContain(reverse);
  });

  it("includes everything that refers to its matches, over all services", async () => {
    expect((await parts("/Encounter?_id=e1&_revinclude=*")).include).toEqual([
      "Condition/c1",
      "Observation/o0",
      "Observation/o1",
      "Observation/o2",
      "Observation/o3",
    ]);
    const { include } = await parts("/Organization?_id=top&_revinclude:iterate=*");
    expect(include).toEqual(
      expect.arrayContaining(["Organization/clinic", "Patient/p1", "Encounter/e2", "Condition/c1", "Observation/o7"]),
    );
    expect(include).not.toContain("Patient/p2");
    expect((await parts("/Questionnaire?_id=q1&_revinclude=*")).include).toEqual(["QuestionnaireResponse/r", "QuestionnaireResponse/r1"]);
  });

  it("sorts over two owners, in pages, with resources without a value last in both directions", async () => {
    const ids = async (query: string) => (await fhir.all(query)).resources.map((it) => it.id);
    expect(await ids("/Observation?_sort=date&_count=3")).toEqual(["o7", "o6", "o4", "o3", "o2", "o1", "o0", "o5"]);
    expect(await ids("/Observation?_sort=-date&_count=3")).toEqual(["o0", "o1", "o2", "o3", "o4", "o6", "o7", "o5"]);
    expect(await ids("/Observation?_sort=encounter,-date&_count=1")).toEqual(["o0", "o1", "o2", "o3", "o4", "o6", "o7", "o5"]);
  });

  it("counts if asked to, and gives the total if it knows it", async () => {
    expect((await fhir.get("/Observation?_count=3")).body).not.toHaveProperty("total");
    expect((await fhir.get("/Observation?_count=3&_total=accurate")).body.total).toBe(8);
    expect((await fhir.get("/Observation?_count=0")).body).toMatchObject({ total: 8 });
    expect((await fhir.get("/Observation?_summary=count&code=odd")).body).toEqual(expect.objectContaining({ total: 4 }));
    expect((await fhir.get("/Observation?code=odd")).body.total).toBe(4);
  });

  it("follows references over services, in both directions", async () => {
    expect((await parts("/Observation?subject:Patient.organization.name=clinic&_count=50")).match).toHaveLength(8);
    expect((await parts("/Observation?subject:Patient.organization.partof.name=ministry")).match).toHaveLength(8);
    expect((await parts("/Observation?encounter.class=IMP")).match).toEqual([
      "Observation/o4",
      "Observation/o5",
      "Observation/o6",
      "Observation/o7",
    ]);
    expect((await parts("/Patient?_has:Observation:subject:code=odd")).match).toEqual(["Patient/p1"]);
    expect((await parts("/Organization?_has:Patient:organization:_has:Condition:subject:_id=c1")).match).toEqual(["Organization/clinic"]);
    expect((await parts("/Patient?_has:Observation:subject:code=none")).match).toEqual([]);
  });

  it("finds contained resources by chains only", async () => {
    const contained = [{ resourceType: "Patient", id: "p", name: [{ family: "Verdi" }] }];
    const created = [{ subject: { reference: "#p" }, contained }, { subject: { display: "somebody" } }].map((more) =>
      fhir.create({ resourceType: "Observation", status: "final", code: { coding: [{ system: "urn:c", code: "inside" }] }, ...more }),
    );
    const [inside, nowhere] = (await Promise.all(created)).map(({ body }) => `Observation/${body.id}`);
    for (const parameter of ["subject", "patient"]) {
      expect((await parts(`/Observation?code=inside&${parameter}:missing=true`)).match).toEqual([nowhere]);
      expect(await parts(`/Observation?code=inside&${parameter}:missing=false&_include=*`)).toEqual({ match: [inside], include: [] });
    }
    expect((await parts("/Observation?subject:Patient.family=verdi")).match).toEqual([inside]);
    expect((await parts("/Patient?family=verdi")).match).toEqual([]);
  });

  it("finds a place near a point", async () => {
    expect((await parts("/Location?near=41.9|12.5|10|km")).match).toEqual(["Location/rome"]);
    expect((await parts("/Location?near=43|11|500|km")).match).toEqual(["Location/milan", "Location/rome"]);
  });

  it("finds what changed since", async () => {
    const { body } = await fhir.get("/Patient/p2");
    const at = body.meta.lastUpdated as string;
    expect((await parts(`/Patient?_lastUpdated=ge${at}`)).match).toEqual(["Patient/p1", "Patient/p2"]);
    expect((await parts("/Patient?_lastUpdated=gt2999-01-01")).match).toEqual([]);
  });

  it("ends a page before it gets too large, and continues after it", async () => {
    const note = [{ text: "x".repeat(500_000) }];
    for (let index = 0; index < 12; index += 1) {
      await fhir.create({ resourceType: "Condition", code: { text: "large" }, subject: { reference: "Patient/p2" }, note });
    }
    const first = await fhir.get("/Condition?subject=Patient/p2&_count=100");
    expect(first.text.length).toBeLessThan(5_000_000);
    expect((await fhir.all("/Condition?subject=Patient/p2&_count=100")).resources).toHaveLength(12);
  });

  it("refuses to include more than fits into a page", async () => {
    expect(await fhir.get("/Patient?_id=p2&_revinclude=Condition:subject")).toMatchObject({ status: 200 });
    expect(await fhir.get("/Observation?subject:Patient.colour=blue", { Prefer: "handling=strict" })).toMatchObject({
      status: 400,
      body: outcomeWith("not-supported"),
    });
  });

  it.each(["alone", "in a transaction"])("follows references under the server's own address, sent %s", async (way) => {
    const id = `own-${way.length}`;
    await fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, birthDate: "1911-01-01" });
    const absolute = { reference: `${mesh.base}/fhir/Patient/${id}` };
    const foreign = { reference: "http://elsewhere.example/fhir/Patient/1" };
    const condition = {
      resourceType: "Condition",
      subject: absolute,
      recorder: foreign,
      extension: [{ url: "http://example.org/e", valueDecimal: 2.5 }],
    };
    const text = JSON.stringify(condition).replace("2.5}", "2.50}");
    const entry = `{"resource":${text},"request":{"method":"POST","url":"Condition"}}`;
    if (way === "alone") expect((await fhir.send("POST", "/Condition", text)).status).toBe(201);
    else expect((await fhir.send("POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[${entry}]}`)).status).toBe(200);
    const found = await fhir.get(`/Condition?subject:Patient.birthdate=1911-01-01&subject=Patient/${id}&_include=Condition:subject`);
    expect(found.body.entry.map((it: { resource: { resourceType: string } }) => it.resource.resourceType)).toEqual([
      "Condition",
      "Patient",
    ]);
    expect(found.body.entry[0].resource).toMatchObject({ subject: { reference: `Patient/${id}` }, recorder: foreign });
    expect(found.text).toContain('"valueDecimal":2.50');
    for (const query of [
      `/Patient/${id}/Condition?_summary=count`,
      `/Patient?_id=${id}&_has:Condition:subject:recorder:missing=false&_summary=count`,
    ]) {
      expect((await fhir.get(query)).body.total).toBe(1);
    }
    expect((await fhir.get(`/Condition?subject=${absolute.reference}`)).body.total).toBe(1);
  });

  it("recognises its own names in any case, through every API", async () => {
    const patient = (await fhir.create({ resourceType: "Patient", birthDate: "1912-01-01" })).body.id;
    const { port } = new URL(mesh.base);
    const others = [`HTTP://127.0.0.1:${port}`, `http://localhost:${port}`, `http://LOCALHOST:${port}`, `https://[::1]:${port}`];
    for (const [index, base] of others.map((name) => `${name}/fhir`).entries()) {
      const condition = { resourceType: "Condition", subject: { reference: `${base}/Patient/${patient}` } };
      const entry = [
        { resource: condition, request: { method: "POST", url: `${base}/Condition` } },
        { request: { method: "GET", url: `${base}/Patient/${patient}` } },
      ];
      const made = await fhir.send("POST", "", { resourceType: "Bundle", type: index % 2 ? "batch" : "transaction", entry });
      expect([base, ...made.body.entry.map((it: { response: { status: string } }) => it.response.status.slice(0, 3))]).toEqual([
        base,
        "201",
        "200",
      ]);
      const found = await fhir.get(`/Condition?subject=${base}/Patient/${patient}&_count=1`);
      expect([base, (await fhir.get(`/Condition?subject=Patient/${patient}&_summary=count`)).body.total]).toEqual([base, index + 1]);
      expect([base, found.status, found.body.entry?.length]).toEqual([base, 200, 1]);
    }
    const elsewhere = `http://localhost:1/fhir/Patient/${patient}`;
    expect((await fhir.create({ resourceType: "Condition", subject: { reference: elsewhere } })).body.subject.reference).toBe(elsewhere);
    expect((await fhir.get(`/Condition?subject=${elsewhere}&_summary=count`)).body.total).toBe(1);
  });

  it("does not change the links of a bundle that is stored as one", async () => {
    const patient = `${mesh.base}/fhir/Patient/inside`;
    const stored = {
      resourceType: "Bundle",
      type: "collection",
      entry: [
        { fullUrl: patient, resource: { resourceType: "Patient", id: "inside" } },
        {
          fullUrl: "urn:uuid:6f0e2b66-0c5a-4d4e-9d2f-00000000000a",
          resource: { resourceType: "Condition", subject: { reference: patient } },
        },
      ],
    };
    const { status, body } = await fhir.create(stored);
    expect(status).toBe(201);
    expect(body).toMatchObject(stored);
  });
});
