import { fhirAt, type FhirHttp } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** Chains look into what resources contain (FHIR R4, search.html#contained); searches for a type do not find what is contained. */
describe("chains into contained resources", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  const ids: Record<string, string> = {};
  const name: Record<string, string> = {};
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "personnel", "records", "visits", "hospitalizations", "pharmacy", "lab"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
    const make = async (key: string, resource: object) => {
      const { status, body } = await fhir.create(resource);
      expect([key, status, body.issue]).toEqual([key, 201, undefined]);
      ids[key] = body.id;
      name[body.id] = key;
    };
    const code = (value: string) => ({ coding: [{ system: "urn:drug", code: value }] });
    const medication = (value: string, more = {}) => ({ resourceType: "Medication", id: "m", code: code(value), ...more });
    const request = (more: object) => ({
      resourceType: "MedicationRequest",
      status: "active",
      intent: "order",
      subject: { reference: "Patient/x" },
      medicationReference: { reference: "#m" },
      ...more,
    });
    expect((await fhir.send("PUT", "/Patient/x", { resourceType: "Patient", id: "x" })).status).toBe(201);
    await make("maker", { resourceType: "Organization", name: "Outside Works" });
    await make("drug", { ...medication("abc"), id: undefined });
    await make("holds", request({ contained: [medication("abc", { status: "active" })] }));
    await make("refers", request({ medicationReference: { reference: `Medication/${ids.drug}` } }));
    await make("otherwise", request({ contained: [medication("xyz")] }));
    await make("leads out", request({ contained: [medication("m1", { manufacturer: { reference: `Organization/${ids.maker}` } })] }));
    await make(
      "leads on",
      request({
        contained: [
          medication("m2", { manufacturer: { reference: "#o" } }),
          { resourceType: "Organization", id: "o", name: "Inside Works" },
        ],
      }),
    );
    await make("prior", request({ contained: [medication("far")] }));
    await make("dispense", {
      resourceType: "MedicationDispense",
      status: "completed",
      medicationCodeableConcept: { text: "x" },
      authorizingPrescription: [{ reference: `MedicationRequest/${ids.prior}` }],
    });
    await make("by hand", {
      resourceType: "Observation",
      status: "final",
      code: { text: "x" },
      contained: [{ resourceType: "Practitioner", id: "p", name: [{ family: "Contained", given: ["Ada"] }], gender: "female" }],
      performer: [{ reference: "#p" }],
    });
  });
  afterAll(() => mesh.stop());

  const found = async (path: string) => {
    const { status, body } = await fhir.get(path);
    expect([path, status]).toEqual([path, 200]);
    return ((body.entry ?? []) as { resource: { id: string } }[]).map(({ resource }) => name[resource.id]).sort();
  };

  it.each<[string, string[]]>([
    ["MedicationRequest?medication.code=urn:drug|abc", ["holds", "refers"]],
    ["MedicationRequest?medication:Medication.code=abc", ["holds", "refers"]],
    ["MedicationRequest?medication.code=abc&medication.status=active", ["holds"]],
    ["MedicationRequest?medication.code:not=abc", ["leads on", "leads out", "otherwise", "prior"]],
    ["MedicationRequest?medication.status:missing=true&medication.code=abc,xyz", ["otherwise", "refers"]],
    ["MedicationRequest?medication.status:missing=false", ["holds"]],
    ["MedicationRequest?medication.manufacturer.name=outside", ["leads out"]],
    ["MedicationRequest?medication.manufacturer.name=inside", ["leads on"]],
    ["MedicationRequest?medication.manufacturer.name:contains=works", ["leads on", "leads out"]],
    ["MedicationRequest?medication.manufacturer:Organization.name:exact=Inside Works", ["leads on"]],
    ["MedicationDispense?prescription.medication.code=far", ["dispense"]],
    ["MedicationRequest?_has:MedicationDispense:prescription:status=completed&medication.code=far", ["prior"]],
    ["Organization?_has:Medication:manufacturer:code=m1", []],
    ["Observation?performer:Practitioner.family=contained", ["by hand"]],
    ["Observation?performer.name=ada", ["by hand"]],
    ["Observation?performer:Practitioner.gender=male", []],
    ["Medication?code=abc", ["drug"]],
    ["Practitioner?family=contained", []],
    ["MedicationRequest?medication._id=m", []],
  ])("%s finds %j", async (path, expected) => expect(await found(`/${path}`)).toEqual(expected));

  it("are refused if they lead over three, while there is anything that they would miss", async () => {
    const paths = [
      "DiagnosticReport?result.specimen.collector:Practitioner.family=deep",
      "DiagnosticReport?result:Observation.specimen.collector.family=deep",
    ];
    for (const path of paths) expect(await found(`/${path}`)).toEqual([]);
    const report = {
      resourceType: "DiagnosticReport",
      status: "final",
      code: { text: "x" },
      contained: [
        { resourceType: "Observation", id: "o", status: "final", code: { text: "y" }, specimen: { reference: "#s" } },
        { resourceType: "Specimen", id: "s", accessionIdentifier: { value: "a-1" }, collection: { collector: { reference: "#p" } } },
        { resourceType: "Practitioner", id: "p", name: [{ family: "Deep" }] },
      ],
      result: [{ reference: "#o" }],
    };
    const { status, body } = await fhir.create(report);
    expect(status).toBe(201);
    for (const path of paths) {
      const refused = await fhir.get(`/${path}`);
      expect([refused.status, refused.body.issue[0].code]).toEqual([400, "not-supported"]);
    }
    name[body.id] = "report";
    expect(await found("/DiagnosticReport?result.specimen.accession=a-1")).toEqual(["report"]);
    expect(await found("/DiagnosticReport?result.specimen.collector:PractitionerRole.specialty=x")).toEqual([]);
    expect((await fhir.send("DELETE", `/DiagnosticReport/${body.id}`)).status).toBe(204);
    for (const path of paths) expect(await found(`/${path}`)).toEqual([]);
  });

  it("follow a change, also in a conditional create", async () => {
    const body = (await fhir.get(`/MedicationRequest/${ids.otherwise}`)).body;
    body.contained[0].code.coding[0].code = "changed";
    expect((await fhir.send("PUT", `/MedicationRequest/${ids.otherwise}`, body)).status).toBe(200);
    expect(await found("/MedicationRequest?medication.code=changed")).toEqual(["otherwise"]);
    expect(await found("/MedicationRequest?medication.code=xyz")).toEqual([]);
    const again = await fhir.create({ ...body, id: undefined, meta: undefined }, { "If-None-Exist": "medication.code=changed" });
    expect([again.status, again.body.id]).toEqual([200, ids.otherwise]);
  });
});
