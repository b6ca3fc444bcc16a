/** What moves from one owner to another is looked at as if it were new there: no rule is walked round by way of another owner. */
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("a resource that moves to another owner", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records", "wards", "visits", "hospitalizations", "lab"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
    for (const id of ["a", "b"]) await put({ resourceType: "Patient", id });
    await put({ resourceType: "ServiceRequest", id: "order-of-a", status: "active", intent: "order", subject: of("a") });
  });
  afterAll(() => mesh?.stop());

  type Json = Record<string, unknown> & { resourceType: string; id: string };
  const of = (id: string) => ({ reference: `Patient/${id}` });
  const put = (it: Json) => fhir.send("PUT", `/${it.resourceType}/${it.id}`, it);
  const WAYS = {
    "a PUT": put,
    "a PATCH": (it: Json) => {
      const { resourceType, id, ...members } = it;
      const patch = Object.entries(members).map(([name, value]) => ({ op: "add", path: `/${name}`, value }));
      return fhir.send("PATCH", `/${resourceType}/${id}`, patch, { "Content-Type": "application/json-patch+json" });
    },
    "a transaction": (it: Json) => {
      const entry = [{ resource: it, request: { method: "PUT", url: `${it.resourceType}/${it.id}` } }];
      return fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
    },
  };
  const LABORATORY = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
  let next = 0;
  const pulse = (more: object): Json => {
    next += 1;
    return { resourceType: "Observation", id: `o${next}`, status: "preliminary", code: { text: "x" }, ...more };
  };
  const bed = async (status: string) => {
    next += 1;
    const physicalType = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/location-physical-type", code: "bd" }] };
    await put({ resourceType: "Location", id: `bed-${next}`, status, physicalType });
    return [{ status: "active", location: { reference: `Location/bed-${next}` } }];
  };

  it.each(Object.entries(WAYS))(
    "is a result of the laboratory by %s with an order and an encounter that are there only",
    async (_, send) => {
      const wrong = [
        { subject: of("a"), basedOn: [{ reference: "ServiceRequest/none" }] },
        { subject: of("a"), encounter: { reference: "Encounter/none" } },
      ];
      for (const it of wrong) {
        const stored = pulse(it);
        expect(await put(stored)).toMatchObject({ status: 201 });
        expect(await send({ ...stored, category: LABORATORY })).toMatchObject({
          status: 409,
          body: { issue: [{ code: "business-rule" }] },
        });
      }
      expect(await put(pulse({ subject: of("b"), basedOn: [{ reference: "ServiceRequest/order-of-a" }] }))).toMatchObject({ status: 409 });
      const right = pulse({ subject: of("a"), basedOn: [{ reference: "ServiceRequest/order-of-a" }] });
      await put(right);
      expect(await send({ ...right, category: LABORATORY })).toMatchObject({ status: 200 });
    },
  );

  it.each(Object.entries(WAYS))(
    "is no new act by %s: a visit goes on as a stay when its patient's record was closed meanwhile",
    async (_, send) => {
      next += 1;
      const id = `e${next}`;
      await put({ resourceType: "Patient", id });
      const visit = { resourceType: "Encounter", id, status: "in-progress", class: { code: "AMB" }, subject: of(id) };
      await put(visit);
      await put({ resourceType: "Patient", id, active: false });
      expect(await send({ ...visit, class: { code: "IMP" } })).toMatchObject({ status: 200 });
      expect(await put({ ...visit, id: `${id}-new`, class: { code: "IMP" } })).toMatchObject({ status: 409 });
    },
  );

  it.each(Object.entries(WAYS))("is a stay by %s in a bed that is in use only", async (_, send) => {
    for (const [status, answer] of [
      ["inactive", 409],
      ["active", 200],
    ] as const) {
      next += 1;
      const id = `e${next}`;
      await put({ resourceType: "Patient", id });
      const visit = {
        resourceType: "Encounter",
        id,
        status: "in-progress",
        class: { code: "AMB" },
        subject: of(id),
        location: await bed(status),
      };
      expect(await put(visit)).toMatchObject({ status: 201 });
      expect(await send({ ...visit, class: { code: "IMP" } })).toMatchObject({ status: answer });
    }
  });
});
