import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** `$everything` (FHIR R4, patient-operation-everything.html) over several services. */
describe("everything about a patient", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  let patient: string;
  const made = new Map<string, string>(); // what a record is, by its id

  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "personnel", "visits", "hospitalizations", "lab", "records"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
    patient = (await fhir.create({ resourceType: "Patient", birthDate: "1980-01-01" })).body.id;
    made.set(patient, "the patient");
    const doctor = (await fhir.create({ resourceType: "Practitioner" })).body.id;
    made.set(doctor, "the doctor");
    const subject = { reference: `Patient/${patient}` };
    const observation = { resourceType: "Observation", status: "final", code: { text: "x" }, subject };
    const condition = (code: string) => ({
      resourceType: "Condition",
      clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code }] },
      subject,
    });
    const stay = { resourceType: "Encounter", status: "finished", class: { code: "IMP" }, subject };
    const records: Record<string, object> = {
      "a stay over new year": { ...stay, period: { start: "2019-12-30", end: "2020-01-03" } },
      "a stay that goes on": { ...stay, status: "in-progress", period: { start: "2022-05-01" } },
      "a weight of 2019": {
        ...observation,
        effectiveDateTime: "2019-06-01T08:00:00Z",
        performer: [{ reference: `Practitioner/${doctor}` }],
      },
      "a weight of 2021": { ...observation, effectiveDateTime: "2021-06-01T08:00:00Z" },
      "a weight of some day": observation,
      "a condition of 2018 that goes on": { ...condition("active"), onsetDateTime: "2018" },
      "a condition of 2018, over in 2019": { ...condition("resolved"), onsetDateTime: "2018", abatementDateTime: "2019-02" },
      "an allergy of childhood": {
        resourceType: "AllergyIntolerance",
        clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
        patient: subject,
        onsetDateTime: "1985",
        recordedDate: "1990",
      },
      "a relative": { resourceType: "RelatedPerson", patient: subject, birthDate: "1979-01-01" },
    };
    for (const [name, resource] of Object.entries(records)) {
      const { status, body } = await fhir.create(resource);
      if (status !== 201) throw new Error(`${name}: ${JSON.stringify(body)}`);
      made.set(body.id, name);
    }
  });
  afterAll(() => mesh?.stop());

  const namesIn = (body: { entry?: { resource: { id: string } }[] }) => (body.entry ?? []).map((it) => made.get(it.resource.id)).sort();
  const always = ["a relative", "a weight of some day", "an allergy of childhood", "the patient"];

  it.each([
    ["start=2021-01-01", ["a condition of 2018 that goes on", "a stay that goes on", "a weight of 2021"]],
    [
      "end=2019-12-31",
      ["a condition of 2018 that goes on", "a condition of 2018, over in 2019", "a stay over new year", "a weight of 2019", "the doctor"],
    ],
    ["start=2020-01-02&end=2020", ["a condition of 2018 that goes on", "a stay over new year"]],
    ["start=2021-06-01&end=2021-06-01", ["a condition of 2018 that goes on", "a weight of 2021"]],
  ])("of the care between %s, and what has no date of care", async (query, expected) => {
    expect(namesIn((await fhir.get(`/Patient/${patient}/$everything?${query}&_count=100`)).body)).toEqual([...expected, ...always].sort());
  });

  it("in pages, each record once", async () => {
    const { resources, pages } = await fhir.all(`/Patient/${patient}/$everything?end=2019-12-31&_count=2`);
    expect(pages).toBe(4);
    expect(resources.map((it) => made.get(it.id as string)).sort()).toEqual(
      namesIn((await fhir.get(`/Patient/${patient}/$everything?end=2019-12-31&_count=100`)).body).filter((it) => it !== "the doctor"),
    );
  });

  it("by POST, in the body or in the URL", async () => {
    const parameter = [
      { name: "start", valueDate: "2021-01-01" },
      { name: "_type", valueCode: "Observation" },
      { name: "_type", valueCode: "Patient" },
      { name: "_count", valueInteger: 1 },
    ];
    const first = await fhir.send("POST", `/Patient/${patient}/$everything`, { resourceType: "Parameters", parameter });
    expect(first.body.link.map((it: { relation: string }) => it.relation)).toEqual(["self", "next"]);
    const rest = await fhir.all(first.body.link[1].url);
    expect([...namesIn(first.body), ...rest.resources.map((it) => made.get(it.id as string))].sort()).toEqual([
      "a weight of 2021",
      "a weight of some day",
      "the patient",
    ]);
    expect((await fhir.send("POST", `/Patient/${patient}/$everything?_type=Condition`)).body.total).toBe(2);
    expect(await fhir.send("POST", `/Patient/${patient}/$everything`, { resourceType: "Patient" })).toMatchObject({ status: 400 });
    const nested = { resourceType: "Parameters", parameter: [{ name: "start", part: [] }, null] };
    expect(await fhir.send("POST", `/Patient/${patient}/$everything`, nested)).toMatchObject({ status: 400 });
  });

  it("and of all patients, in pages", async () => {
    const other = (await fhir.create({ resourceType: "Patient" })).body.id;
    made.set(other, "another patient");
    await fhir.create({ resourceType: "Observation", status: "final", code: { text: "x" }, subject: { reference: "Group/1" } });
    const { resources, pages } = await fhir.all("/Patient/$everything?_count=4");
    expect(resources.map((it) => made.get(it.id as string)).sort()).toEqual([...made.values()].filter((it) => it !== "the doctor").sort());
    expect(pages).toBe(3);
    expect((await fhir.get("/Patient/$everything?_type=Patient&end=1990")).body.total).toBe(2);
  });

  it.each(["start=yesterday", "end=2020-13", "start=2021&end=2020", "colour=red"])("refuses %s", async (query) => {
    expect(await fhir.get(`/Patient/${patient}/$everything?${query}`)).toMatchObject({ status: 400 });
  });

  it("has no start and end for an encounter, as in R4", async () => {
    const [id] = [...made].find(([, name]) => name === "a stay that goes on") as [string, string];
    expect((await fhir.get(`/Encounter/${id}/$everything`)).body.total).toBe(1);
    expect(await fhir.get(`/Encounter/${id}/$everything?start=2020`)).toMatchObject({ status: 400, body: outcomeWith("not-supported") });
  });
});
