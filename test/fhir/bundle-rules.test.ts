import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

type Entry = Record<string, unknown>;
type Resource = Entry & { resourceType: string };
const transaction = (...entry: Entry[]) => ({ resourceType: "Bundle", type: "transaction", entry });
const post = (resource: Resource, fullUrl?: string, more: Entry = {}): Entry => ({
  ...(fullUrl && { fullUrl }),
  resource,
  request: { method: "POST", url: resource.resourceType, ...more },
});
const put = (resource: Resource, more: Entry = {}): Entry => ({
  resource,
  request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ...more },
});

/** R4's rules for bundles (http.html#trules) one by one, where it is easy to do almost the right thing. */
describe("a bundle", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "personnel", "visits", "hospitalizations", "lab", "records", "billing", "codification"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh.stop());

  const placeOf = (answer: { body: { entry: { response: { location: string } }[] } }, index: number) =>
    answer.body.entry[index]?.response.location.split("/_history")[0] as string;

  it("leaves texts that look like a link to what it creates", async () => {
    const text = "Patient/x1";
    const communication = {
      resourceType: "Communication",
      status: "completed",
      subject: { reference: text },
      payload: [{ contentString: text }],
      note: [{ authorString: text, text: "x" }],
    };
    const answer = await fhir.send(
      "POST",
      "",
      transaction(
        post({ resourceType: "Patient", name: [{ family: text }] }, "http://other.org/fhir/Patient/x1"),
        post(communication, "http://other.org/fhir/Communication/c1"),
      ),
    );
    expect((await fhir.get(`/${placeOf(answer, 0)}`)).body.name).toEqual([{ family: text }]);
    const { body } = await fhir.get(`/${placeOf(answer, 1)}`);
    expect(body).toMatchObject({ ...communication, subject: { reference: placeOf(answer, 0) } });
  });

  it("stores definitions under their own addresses", async () => {
    const url = "http://example.org/fhir/StructureDefinition/own-address";
    const definition = {
      resourceType: "StructureDefinition",
      id: "own-address",
      url,
      name: "OwnAddress",
      status: "draft",
      kind: "complex-type",
      abstract: false,
      type: "Extension",
      baseDefinition: "http://hl7.org/fhir/StructureDefinition/Extension",
      derivation: "constraint",
      context: [{ type: "element", expression: "Patient" }],
      differential: { element: [{ id: "Extension.url", path: "Extension.url", fixedUri: url }] },
    };
    const patient = { resourceType: "Patient", id: "with-address", extension: [{ url, valueString: "x" }] };
    const answer = await fhir.send("POST", "", transaction({ fullUrl: url, ...put(definition) }, put(patient)));
    expect(answer.status).toBe(200);
    expect((await fhir.get("/StructureDefinition/own-address")).body).toMatchObject(definition);
    expect((await fhir.get("/Patient/with-address")).body).toMatchObject(patient);
  });
});
