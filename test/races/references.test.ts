import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const ROUNDS = { sqlite: 10, mongo: 4 };
const AT_ONCE = 6;

/** An order relies on its patient in another service; who deletes the patient asks that service first. */
describe.each(["sqlite", "mongo"] as const)("at the same moment, at two replicas of each, on %s", (store) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "lab"];
    mesh = await startMesh({ services, replicas: { patients: 2, lab: 2 }, store });
    fhir = fhirAt(mesh.base);
  });
  afterAll(() => mesh?.stop());

  const order = (id: string) => ({
    resourceType: "ServiceRequest",
    status: "active",
    intent: "order",
    subject: { reference: `Patient/${id}` },
  });
  const inBundle = (id: string) => {
    const resource = { resourceType: "Group", type: "person", actual: true };
    const entry = [
      { resource: order(id), request: { method: "POST", url: "ServiceRequest" } },
      { resource, request: { method: "POST", url: "Group" } },
    ];
    return fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
  };

  it("a patient is deleted or gets orders, never both", async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < ROUNDS[store]; round += 1) {
      const ids = Array.from({ length: AT_ONCE }, (_, index) => `p-${round}-${index}`);
      await Promise.all(ids.map((id) => fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id })));
      await Promise.all(
        ids.map(async (id, index) => {
          const writes = () => [fhir.create(order(id)), index % 2 === 0 ? inBundle(id) : fhir.create(order(id))];
          // Now the one, now the other comes first.
          const [first, deletion, second] =
            round % 2 === 0 ? [writes(), fhir.send("DELETE", `/Patient/${id}`), []] : [[], fhir.send("DELETE", `/Patient/${id}`), writes()];
          const written = await Promise.all([...first, ...second]);
          const { status } = await deletion;
          const orders = (await fhir.get(`/ServiceRequest?subject=Patient/${id}&_summary=count`)).body.total;
          const isThere = (await fhir.get(`/Patient/${id}`)).status === 200;
          outcomes.add(`deletion ${status}`);
          for (const answer of written) expect([200, 201, 409]).toContain(answer.status);
          expect([204, 409]).toContain(status);
          expect({ isThere, hasOrders: orders > 0 }).toEqual(
            status === 204 ? { isThere: false, hasOrders: false } : { isThere: true, hasOrders: true },
          );
        }),
      );
    }
    // Which of the two comes about is chance; one after the other it is not.
    expect(["deletion 204", "deletion 409"]).toEqual(expect.arrayContaining([...outcomes]));
    for (const id of ["ordered", "deleted"]) await fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id });
    expect((await fhir.create(order("ordered"))).status).toBe(201);
    expect((await fhir.send("DELETE", "/Patient/ordered")).status).toBe(409);
    expect((await fhir.send("DELETE", "/Patient/deleted")).status).toBe(204);
    expect((await fhir.create(order("deleted"))).status).toBe(409);
  });

  const specimen = { resourceType: "Specimen", subject: { reference: "Patient/p" } };
  it.each([
    ["an order is deleted, or a specimen is taken for it", order("p"), "request"], // R4 has no search parameter for it
    ["a specimen is deleted, or another is made of it", specimen, "parent"],
  ])("%s, never both", async (_, made, element) => {
    await fhir.send("PUT", "/Patient/p", { resourceType: "Patient", id: "p" });
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (__, index) => {
        const { body } = await fhir.create(made);
        const place = `${body.resourceType}/${body.id}`;
        const write = () => fhir.create({ ...specimen, [element]: [{ reference: place }] });
        const first = index % 2 === 0 ? [write()] : [];
        const deletion = fhir.send("DELETE", `/${place}`);
        const statuses = (await Promise.all([...first, write(), deletion])).map(({ status }) => status);
        const isDeleted = statuses.pop() === 204;
        expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
        expect([place, statuses.includes(201)]).toEqual([place, !isDeleted]);
      }),
    );
  });
});
