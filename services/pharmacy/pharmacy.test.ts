import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { pharmacy } from "./pharmacy.contract.ts";
import { codeOfCounter, stockCounter } from "./pharmacy.model.ts";
import PharmacyService from "./pharmacy.service.ts";

describe("the stock of a medication", () => {
  it("is kept under its code, whatever the system", () => {
    const code = { system: "urn:oid:1.2|3", code: "313782" };
    expect(codeOfCounter(stockCounter(code))).toEqual(code);
  });
});

describe("pharmacy", () => {
  let clinic: Clinic;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(PharmacyService);
  });
  afterAll(() => clinic.stop());

  const newMedication = () => {
    next += 1;
    return { system: "urn:rx", code: `${next}` };
  };
  const prescribe = async (medication: { system: string; code: string }, quantity: number) =>
    (await pharmacy.prescribe(clinic.caller, { patient: "Patient/1", medication, quantity, dosage: "1 a day" })).prescription;

  it("dispenses what was prescribed and is in stock, which is reduced", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 10, lot: "L1" });
    const dispense = await pharmacy.dispense(clinic.caller, { prescription: await prescribe(medication, 4), quantity: 4 });
    expect(dispense).toMatchObject({ quantity: 4, left: 6 });
    expect(await clinic.read("pharmacy", dispense.dispense)).toMatchObject({ status: "completed", quantity: { value: 4 } });
    expect(await pharmacy.listStock(clinic.caller, { medication: `${medication.system}|${medication.code}` })).toEqual([
      { medication, quantity: 6 },
    ]);
  });

  it("renews a medication that the patient has taken before, and nobody else's", async () => {
    const medication = newMedication();
    const statement = async (id: string, patient: string) => {
      const taken = { resourceType: "MedicationStatement", id, status: "active", medicationCodeableConcept: { coding: [medication] } };
      const text = JSON.stringify({ ...taken, subject: { reference: patient } });
      await ownerOf("pharmacy").write(clinic.caller, { steps: [{ op: "create", type: "MedicationStatement", id, text }] });
      return `MedicationStatement/${id}`;
    };
    const asked = { patient: "Patient/1", medication, quantity: 4, dosage: "1 a day" };
    const continues = await statement("own", "Patient/1");
    const { prescription } = await pharmacy.prescribe(clinic.caller, { ...asked, continues });
    expect(await clinic.read("pharmacy", prescription)).toMatchObject({ supportingInformation: [{ reference: continues }] });
    for (const other of [await statement("others", "Patient/2"), "MedicationStatement/none"]) {
      await expect(pharmacy.prescribe(clinic.caller, { ...asked, continues: other })).rejects.toEqual(refusal(404, "STATEMENT_NOT_FOUND"));
    }
  });

  it("dispenses a prescription without a quantity as often as needed, and none without a code", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 10 });
    const write = async (id: string, concept: object) => {
      const request = { resourceType: "MedicationRequest", id, status: "active", intent: "order", medicationCodeableConcept: concept };
      const text = JSON.stringify({ ...request, subject: { reference: "Patient/1" } });
      await ownerOf("pharmacy").write(clinic.caller, { steps: [{ op: "create", type: "MedicationRequest", id, text }] });
      return `MedicationRequest/${id}`;
    };
    const prescription = await write("open-ended", { coding: [medication] });
    for (const left of [6, 2]) expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 4 })).toMatchObject({ left });
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 4 })).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
    expect(await clinic.read("pharmacy", prescription)).toMatchObject({ status: "active" });
    const inWords = await write("in-words", { text: "an ointment" });
    await expect(pharmacy.dispense(clinic.caller, { prescription: inWords, quantity: 1 })).rejects.toEqual(
      refusal(409, "PRESCRIPTION_NOT_ACTIVE"),
    );
  });

  it("refuses more than the stock, and records nothing", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 3 });
    const prescription = await prescribe(medication, 10);
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 4 })).rejects.toEqual(refusal(409, "OUT_OF_STOCK"));
    expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 3 })).toMatchObject({ left: 0 });
  });

  it("refuses more than was prescribed, also in several parts", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 100 });
    const prescription = await prescribe(medication, 5);
    await pharmacy.dispense(clinic.caller, { prescription, quantity: 3 });
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 3 })).rejects.toEqual(refusal(409, "MORE_THAN_PRESCRIBED"));
    expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 2 })).toMatchObject({ left: 95 });
  });

  it("dispenses a prescription from FHIR with a trailing zero, up to its quantity", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 100 });
    const text = `{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/1"},
      "medicationCodeableConcept":{"coding":[${JSON.stringify(medication)}]},"dispenseRequest":{"quantity":{"value":30.0}}}`;
    await ownerOf("pharmacy").write(clinic.caller, { steps: [{ op: "create", type: "MedicationRequest", id: "by-fhir", text }] });
    const prescription = "MedicationRequest/by-fhir";
    expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 30 })).toMatchObject({ left: 70 });
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 1 })).rejects.toEqual(refusal(409, "MORE_THAN_PRESCRIBED"));
  });

  it("dispenses the last ten units to ten of 64 concurrent callers", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 10 });
    const prescription = await prescribe(medication, 64);
    const tries = await Promise.allSettled(
      Array.from({ length: 64 }, () => pharmacy.dispense(clinic.caller, { prescription, quantity: 1 })),
    );
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(10);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toEqual(refusal(409, "OUT_OF_STOCK"));
    expect(await pharmacy.listStock(clinic.caller, { medication: `${medication.system}|${medication.code}` })).toEqual([
      { medication, quantity: 0 },
    ]);
  });

  it("cancels a dispense: stock and prescription are as before, with the reason recorded", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 10 });
    const prescription = await prescribe(medication, 4);
    const { dispense } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 4 });
    expect(await clinic.read("pharmacy", prescription)).toMatchObject({ status: "completed" });
    const voided = { dispense, reason: "wrong patient" };
    expect(await pharmacy.void(clinic.caller, voided)).toEqual({ dispense, version: 2, prescription, quantity: 4, left: 10 });
    expect(await clinic.read("pharmacy", prescription)).toMatchObject({ status: "active" });
    expect(await clinic.read("pharmacy", dispense)).toMatchObject({
      status: "entered-in-error",
      statusReasonCodeableConcept: { text: "wrong patient" },
    });
    await expect(pharmacy.void(clinic.caller, voided)).rejects.toEqual(refusal(409, "DISPENSE_NOT_COMPLETED"));
    await expect(pharmacy.void(clinic.caller, { ...voided, dispense: "MedicationDispense/none" })).rejects.toEqual(
      refusal(404, "DISPENSE_NOT_FOUND"),
    );
    expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 4 })).toMatchObject({ left: 6 });
  });

  it("takes returns of at most what was dispensed; a wrong return is cancelled", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 10 });
    const prescription = await prescribe(medication, 6);
    const { dispense } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 6 });
    const first = await pharmacy.return(clinic.caller, { dispense, quantity: 2, reason: "therapy ended" });
    expect(first).toMatchObject({ dispense, quantity: 2, kept: 4, left: 6 });
    expect(await clinic.read("pharmacy", prescription)).toMatchObject({ status: "active" });
    await expect(pharmacy.return(clinic.caller, { dispense, quantity: 5 })).rejects.toEqual(refusal(409, "MORE_THAN_DISPENSED"));
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 3 })).rejects.toEqual(refusal(409, "MORE_THAN_PRESCRIBED"));
    expect(await pharmacy.return(clinic.caller, { dispense, quantity: 4 })).toMatchObject({ kept: 0, left: 10 });
    const wrong = await clinic.read("pharmacy", first.delivery);
    const undone = { ...wrong, status: "entered-in-error" };
    const step = { op: "update", type: "SupplyDelivery", id: String(wrong.id), text: JSON.stringify(undone), upsert: false } as const;
    await ownerOf("pharmacy").write(clinic.caller, { steps: [step] });
    expect(await pharmacy.void(clinic.caller, { dispense, reason: "wrong patient" })).toMatchObject({ left: 10 });
    await expect(pharmacy.return(clinic.caller, { dispense, quantity: 1 })).rejects.toEqual(refusal(409, "DISPENSE_NOT_COMPLETED"));
    expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 6 })).toMatchObject({ left: 4 });
  });

  it("corrects the stock, with a recorded reason, and never below zero", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 10 });
    const adjust = (by: number) => pharmacy.adjust(clinic.caller, { medication, by, reason: "broken" });
    const broken = await adjust(-4);
    expect(broken).toMatchObject({ by: -4, stock: { medication, quantity: 6 } });
    expect(await clinic.read("pharmacy", broken.delivery ?? "")).toMatchObject({
      suppliedItem: { quantity: { value: 4 } },
      extension: [{ valueString: "broken" }],
    });
    await expect(adjust(-7)).rejects.toEqual(refusal(409, "STOCK_TOO_LOW"));
    await expect(adjust(0)).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
    expect(await adjust(2)).toMatchObject({ stock: { quantity: 8 } });
    await expect(pharmacy.adjust(clinic.caller, { medication: newMedication(), by: -1, reason: "x" })).rejects.toEqual(
      refusal(409, "STOCK_TOO_LOW"),
    );
  });

  it("sets the stock to what was counted, also while others dispense", async () => {
    const medication = newMedication();
    const count = (quantity: number) => pharmacy.count(clinic.caller, { medication, quantity });
    expect(await count(0)).toEqual({ by: 0, stock: { medication, quantity: 0 } });
    expect(await count(12)).toMatchObject({ by: 12, stock: { quantity: 12 } });
    expect(await count(10)).toMatchObject({ by: -2, stock: { quantity: 10 } });
    expect(await count(10)).toEqual({ by: 0, stock: { medication, quantity: 10 } });
    const prescription = await prescribe(medication, 5);
    const [counted, ...taken] = await Promise.all([
      count(40),
      ...Array.from({ length: 5 }, () => pharmacy.dispense(clinic.caller, { prescription, quantity: 1 })),
    ]);
    expect(taken).toHaveLength(5);
    const [{ quantity } = { quantity: -1 }] = await pharmacy.listStock(clinic.caller, { medication: `urn:rx|${medication.code}` });
    // What was taken before the count is in it.
    expect(quantity).toBe(10 - 5 + counted.by);
    expect(quantity).toBeGreaterThanOrEqual(35);
  });

  it("removes stock for an earlier time if it was there then, and at the end of each day since", async () => {
    const medication = newMedication();
    const ago = (days: number) => ({ at: new Date(Date.now() - days * 86_400_000).toISOString(), lateReason: "power failure" });
    const wanted = { patient: "Patient/1", medication, quantity: 50, dosage: "1 a day", ...ago(9) };
    const { prescription } = await pharmacy.prescribe(clinic.caller, wanted);
    const { delivery } = await pharmacy.receive(clinic.caller, { medication, quantity: 4, ...ago(8) });
    await pharmacy.receive(clinic.caller, { medication, quantity: 20 });
    const dispense = (quantity: number, days: number) => pharmacy.dispense(clinic.caller, { prescription, quantity, ...ago(days) });
    const refused = refusal(409, "OUT_OF_STOCK");
    await expect(dispense(5, 5)).rejects.toEqual(refused); // four lay there
    expect(await dispense(3, 5)).toMatchObject({ left: 21 });
    await expect(dispense(2, 7)).rejects.toEqual(refused); // three of the four were dispensed since
    expect(await dispense(1, 7)).toMatchObject({ left: 20 });
    await expect(pharmacy.adjust(clinic.caller, { medication, by: -1, reason: "broken", ...ago(3) })).rejects.toEqual(
      refusal(409, "STOCK_TOO_LOW"),
    );
    expect(await pharmacy.adjust(clinic.caller, { medication, by: -1, reason: "broken" })).toMatchObject({ stock: { quantity: 19 } });
    // A delivery that was none: what was dispensed of it was not there.
    const undone = JSON.stringify({ ...(await clinic.read("pharmacy", delivery)), status: "entered-in-error" });
    const step = {
      op: "update",
      type: "SupplyDelivery",
      id: delivery.slice("SupplyDelivery/".length),
      text: undone,
      upsert: false,
    } as const;
    await expect(ownerOf("pharmacy").write(clinic.caller, { steps: [step] })).rejects.toEqual(refusal(409, "RULE_SUPPLY_DELIVERY_STOCK"));
  });

  it("counts decimals: 2.5 ml of 10 are dispensed four times, and no more", async () => {
    const medication = newMedication();
    expect(await pharmacy.receive(clinic.caller, { medication, quantity: 0.3 })).toMatchObject({ stock: { quantity: 0.3 } });
    expect(await pharmacy.count(clinic.caller, { medication, quantity: 10.1 })).toMatchObject({ by: 9.8 });
    const prescription = await prescribe(medication, 10);
    for (const left of [7.6, 5.1, 2.6, 0.1]) {
      expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 2.5 })).toMatchObject({ left });
    }
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 0.1 })).rejects.toEqual(refusal(409, "MORE_THAN_PRESCRIBED"));
    expect(await pharmacy.adjust(clinic.caller, { medication, by: -0.1, reason: "spilt" })).toMatchObject({ stock: { quantity: 0 } });
  });

  it("records dispenses afterwards, in the order in which they happened", async () => {
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const medication = newMedication();
    const { delivery } = await pharmacy.receive(clinic.caller, { medication, quantity: 10, at: ago(300) });
    expect(Date.parse(String((await clinic.read("pharmacy", delivery)).occurrenceDateTime))).toBeLessThan(Date.now() - 290 * 60_000);
    const wanted = { patient: "Patient/1", medication, quantity: 4, dosage: "1 a day", at: ago(200) };
    const { prescription, prescribedAt } = await pharmacy.prescribe(clinic.caller, wanted);
    expect(prescribedAt).toBe(wanted.at);
    const tooEarly = refusal(409, "AT_TOO_EARLY");
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 4, at: ago(201) })).rejects.toEqual(tooEarly);
    const { dispense, dispensedAt } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 4, at: ago(100) });
    await expect(pharmacy.return(clinic.caller, { dispense, quantity: 1, at: ago(101) })).rejects.toEqual(tooEarly);
    const { delivery: back } = await pharmacy.return(clinic.caller, { dispense, quantity: 1, at: dispensedAt });
    expect(await clinic.read("pharmacy", back)).toMatchObject({ occurrenceDateTime: dispensedAt });
    await expect(pharmacy.adjust(clinic.caller, { medication, by: 1, reason: "x", at: ago(-60) })).rejects.toEqual(
      refusal(409, "AT_IN_FUTURE"),
    );
  });

  it("refuses an unknown prescription, and an invalid quantity", async () => {
    await expect(pharmacy.dispense(clinic.caller, { prescription: "MedicationRequest/none", quantity: 1 })).rejects.toEqual(
      refusal(404, "PRESCRIPTION_NOT_FOUND"),
    );
    await expect(pharmacy.receive(clinic.caller, { medication: newMedication(), quantity: 0 })).rejects.toEqual(
      refusal(422, "VALIDATION_ERROR"),
    );
  });
});
