/** The round: which doses are due, and what became of each. */
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { hospitalizations } from "../hospitalizations/hospitalizations.contract.ts";
import HospitalizationsService from "../hospitalizations/hospitalizations.service.ts";
import { patients } from "../patients/patients.contract.ts";
import PatientsService from "../patients/patients.service.ts";
import TransactionsService from "../transactions/transactions.service.ts";
import { type Ward, wards } from "../wards/wards.contract.ts";
import WardsService from "../wards/wards.service.ts";
import { pharmacy } from "./pharmacy.contract.ts";
import PharmacyService from "./pharmacy.service.ts";

describe("the round", () => {
  let clinic: Clinic;
  let ward: Ward;
  let patient: string;
  let stay: string;
  let next = 0;
  const medication = { system: "urn:rx", code: "paracetamol" };
  const ago = (minutes: number) => new Date(Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000).toISOString();
  beforeAll(async () => {
    clinic = await startClinic(WardsService, HospitalizationsService, PatientsService, PharmacyService, TransactionsService);
  });
  afterAll(() => clinic.stop());
  beforeEach(async () => {
    next += 1;
    ward = await wards.open(clinic.caller, { name: `Ward ${next}`, rooms: [{ name: "1", beds: ["A"] }] });
    const identifier = { system: "urn:wristband", value: `W${next}` };
    const person = { family: `Rossi ${next}`, given: ["Ada"], birthDate: "1980", gender: "female" as const };
    ({ patient } = await patients.register(clinic.caller, { ...person, identifier }));
    const bed = ward.rooms[0]?.beds[0]?.location ?? "";
    ({ stay } = await hospitalizations.admit(clinic.caller, { patient, bed, at: ago(600) }));
  });
  const ferrous = {
    resourceType: "Medication",
    id: "ferrous",
    code: { coding: [{ system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "310325", display: "Ferrous sulfate" }] },
  };
  const prescribe = (from: string) =>
    pharmacy.prescribe(clinic.caller, {
      patient,
      encounter: stay,
      medication,
      quantity: 20,
      dosage: "500 mg every six hours",
      timing: { frequency: 4, period: 1, periodUnit: "d", from },
      dose: { value: 500, unit: "mg" },
      route: "oral",
      at: ago(590),
    });
  const scanned = () => ({ patient: `W${next}`, medication: medication.code });

  it.each([
    ["is stored", () => ({ medicationReference: { reference: "Medication/ferrous" } }), "Ferrous sulfate"],
    [
      "stands within the prescription",
      () => ({ contained: [{ ...ferrous, id: "own" }], medicationReference: { reference: "#own" } }),
      "Ferrous sulfate",
    ],
    ["has words and no code", () => ({ medicationCodeableConcept: { text: "Zinc paste" } }), "Zinc paste"],
  ])("names a dose of a medication that %s, and records that it was not given", async (_, medicationOf, display) => {
    const id = `of-${next}`;
    const timing = { repeat: { boundsPeriod: { start: ago(30) }, frequency: 1, period: 1, periodUnit: "d" } };
    const order = {
      resourceType: "MedicationRequest",
      id,
      status: "active",
      intent: "order",
      subject: { reference: patient },
      authoredOn: ago(40),
      dosageInstruction: [{ timing }],
      ...medicationOf(),
    };
    const stored = await ownerOf("pharmacy")
      .read(clinic.caller, { type: "Medication", id: "ferrous" })
      .catch(() => undefined);
    await ownerOf("pharmacy").write(clinic.caller, {
      steps: [ferrous, order]
        .filter((one) => one === order || !stored)
        .map((one) => ({ op: "create", type: one.resourceType, id: one.id, text: JSON.stringify(one) })),
    });
    const [dose] = await pharmacy.due(clinic.caller, { ward: ward.location });
    expect(dose?.medication.display).toBe(display);
    const noted = { prescription: dose?.prescription ?? "", due: dose?.dueAt, outcome: "refused" as const, reason: "vomits" };
    const { administration } = await pharmacy.administer(clinic.caller, noted);
    expect(administration).toMatch(/^MedicationAdministration\//);
    if (display === "Zinc paste") return; // there is no code that a package could have
    const scan = { patient: `W${next}`, medication: "310325" };
    const give = (code: string) =>
      pharmacy.administer(clinic.caller, {
        prescription: `MedicationRequest/${id}`,
        outcome: "given",
        scanned: { ...scan, medication: code },
      });
    await expect(give("308182")).rejects.toMatchObject({ code: 409, type: "WRONG_MEDICATION" });
    expect(await give("310325")).toMatchObject({ outcome: "given" });
  });

  it("lists what is due in the ward, and on the board how much of it by now", async () => {
    const { prescription } = await prescribe(ago(330)); // again in half an hour
    const due = await pharmacy.due(clinic.caller, { ward: ward.location });
    expect(due).toEqual([
      {
        prescription,
        patient,
        encounter: stay,
        medication,
        dose: { value: 500, unit: "mg" },
        route: "oral",
        dosage: "500 mg every six hours",
        dueAt: ago(330),
        isLate: true,
      },
      expect.objectContaining({ dueAt: ago(-30), isLate: false }),
    ]);
    expect(await pharmacy.due(clinic.caller, { ward: ward.location, aheadMinutes: 0 })).toHaveLength(1);
    expect(await pharmacy.countDue(clinic.caller, { patients: [patient] })).toEqual({ [patient]: 1 });
    const board = await wards.board(clinic.caller, { ward: ward.location });
    expect(board.wards[0]?.rooms[0]?.beds[0]?.stay?.waits.doses).toBe(1);
    await expect(pharmacy.due(clinic.caller, {})).rejects.toEqual(refusal(409, "WARD_OR_PATIENT_MISSING"));
    await hospitalizations.discharge(clinic.caller, { stay });
    expect(await pharmacy.due(clinic.caller, { ward: ward.location })).toEqual([]);
  });

  it("records a dose once, which is due again if the record was a mistake", async () => {
    const due = ago(10);
    const { prescription } = await prescribe(due);
    const give = () => pharmacy.administer(clinic.caller, { prescription, outcome: "given", due, scanned: scanned() });
    const { administration, ...record } = await give();
    expect(record).toMatchObject({ outcome: "given", dueAt: due, patient, prescription });
    expect(await clinic.read("pharmacy", administration)).toMatchObject({
      status: "completed",
      context: { reference: stay },
      dosage: { route: { text: "oral" }, dose: { value: 500, unit: "mg" } },
    });
    expect(await pharmacy.due(clinic.caller, { patient, aheadMinutes: 0 })).toEqual([]);
    await expect(give()).rejects.toEqual(refusal(409, "DOSE_RECORDED"));
    const taken = { administration, reason: "wrong patient" };
    expect(await pharmacy.cancelAdministration(clinic.caller, taken)).toMatchObject({ outcome: "cancelled", version: 2 });
    await expect(pharmacy.cancelAdministration(clinic.caller, taken)).rejects.toEqual(refusal(409, "ADMINISTRATION_OVER"));
    expect(await pharmacy.due(clinic.caller, { patient, aheadMinutes: 0 })).toHaveLength(1);
    expect(await give()).toMatchObject({ outcome: "given" });
  });

  it("records a dose once for many concurrent callers", async () => {
    const due = ago(10);
    const { prescription } = await prescribe(due);
    const given = { prescription, outcome: "given" as const, due, scanned: scanned() };
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => pharmacy.administer(clinic.caller, given)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toEqual(refusal(409, "DOSE_RECORDED"));
  });

  it("gives medication as needed once when many give it at once, as none of them sees the other's dose", async () => {
    const timing = { frequency: 1, period: 4, periodUnit: "h" as const, from: ago(590) };
    const { prescription } = await pharmacy.prescribe(clinic.caller, {
      patient,
      medication,
      quantity: 20,
      dosage: "if in pain",
      asNeeded: true,
      timing,
      at: ago(590),
    });
    const given = { prescription, outcome: "given" as const, scanned: scanned() };
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => pharmacy.administer(clinic.caller, { ...given, at: ago(5) })));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toEqual(refusal(409, "DOSE_TOO_EARLY"));
    expect(await pharmacy.administer(clinic.caller, { ...given, at: ago(5), limitReason: "vomited" })).toMatchObject({ outcome: "given" });
  });

  it("records why a dose was not given", async () => {
    const due = ago(10);
    const { prescription } = await prescribe(due);
    const refuse = { prescription, outcome: "refused" as const, due };
    await expect(pharmacy.administer(clinic.caller, refuse)).rejects.toEqual(refusal(409, "DOSE_REASON_MISSING"));
    const { administration, outcome } = await pharmacy.administer(clinic.caller, { ...refuse, reason: "feels sick" });
    expect(outcome).toBe("refused");
    expect(await clinic.read("pharmacy", administration)).toMatchObject({ status: "not-done", statusReason: [{ text: "feels sick" }] });
  });

  it.each<[string, string, (right: object) => object]>([
    ["of another patient", "WRONG_PATIENT", () => ({ scanned: { ...scanned(), patient: "W0" }, override: "trust me" })],
    ["of another medication", "WRONG_MEDICATION", () => ({ scanned: { ...scanned(), medication: "aspirin" }, override: "trust me" })],
    ["that nobody has scanned", "NOT_SCANNED", () => ({ scanned: undefined })],
    ["of another strength", "DOSE_DIFFERS", () => ({ dose: { value: 1, unit: "g" } })],
    ["by another route", "DOSE_DIFFERS", () => ({ route: "rectal" })],
    ["at another time", "DOSE_OUT_OF_TIME", () => ({ due: ago(70) })],
    ["that is not planned", "DOSE_NOT_DUE", () => ({ due: ago(9) })],
  ])("refuses a dose %s", async (_, type, wrong) => {
    const { prescription } = await prescribe(ago(70));
    const right = { prescription, outcome: "given" as const, scanned: scanned() };
    const asked = { ...right, ...wrong(right) } as typeof right;
    await expect(pharmacy.administer(clinic.caller, asked)).rejects.toEqual(refusal(409, type));
    const isAbsolute = ["WRONG_PATIENT", "WRONG_MEDICATION", "DOSE_NOT_DUE"].includes(type);
    if (!isAbsolute) {
      expect(await pharmacy.administer(clinic.caller, { ...asked, override: "as the physician said" })).toMatchObject({ outcome: "given" });
    }
  });

  it("is not reminded of medication as needed, which is not given sooner again, nor more in a day, than was prescribed", async () => {
    const timing = { frequency: 1, period: 4, periodUnit: "h" as const, from: ago(590) };
    const asked = { patient, encounter: stay, medication, quantity: 20, dosage: "1 g if in pain", dose: { value: 1, unit: "g" }, timing };
    const limits = { asNeededFor: "pain", maxPerDay: { value: 2_000, unit: "mg" }, route: "oral" };
    const { prescription } = await pharmacy.prescribe(clinic.caller, { ...asked, ...limits, at: ago(590) });
    expect(await clinic.read("pharmacy", prescription)).toMatchObject({
      dosageInstruction: [
        {
          asNeededCodeableConcept: { text: "pain" },
          route: { text: "oral", coding: [{ system: "http://snomed.info/sct", code: "26643006" }] },
          maxDosePerPeriod: { numerator: { value: 2_000, code: "mg" }, denominator: { value: 1, code: "d" } },
        },
      ],
    });
    expect(await pharmacy.due(clinic.caller, { patient })).toEqual([]);
    const given = { prescription, outcome: "given" as const, scanned: scanned() };
    const give = (minutes: number, more: object = {}) => pharmacy.administer(clinic.caller, { ...given, at: ago(minutes), ...more });
    await expect(give(500, { due: timing.from })).rejects.toEqual(refusal(409, "DOSE_NOT_DUE"));
    const first = await give(500);
    await expect(give(261)).rejects.toEqual(refusal(409, "DOSE_TOO_EARLY"));
    await expect(give(261, { override: "no scanner" })).rejects.toEqual(refusal(409, "DOSE_TOO_EARLY"));
    expect(await give(261, { outcome: "refused", reason: "feels sick" })).toMatchObject({ outcome: "refused" });
    await give(260);
    await expect(give(10)).rejects.toEqual(refusal(409, "DOSE_OVER_MAXIMUM"));
    const { administration } = await give(10, { limitReason: "as the physician said" });
    expect(await clinic.read("pharmacy", administration)).toMatchObject({
      extension: [{ url: "urn:openward:limit-reason", valueString: "as the physician said" }],
      dosage: { route: { coding: [{ code: "26643006" }] } },
    });
    for (const it of [first.administration, administration]) {
      await pharmacy.cancelAdministration(clinic.caller, { administration: it, reason: "another patient's" });
    }
    expect(await give(10)).toMatchObject({ outcome: "given" });
  });

  it.each([
    ["below one dose", { maxPerDay: { value: 500, unit: "mg" } }],
    ["in another kind of unit", { maxPerDay: { value: 4, unit: "{tablet}" } }],
    ["of a dose that is not known", { maxPerDay: { value: 4, unit: "g" }, dose: undefined }],
  ])("has no maximum of a day %s", async (_, wrong) => {
    const right = { patient, medication, quantity: 1, dosage: "if in pain", asNeeded: true, dose: { value: 1, unit: "g" } };
    const { dose, ...asked } = { ...right, ...wrong };
    const all = { ...asked, ...(dose && { dose }) };
    await expect(pharmacy.prescribe(clinic.caller, all)).rejects.toEqual(refusal(409, "DOSE_MAXIMUM_IMPOSSIBLE"));
    const { prescription } = await pharmacy.prescribe(clinic.caller, { ...right, maxPerDay: { value: 1_000, unit: "mg" } });
    expect(await clinic.read("pharmacy", prescription)).toMatchObject({ dosageInstruction: [{ asNeededBoolean: true }] });
  });

  it("has nothing for an ended or unknown prescription, and one that cannot be due", async () => {
    const none = { prescription: "MedicationRequest/none", outcome: "given" as const, scanned: scanned() };
    await expect(pharmacy.administer(clinic.caller, none)).rejects.toEqual(refusal(404, "PRESCRIPTION_NOT_FOUND"));
    const timing = { frequency: 96, period: 0.25, periodUnit: "h" as const, from: ago(0) };
    const often = { patient, medication, quantity: 1, dosage: "x", timing };
    await expect(pharmacy.prescribe(clinic.caller, often)).rejects.toEqual(refusal(409, "TIMING_IMPOSSIBLE"));
  });
});
