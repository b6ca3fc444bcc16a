import { useTimeZone } from "../../fhir/time-zone.ts";
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const ENV = { HOSPITAL_TIME_ZONE: "Africa/Algiers" };

/** What a day is for a hospital whose clocks are not in UTC. */
describe("a hospital in Algiers", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records", "visits", "pharmacy"],
      nats: false,
      split: "broker",
      env: ENV,
    });
    fhir = fhirAt(mesh.base);
    await fhir.send("PUT", "/Patient/p", { resourceType: "Patient", id: "p" });
  });
  afterAll(() => mesh?.stop());

  const subject = { reference: "Patient/p" };
  const found = async (query: string) => (await fhir.get(`/Encounter?${query}&_summary=count`)).body.total;

  it("finds a visit at 00:20 on the day that has begun there", async () => {
    const period = { start: "2026-01-04T23:20:00Z", end: "2026-01-04T23:40:00Z" };
    const visit = { resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject, period };
    expect(await fhir.create(visit)).toMatchObject({ status: 201 });
    expect([await found("date=2026-01-05"), await found("date=2026-01-04")]).toEqual([1, 0]);
    expect([await found("date=2026-01-05T00:20"), await found("date=2026-01-05T00:20:00Z")]).toEqual([0, 0]);
    expect([await found("date=ge2026-01-05T00:20"), await found("date=ge2026-01-05T00:20:00Z")]).toEqual([1, 0]);
    expect(await found("date=2026-01-04T23:00:00Z,2026-01&date=2026")).toBe(1);
  });

  it("has its data checked by its own clocks", async () => {
    useTimeZone("UTC"); // as in a program that has just started
    const sources = await openSources(readConfig({ DATA_DIR: mesh.dataDir, ...ENV }));
    const { findings, resources } = await checkData(sources, { rules: readConfig({}).rules, clocksMs: 0 }).finally(() => closeAll(sources));
    expect([findings, resources > 0]).toEqual([[], true]);
  });

  it("dispenses until the last day of a prescription has ended there", async () => {
    const medicationCodeableConcept = { text: "x" };
    const dispenseRequest = { quantity: { value: 10 }, validityPeriod: { end: "2026-01-05" } };
    const order = {
      resourceType: "MedicationRequest",
      status: "active",
      intent: "order",
      medicationCodeableConcept,
      subject,
      dispenseRequest,
    };
    const { body } = await fhir.create(order);
    const handedOut = (whenHandedOver: string) =>
      fhir.create({
        resourceType: "MedicationDispense",
        status: "completed",
        medicationCodeableConcept,
        subject,
        quantity: { value: 1 },
        authorizingPrescription: [{ reference: `MedicationRequest/${body.id}` }],
        whenHandedOver,
      });
    expect(await handedOut("2026-01-05T22:50:00Z")).toMatchObject({ status: 201 });
    expect(await handedOut("2026-01-05T23:10:00Z")).toMatchObject({ status: 409 });
  });
});
