/** The stock of a medication is counted in one unit, whatever unit its movements are given in, by whichever door. */
import { readConfig } from "../../mesh/config.ts";
import { checkData } from "../../scripts/check-data/check.ts";
import { closeAll, openSources } from "../../scripts/check-data/owner-stores.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SERVICES = ["api", "transactions", "patients", "records", "pharmacy", "wards", "visits"];

describe("the unit of a stock", () => {
  let mesh: Mesh;
  let next = 0;
  beforeAll(async () => {
    mesh = await startMesh({ services: SERVICES, nats: false, split: "broker" });
    await fhir("PUT", "/Patient/1", { resourceType: "Patient", id: "1" });
  });
  afterAll(() => mesh?.stop());

  const fhir = async (method: string, path: string, resource: object) => {
    const { status, body, text } = await fhirAt(mesh.base).send(method, path, resource);
    if (status >= 300) throw new Error(`${status} ${text}`);
    return body as { id: string };
  };
  const newMedication = () => {
    next += 1;
    return { system: "urn:rx", code: `unit-${next}` };
  };
  type Drug = ReturnType<typeof newMedication>;
  const packed = (medication: Drug, holds: number, pack = "box", content = "tablet") =>
    fhir("POST", "/MedicationKnowledge", {
      resourceType: "MedicationKnowledge",
      status: "active",
      code: { coding: [medication] },
      packaging: { type: { text: pack }, quantity: { value: holds, unit: content } },
    });
  const deliver = (medication: Drug, value: number, unit?: string) =>
    fhir("POST", "/SupplyDelivery", {
      resourceType: "SupplyDelivery",
      status: "completed",
      type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication" }] },
      suppliedItem: { quantity: { value, ...(unit !== undefined && { unit }) }, itemCodeableConcept: { coding: [medication] } },
    });
  const handOut = (medication: Drug, value: number, unit?: string) =>
    fhir("POST", "/MedicationDispense", {
      resourceType: "MedicationDispense",
      status: "completed",
      medicationCodeableConcept: { coding: [medication] },
      subject: { reference: "Patient/1" },
      quantity: { value, ...(unit !== undefined && { unit }) },
    });
  const stock = async ({ system, code }: Drug) => {
    const [item] = await pharmacy.listStock(mesh.caller, { medication: `${system}|${code}` });
    return [item?.quantity, item?.unit];
  };
  const receive = (medication: Drug, quantity: number, more: object = {}) =>
    pharmacy.receive(mesh.caller, { medication, quantity, ...more });
  const otherUnit = expect.objectContaining({ code: 422, message: expect.stringContaining('counted in "tablet"') });

  it("is the catalogue's pack content: delivered boxes are so many tablets, by an action and by FHIR", async () => {
    const medication = newMedication();
    await packed(medication, 20);
    await receive(medication, 2, { unit: "box" });
    expect(await stock(medication)).toEqual([40, "tablet"]);
    await deliver(medication, 1, "box");
    await receive(medication, 5);
    await handOut(medication, 7, "tablet");
    await handOut(medication, 1, "box");
    expect(await stock(medication)).toEqual([38, "tablet"]);
  });

  it("is that of the first delivery if the catalogue has none, and others are refused with its name", async () => {
    const medication = newMedication();
    await receive(medication, 100, { unit: "tablet" });
    await expect(receive(medication, 2, { unit: "box" })).rejects.toEqual(otherUnit);
    await expect(handOut(medication, 20, "ml")).rejects.toThrow('counted in \\"tablet\\"');
    await expect(deliver(medication, 1, "ml")).rejects.toThrow("RULE_SUPPLY_DELIVERY_STOCK_UNIT");
    await pharmacy.adjust(mesh.caller, { medication, by: -1, reason: "broken" });
    await pharmacy.count(mesh.caller, { medication, quantity: 98 });
    expect(await stock(medication)).toEqual([98, "tablet"]);
  });

  it("is not guessed if two packs have one name, or if parts of a pack would not add up", async () => {
    const medication = newMedication();
    await packed(medication, 20);
    await packed(medication, 50);
    await receive(medication, 100, { unit: "tablet" });
    await expect(receive(medication, 1, { unit: "box" })).rejects.toEqual(otherUnit);
    const thirds = newMedication();
    await receive(thirds, 10, { unit: "box" });
    await packed(thirds, 30);
    await expect(handOut(thirds, 10, "tablet")).rejects.toThrow('counted in \\"box\\"');
    const halves = newMedication();
    await receive(halves, 10, { unit: "box" });
    await packed(halves, 20);
    await handOut(halves, 10, "tablet");
    expect(await stock(halves)).toEqual([9.5, "box"]);
  });

  it("of a movement is kept: cancelled, returned or stored again, it is the same, also with another catalogue", async () => {
    const medication = newMedication();
    const { id } = await packed(medication, 20);
    const delivery = await deliver(medication, 5, "box");
    const dispense = await handOut(medication, 2, "box");
    await fhir("DELETE", `/MedicationKnowledge/${id}`, {});
    await pharmacy.return(mesh.caller, { dispense: `MedicationDispense/${dispense.id}`, quantity: 1 });
    expect(await stock(medication)).toEqual([80, "tablet"]);
    await pharmacy.void(mesh.caller, { dispense: `MedicationDispense/${dispense.id}`, reason: "wrong patient" });
    expect(await stock(medication)).toEqual([100, "tablet"]);
    const { extension: _, ...plain } = (await fhirAt(mesh.base).get(`/SupplyDelivery/${delivery.id}`)).body;
    await fhir("PUT", `/SupplyDelivery/${delivery.id}`, plain);
    expect(await stock(medication)).toEqual([100, "tablet"]);
    await fhir("PUT", `/SupplyDelivery/${delivery.id}`, { ...plain, status: "entered-in-error", extension: REASON });
    expect((await stock(medication))[0]).toBe(0);
    await receive(medication, 3, { unit: "ampoule" }); // nothing is there, and nothing says what it was counted in
    expect(await stock(medication)).toEqual([3, "ampoule"]);
  });
  const REASON = [{ url: "urn:openward:reason", valueString: "another pharmacy's" }];

  it("is one, even for two concurrent first deliveries", async () => {
    const medication = newMedication();
    const both = await Promise.allSettled([receive(medication, 10, { unit: "tablet" }), receive(medication, 1, { unit: "box" })]);
    expect(both.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("does not count a return of a dispense if both were mistakes, even if the dispense is deleted first", async () => {
    const medication = newMedication();
    await receive(medication, 20, { unit: "tablet" });
    const { id } = await handOut(medication, 5, "tablet");
    const { delivery } = await pharmacy.return(mesh.caller, { dispense: `MedicationDispense/${id}`, quantity: 3 });
    await pharmacy.void(mesh.caller, { dispense: `MedicationDispense/${id}`, reason: "wrong patient" });
    await fhir("DELETE", `/MedicationDispense/${id}`, {});
    const { body } = await fhirAt(mesh.base).get(`/${delivery}`);
    await fhir("PUT", `/${delivery}`, { ...body, status: "entered-in-error", extension: [...body.extension, ...REASON] });
    expect(await stock(medication)).toEqual([20, "tablet"]);
  });

  it("is not set by dispenses of others before the pharmacy stocked the medication, which may be cancelled, corrected, or kept", async () => {
    const medication = newMedication();
    const [undone, corrected] = [
      await handOut(medication, 5, "tablet"),
      await handOut(medication, 4, "tablet"),
      await handOut(medication, 3, "tablet"),
    ];
    await receive(medication, 20, { unit: "tablet" });
    expect(await stock(medication)).toEqual([20, "tablet"]);
    await pharmacy.void(mesh.caller, { dispense: `MedicationDispense/${undone.id}`, reason: "wrong patient" });
    expect(await stock(medication)).toEqual([20, "tablet"]);
    const { body } = await fhirAt(mesh.base).get(`/MedicationDispense/${corrected.id}`);
    await fhir("PUT", `/MedicationDispense/${corrected.id}`, { ...body, note: [{ text: "seen" }] });
    expect(await stock(medication)).toEqual([20, "tablet"]);
    await handOut(medication, 2, "tablet");
    expect(await stock(medication)).toEqual([18, "tablet"]);
  });

  it("is what check-data adds up", async () => {
    const config = readConfig({ ...mesh.settings, SERVICES: SERVICES.join(",") });
    const sources = await openSources(config);
    const report = await checkData(sources, { rules: config.rules, clocksMs: 0 }).finally(() => closeAll(sources));
    expect(report.findings).toEqual([]);
  });
});
