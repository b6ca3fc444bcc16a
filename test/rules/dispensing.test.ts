/** What is handed out is counted to the unit: against every prescription that it names, and off the shelf that it came from. */

import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

describe("dispensing", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "records", "visits", "pharmacy"],
      nats: false,
      split: "broker",
    });
    fhir = fhirAt(mesh.base);
    for (const id of ["p", "q"]) await put({ resourceType: "Patient", id });
  });
  afterAll(() => mesh?.stop());

  const subject = { reference: "Patient/p" };
  const concept = (...codes: string[]) => ({ coding: codes.map((code) => ({ system: "urn:rx", code })) });
  const prescription = (id: string, quantity: number | undefined, more: object = {}) => ({
    resourceType: "MedicationRequest",
    id,
    status: "active",
    intent: "order",
    medicationCodeableConcept: concept("x"),
    subject,
    ...(quantity !== undefined && { dispenseRequest: { quantity: { value: quantity } } }),
    ...more,
  });
  const dispense = (quantity: number, prescriptions: string[], more: object = {}) => ({
    resourceType: "MedicationDispense",
    status: "completed",
    medicationCodeableConcept: concept("x"),
    subject,
    quantity: { value: quantity },
    ...(prescriptions.length > 0 && {
      authorizingPrescription: prescriptions.map((id) => ({ reference: id.includes(":") ? id : `MedicationRequest/${id}` })),
    }),
    ...more,
  });
  type Json = Record<string, unknown> & { resourceType: string; id?: string };
  const put = (it: Json & { id: string }) => fhir.send("PUT", `/${it.resourceType}/${it.id}`, it);
  const entryOf = (it: Json, fullUrl?: string) => ({
    ...(fullUrl && { fullUrl }),
    resource: it,
    request: it.id === undefined ? { method: "POST", url: it.resourceType } : { method: "PUT", url: `${it.resourceType}/${it.id}` },
  });
  const together = (...entry: object[]) => fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
  const statusOf = async (id: string) => (await fhir.get(`/MedicationRequest/${id}`)).body.status;

  it("counts decimals: three tenths are dispensed one by one, and complete the prescription", async () => {
    await put(prescription("tenths", 0.3));
    for (const _ of [1, 2, 3]) expect(await fhir.create(dispense(0.1, ["tenths"]))).toMatchObject({ status: 201 });
    expect(await statusOf("tenths")).toBe("completed");
    expect(await fhir.create(dispense(0.1, ["tenths"]))).toMatchObject({ status: 409 });
  });

  it("is checked against every prescription that it names, in any position", async () => {
    await put(prescription("one", 10));
    await put(prescription("two", 5));
    const paper = { display: "on paper" };
    const behindPaper = { authorizingPrescription: [paper, { reference: "MedicationRequest/two" }] };
    expect(await fhir.create(dispense(6, [], behindPaper))).toMatchObject({ status: 409 });
    expect(await fhir.create(dispense(6, ["one", "two"]))).toMatchObject({ status: 409 });
    const { status, body } = await fhir.create(dispense(5, ["one", "two"]));
    expect([status, await statusOf("one"), await statusOf("two")]).toEqual([201, "active", "completed"]);
    expect(await put({ ...body, status: "entered-in-error" })).toMatchObject({ status: 200 });
    expect(await statusOf("two")).toBe("active");
    expect(await fhir.create(dispense(5, [], behindPaper))).toMatchObject({ status: 201 });
  });

  it("reduces the stock that has any of its codes", async () => {
    const stock = async () => (await pharmacy.listStock(mesh.caller, { medication: "urn:rx|kept" }))[0]?.quantity;
    await pharmacy.receive(mesh.caller, { medication: { system: "urn:rx", code: "kept" }, quantity: 10 });
    const medicationCodeableConcept = concept("local", "kept");
    expect(await fhir.create(dispense(11, [], { medicationCodeableConcept }))).toMatchObject({ status: 409 });
    const { status, body } = await fhir.create(dispense(4, [], { medicationCodeableConcept }));
    expect([status, await stock()]).toEqual([201, 6]);
    await put({ ...body, status: "entered-in-error" });
    expect(await stock()).toBe(10);
    await put(prescription("both", 3, { medicationCodeableConcept }));
    expect(await pharmacy.dispense(mesh.caller, { prescription: "MedicationRequest/both", quantity: 3 })).toMatchObject({ left: 7 });
    const type = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication" }] };
    const suppliedItem = { quantity: { value: 2 }, itemCodeableConcept: medicationCodeableConcept };
    expect(await fhir.create({ resourceType: "SupplyDelivery", status: "completed", type, suppliedItem })).toMatchObject({ status: 201 });
    expect(await stock()).toBe(9);
  });

  it("is of a stock that every delivery of the medication adds to, unless its type says that it is a device", async () => {
    const stock = async () => (await pharmacy.listStock(mesh.caller, { medication: "urn:rx|delivered" }))[0]?.quantity;
    const typed = (code: string) => ({ type: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code }] } });
    const itemCodeableConcept = concept("delivered");
    const deliver = (value: number, more: object) =>
      fhir.create({
        resourceType: "SupplyDelivery",
        status: "completed",
        suppliedItem: { quantity: { value }, itemCodeableConcept },
        ...more,
      });
    const { body } = await deliver(10, {});
    expect(await stock()).toBe(10);
    await deliver(2, typed("medication"));
    await deliver(1, typed("device"));
    expect(await stock()).toBe(12);
    expect(await fhir.create(dispense(13, [], { medicationCodeableConcept: itemCodeableConcept }))).toMatchObject({ status: 409 });
    expect(await put({ ...body, status: "entered-in-error" })).toMatchObject({ status: 200 });
    expect(await stock()).toBe(2);
  });

  it("requires a prescription that is active at the time of the dispense", async () => {
    for (const id of ["stopped", "on"]) {
      await put(prescription(id, 10));
      const { body } = await fhir.create(dispense(1, [id], { status: "preparation" }));
      if (id === "stopped") await put(prescription(id, 10, { status: "stopped" }));
      const handedOut = { status: id === "on" ? 200 : 409 };
      expect(await put({ ...body, status: "completed" })).toMatchObject(handedOut);
      if (id === "stopped") expect(await put({ ...body, status: "cancelled" })).toMatchObject({ status: 200 });
    }
  });

  it("is refused for a completed prescription without a quantity, but may be recorded later", async () => {
    await put(prescription("over", undefined, { status: "completed" }));
    expect(await fhir.create(dispense(1, ["over"]))).toMatchObject({ status: 409 });
    expect(await fhir.create(dispense(1, ["over"], { whenHandedOver: "2020-01-05" }))).toMatchObject({ status: 201 });
  });

  it("is possible in one transaction with its prescription, which it completes there", async () => {
    const url = "urn:uuid:0190a3f0-0000-7000-8000-000000000001";
    await put(prescription("known", 10));
    const tooMuch = { status: 409, body: { issue: [{ code: "business-rule" }] } };
    expect(await together(entryOf(prescription("known", 10)), entryOf(dispense(11, ["known"])))).toMatchObject(tooMuch);
    const { id: _, ...made } = prescription("", 10);
    expect(await together(entryOf(made, url), entryOf(dispense(11, [url])))).toMatchObject(tooMuch);
    expect(await together(entryOf(prescription("known", 10)), entryOf(dispense(4, ["known"])))).toMatchObject({ status: 200 });
    expect(await statusOf("known")).toBe("active");
    const { status, body } = await together(entryOf(dispense(10, [url])), entryOf(made, url));
    expect(status).toBe(200);
    const [, place] = body.entry[1].response.location.match(/MedicationRequest\/([^/]+)/);
    expect(await statusOf(place)).toBe("completed");
    expect(await together(entryOf(prescription("known", 10)), entryOf(dispense(6, ["known"])))).toMatchObject({ status: 200 });
    expect([await statusOf("known"), (await fhir.get("/MedicationRequest/known")).body.meta.versionId]).toEqual(["completed", "3"]);
  });

  it("can be cancelled only if it was made: an error that never was a dispense makes no prescription active again", async () => {
    await put(prescription("done", undefined, { status: "completed" }));
    const active = entryOf(prescription("done", undefined));
    expect(await together(active, entryOf(dispense(1, ["done"], { status: "entered-in-error" })))).toMatchObject({ status: 409 });
    const { body } = await fhir.create(dispense(1, ["done"], { whenHandedOver: "2020-01-05" }));
    expect(await together(active, entryOf({ ...body, status: "entered-in-error" }))).toMatchObject({ status: 200 });
  });

  it("can be returned by FHIR too: at most what was dispensed, and noted on the dispense", async () => {
    const type = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication" }] };
    const back = (id: unknown, value: number) => ({
      resourceType: "SupplyDelivery",
      status: "completed",
      type,
      extension: [{ url: "urn:openward:return-of", valueReference: { reference: `MedicationDispense/${id}` } }],
      suppliedItem: { quantity: { value }, itemCodeableConcept: concept("x") },
    });
    await put(prescription("back", 10));
    const { body: ready } = await fhir.create(dispense(2, ["back"], { status: "preparation" }));
    const { body: done } = await fhir.create(dispense(8, ["back"]));
    // By the rules "supply-delivery-return-of" and "supply-delivery-return".
    for (const wrong of [back(ready.id, 1), back("none", 1), back(done.id, 9)]) {
      expect((await fhir.create(wrong)).status).toBeGreaterThanOrEqual(404);
    }
    const { status, body: given } = await fhir.create(back(done.id, 3));
    const returned = async () => (await fhir.get(`/MedicationDispense/${done.id}`)).body.extension?.[0].valueDecimal;
    expect([status, await returned()]).toEqual([201, 3]);
    expect(await fhir.create(dispense(6, ["back"]))).toMatchObject({ status: 409 });
    expect(await fhir.create(dispense(5, ["back"]))).toMatchObject({ status: 201 });
    // What came back is dispensed again: that it came back is not undone.
    expect(await put({ ...given, status: "entered-in-error" })).toMatchObject({ status: 409 });
  });

  describe("by lots and places", () => {
    const type = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/supply-item-type", code: "medication" }] };
    const batch = (code: string, lotNumber: string, expirationDate?: string) => ({
      resourceType: "Medication",
      id: "lot",
      code: concept(code),
      batch: { lotNumber, ...(expirationDate && { expirationDate }) },
    });
    const ofLot = { reference: "#lot" };
    const arrival = (code: string, quantity: number, lot: string, expires?: string, more: object = {}) => ({
      resourceType: "SupplyDelivery",
      status: "completed",
      type,
      contained: [batch(code, lot, expires)],
      suppliedItem: { quantity: { value: quantity }, itemReference: ofLot },
      ...more,
    });
    const lotsOf = async (code: string) =>
      (await pharmacy.listLots(mesh.caller, { medication: `urn:rx|${code}` })).map(({ lot, quantity, place }) => [
        place ?? "",
        lot,
        quantity,
      ]);
    const { medicationCodeableConcept: _, ...withoutCode } = dispense(0, []);
    const lotDispense = (code: string, quantity: number, lot: string, more: object = {}) => ({
      ...withoutCode,
      contained: [batch(code, lot)],
      medicationReference: ofLot,
      quantity: { value: quantity },
      ...more,
    });
    const other = { status: 409, body: { issue: [{ code: "business-rule" }] } };

    it("reduces the lot that it names, or the oldest usable one", async () => {
      // By the rules "medication-dispense-lot" and "supply-delivery-lot".
      await fhir.create(arrival("l1", 5, "A", "2019-01"));
      await fhir.create(arrival("l1", 5, "B", "2039-01"));
      await fhir.create(arrival("l1", 5, "C", "2038-01"));
      expect(await fhir.create(arrival("l1", 5, "C", "2037-01"))).toMatchObject(other);
      expect(await fhir.create(lotDispense("l1", 1, "A"))).toMatchObject(other);
      const { body } = await fhir.create(lotDispense("l1", 2, "B"));
      const oldest = await fhir.create(dispense(3, [], { medicationCodeableConcept: concept("l1") }));
      expect(oldest.body.extension[0].extension).toContainEqual({ url: "lot", valueString: "C" });
      expect(await lotsOf("l1")).toEqual([
        ["", "A", 5],
        ["", "C", 2],
        ["", "B", 3],
      ]);
      // What it has moved stays on it whatever a client leaves out, and is put back when it was an error.
      expect(await put({ ...body, status: "entered-in-error", extension: undefined })).toMatchObject({ status: 200 });
      expect(await lotsOf("l1")).toEqual([
        ["", "A", 5],
        ["", "C", 2],
        ["", "B", 5],
      ]);
    });

    it("keeps places apart, and uses the only one if a clinic names none", async () => {
      const place = { reference: "Location/store" };
      const { body } = await fhir.create(arrival("l2", 6, "A", undefined, { destination: place }));
      expect(await fhir.create(lotDispense("l2", 1, "A", { location: place }))).toMatchObject({ status: 201 });
      expect(await fhir.create(lotDispense("l2", 1, "A"))).toMatchObject({ status: 201 });
      expect(await lotsOf("l2")).toEqual([["Location/store", "A", 4]]);
      const moved = { modifierExtension: [{ url: "urn:openward:stock-origin", valueReference: place }] };
      const { body: transfer } = await fhir.create(arrival("l2", 3, "A", undefined, moved));
      expect(await lotsOf("l2")).toEqual([
        ["", "A", 3],
        ["Location/store", "A", 1],
      ]);
      expect(await put({ ...body, status: "entered-in-error" })).toMatchObject(other);
      expect(await put({ ...transfer, status: "entered-in-error" })).toMatchObject({ status: 200 });
      expect(await lotsOf("l2")).toEqual([["Location/store", "A", 4]]);
    });

    it("is refused for a blocked lot of a Medication, also for a dose from a stock", async () => {
      // By the rules "medication-administration-lot" and "medication-administration-stock".
      await fhir.create(arrival("l3", 6, "A"));
      const { body } = await fhir.create({ ...batch("l3", "A"), id: undefined, status: "inactive" });
      expect(await fhir.create(lotDispense("l3", 1, "A"))).toMatchObject(other);
      const dose = (quantity: number) => ({
        resourceType: "MedicationAdministration",
        status: "completed",
        medicationCodeableConcept: concept("l3"),
        subject,
        effectiveDateTime: new Date().toISOString(),
        extension: [
          {
            url: "urn:openward:from-stock",
            extension: [
              { url: "quantity", valueDecimal: quantity },
              { url: "lot", valueString: "A" },
            ],
          },
        ],
      });
      expect(await fhir.create(dose(1))).toMatchObject(other);
      expect(await put({ ...body, status: "active" })).toMatchObject({ status: 200 });
      expect(await fhir.create(dose(7))).toMatchObject(other);
      const { body: given } = await fhir.create(dose(2));
      expect(await lotsOf("l3")).toEqual([["", "A", 4]]);
      expect(await put({ ...given, status: "entered-in-error" })).toMatchObject({ status: 200 });
      expect(await lotsOf("l3")).toEqual([["", "A", 6]]);
    });
  });
});
