import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { pharmacy } from "./pharmacy.contract.ts";
import { codeOfCounter, stockCounter } from "./pharmacy.model.ts";
import PharmacyService from "./pharmacy.service.ts";

describe("the stock of a medication", () => {
  it("is kept under its code, whatever the system looks like", () => {
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

  it("dispenses what was prescribed and is there, and the stock goes down", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 10, lot: "L1" });
    const dispense = await pharmacy.dispense(clinic.caller, { prescription: await prescribe(medication, 4), quantity: 4 });
    expect(dispense).toMatchObject({ quantity: 4, left: 6 });
    expect(await clinic.read("pharmacy", dispense.dispense)).toMatchObject({ status: "completed", quantity: { value: 4 } });
    expect(await pharmacy.listStock(clinic.caller, { medication: `${medication.system}|${medication.code}` })).toEqual([
      { medication, quantity: 6 },
    ]);
  });

  it("refuses more than is there, and records nothing", async () => {
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

  it("dispenses a prescription that came by FHIR with a zero at its end, and no more than it says", async () => {
    const medication = newMedication();
    await pharmacy.receive(clinic.caller, { medication, quantity: 100 });
    const text = `{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/1"},
      "medicationCodeableConcept":{"coding":[${JSON.stringify(medication)}]},"dispenseRequest":{"quantity":{"value":30.0}}}`;
    await ownerOf("pharmacy").write(clinic.caller, { steps: [{ op: "create", type: "MedicationRequest", id: "by-fhir", text }] });
    const prescription = "MedicationRequest/by-fhir";
    expect(await pharmacy.dispense(clinic.caller, { prescription, quantity: 30 })).toMatchObject({ left: 70 });
    await expect(pharmacy.dispense(clinic.caller, { prescription, quantity: 1 })).rejects.toEqual(refusal(409, "MORE_THAN_PRESCRIBED"));
  });

  it("hands the last ten units to ten of 64 who come at the same moment", async () => {
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

  it("undoes a dispense: shelf and prescription are as before, and why it was undone is on record", async () => {
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

  it("takes back what was not used, at most what was handed out; a delivery that was no return is undone", async () => {
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

  it("refuses a prescription that there is not, and half a tablet", async () => {
    await expect(pharmacy.dispense(clinic.caller, { prescription: "MedicationRequest/none", quantity: 1 })).rejects.toEqual(
      refusal(404, "PRESCRIPTION_NOT_FOUND"),
    );
    await expect(pharmacy.receive(clinic.caller, { medication: newMedication(), quantity: 0.5 })).rejects.toEqual(
      refusal(422, "VALIDATION_ERROR"),
    );
  });
});
