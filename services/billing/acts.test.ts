import { allRelayed } from "../../test/kit/events.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import type { ChargeItem, Encounter, MedicationDispense, Observation } from "../../fhir/r4.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { useTimeZone } from "../../fhir/time-zone.ts";
import { lab } from "../lab/lab.contract.ts";
import LabService from "../lab/lab.service.ts";
import { pharmacy } from "../pharmacy/pharmacy.contract.ts";
import PharmacyService from "../pharmacy/pharmacy.service.ts";
import { visits } from "../visits/visits.contract.ts";
import VisitsService from "../visits/visits.service.ts";
import { ACT, actOf, chargeForAct, chargeIdOf, definitionOf, priceOf } from "./acts.model.ts";
import { billing, type Price } from "./billing.contract.ts";
import BillingService from "./billing.service.ts";

const ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const price = (code: string, cents: number): Price => ({
  definition: "ChargeItemDefinition/1",
  version: 1,
  code: { system: ACT_CODE, code },
  cents,
  currency: "EUR",
});

describe("the charge for an act", () => {
  const stay = (start: string, end: string): Encounter => ({
    resourceType: "Encounter",
    id: "1",
    status: "finished",
    class: { system: ACT_CODE, code: "IMP" },
    subject: { reference: "Patient/1" },
    period: { start, end },
  });

  it.each([
    ["2026-01-01T08:00:00Z", "2026-01-01T20:00:00Z", 1],
    ["2026-01-01T23:00:00Z", "2026-01-02T01:00:00Z", 1],
    ["2026-01-01T08:00:00Z", "2026-01-04T08:00:00Z", 3],
    ["2026-02-27", "2026-03-02", 3],
    ["nonsense", "2026-03-02", 1],
  ])("of a stay counts its days: from %s to %s", (start, end, days) => {
    const charge = chargeForAct("Encounter/1", actOf(stay(start, end)), price("IMP", 15_050), undefined);
    expect(charge).toMatchObject({
      status: "billable",
      quantity: { value: days, code: "d" },
      priceOverride: { value: (days * 15_050) / 100 },
    });
  });

  it("of a stay counts days of the hospital's time zone: 00:20 in Algiers belongs to the new day", () => {
    const ofStay = () =>
      chargeForAct("Encounter/1", actOf(stay("2026-01-04T23:20:00Z", "2026-01-06T22:00:00Z")), price("IMP", 1), undefined);
    expect(ofStay()).toMatchObject({ quantity: { value: 2 } });
    useTimeZone("Africa/Algiers");
    expect(ofStay()).toMatchObject({ quantity: { value: 1 } });
    useTimeZone("UTC");
  });

  it("follows the act until it is billed, and keeps what a person has decided", () => {
    const ended = stay("2026-01-01", "2026-01-03");
    const made = chargeForAct("Encounter/1", actOf(ended), price("IMP", 100), undefined) as ChargeItem & { id: string };
    const statusAfter = (encounter: Encounter | undefined, before: ChargeItem["status"]) =>
      chargeForAct("Encounter/1", encounter && actOf(encounter), price("IMP", 100), { ...made, status: before })?.status;
    expect(statusAfter(ended, "billable")).toBeUndefined();
    expect(statusAfter({ ...ended, status: "in-progress" }, "billable")).toBe("aborted");
    expect(statusAfter({ ...ended, status: "entered-in-error" }, "billable")).toBe("aborted");
    expect(statusAfter(undefined, "billable")).toBe("aborted");
    expect(statusAfter(ended, "aborted")).toBe("billable");
    for (const status of ["billed", "not-billable"] as const) {
      expect(statusAfter(undefined, status)).toBeUndefined();
      expect(statusAfter(stay("2026-01-01", "2026-01-09"), status)).toBeUndefined();
    }
    const longer = chargeForAct("Encounter/1", actOf(stay("2026-01-01", "2026-01-09")), price("IMP", 100), made);
    expect(longer).toMatchObject({ id: made.id, quantity: { value: 8 }, priceOverride: { value: 8 } });
  });

  it("moves with the act to another encounter and another patient, and is cancelled if the act no longer costs anything", () => {
    const observation = (encounter: string | undefined, patient = "Patient/1"): Observation => ({
      resourceType: "Observation",
      id: "o",
      status: "corrected",
      code: { coding: [{ system: "http://loinc.org", code: "1" }] },
      subject: { reference: patient },
      ...(encounter !== undefined && { encounter: { reference: encounter } }),
    });
    const cost: Price = { ...price("1", 100), code: { system: "http://loinc.org", code: "1" } };
    const chargeNow = (resource: Observation, at: Price | undefined, before?: ChargeItem & { id: string }) =>
      chargeForAct("Observation/o", actOf(resource), at, before);
    const made = chargeNow(observation("Encounter/A"), cost) as ChargeItem & { id: string };
    expect(chargeNow(observation("Encounter/A"), cost, made)).toBeUndefined();
    expect(chargeNow(observation("Encounter/B"), cost, made)).toMatchObject({ id: made.id, context: { reference: "Encounter/B" } });
    expect(chargeNow(observation(undefined), cost, made)).not.toHaveProperty("context");
    expect(chargeNow(observation("Encounter/A", "Patient/2"), cost, made)).toMatchObject({ subject: { reference: "Patient/2" } });
    const corrected = { ...observation("Encounter/A"), code: { coding: [{ system: "http://loinc.org", code: "2" }] } };
    expect(chargeNow(corrected, undefined, made)).toEqual({ ...made, status: "aborted" });
    expect(chargeNow(corrected, undefined, { ...made, status: "billed" })).toBeUndefined();
    expect(chargeNow(observation("Encounter/A"), undefined, made)).toBeUndefined(); // its price was withdrawn since
  });

  const dispense = (value: number, code = "a"): MedicationDispense => ({
    resourceType: "MedicationDispense",
    id: "1",
    status: "completed",
    medicationCodeableConcept: { coding: [{ system: "urn:x", code }] },
    quantity: { value },
    subject: { reference: "Patient/1" },
  });
  const listed = (value: number, currency = "EUR") => {
    const one = definitionOf({ code: { system: "urn:x", code: "a" }, cents: 0, currency });
    return priceOf({ ...one, propertyGroup: [{ priceComponent: [{ type: "base", amount: { value, currency } }] }] });
  };

  it.each([
    [0.0125, 1_000, "EUR", 12.5],
    [0.004, 250, "EUR", 1],
    [0.004, 1, "EUR", 0],
    [0.35, 1.3, "EUR", 0.46],
    [1.15, 0.7, "EUR", 0.81],
    [1.005, 2, "EUR", 2.01],
    [12.5, 3, "JPY", 38],
    [0.00045, 100, "TND", 0.045],
  ])("is rounded once, for all units: a unit at %d, %d of them in %s cost %d", (value, quantity, currency, total) => {
    expect(chargeForAct("MedicationDispense/1", actOf(dispense(quantity)), listed(value, currency), undefined)).toMatchObject({
      priceOverride: { value: total, currency },
    });
  });

  it("keeps the price of the moment of charging when some is returned, also after that was raised or withdrawn, until it is another act", () => {
    const of = (quantity: number, code?: string) => actOf(dispense(quantity, code));
    const made = chargeForAct("MedicationDispense/1", of(10), listed(0.15), undefined) as ChargeItem & { id: string };
    const corrected = (quantity: number, now: Price | undefined, before = made) =>
      chargeForAct("MedicationDispense/1", of(quantity), now, before);
    for (const now of [listed(0.5), listed(0.1), listed(0.15), listed(9, "USD"), undefined]) {
      expect(corrected(4, now)).toMatchObject({
        status: "billable",
        quantity: { value: 4 },
        priceOverride: { value: 0.6, currency: "EUR" },
      });
      expect(corrected(10, now)).toBeUndefined();
    }
    const granted = { ...made, priceOverride: { value: 1, currency: "EUR" } };
    expect(corrected(5, listed(0.15), granted)).toMatchObject({ priceOverride: { value: 0.5 } }); // a person has reduced it
    expect(corrected(4, listed(0.5), { ...made, status: "aborted" })).toMatchObject({ priceOverride: { value: 2 } }); // charged anew
    const other = { ...listed(0.5), code: { system: "urn:x", code: "other" } } as Price;
    expect(chargeForAct("MedicationDispense/1", of(4, "other"), other, made)).toMatchObject({ priceOverride: { value: 2 } });
  });

  it.each([1e13, -5])("does not exist by a price of %d, which a hospital without rules may have stored", (value) => {
    expect(chargeForAct("MedicationDispense/1", actOf(dispense(1)), listed(value), undefined)).toBeUndefined();
  });

  it.each(["Device/analyser", "Location/tap", "urn:uuid:0190a3f0-0000-7000-8000-000000000001", "#sample"])(
    "does not exist for a result about %s: a quality control is nobody's to pay",
    (reference) => {
      const control: Observation = { resourceType: "Observation", id: "1", status: "final", code: { coding: [{ code: "IMP" }] } };
      const charge = (subject: string) =>
        chargeForAct("Observation/1", actOf({ ...control, subject: { reference: subject } }), price("IMP", 350), undefined);
      expect(charge(reference)).toBeUndefined();
      for (const payer of ["Patient/1", "Patient/1/_history/2", "https://elsewhere.example/fhir/Patient/1", "Group/1"]) {
        expect(charge(payer)).toMatchObject({ subject: { reference: payer } });
      }
    },
  );

  it("does not exist without a price, or without a patient", () => {
    const { subject: _, ...unknown } = stay("2026-01-01", "2026-01-03");
    expect(chargeForAct("Encounter/1", actOf(stay("2026-01-01", "2026-01-03")), undefined, undefined)).toBeUndefined();
    expect(chargeForAct("Encounter/1", actOf(unknown), price("IMP", 1), undefined)).toBeUndefined();
  });
});

describe("a hospital with a price list", () => {
  const glucose = { system: "http://loinc.org", code: "2339-0" };
  const aspirin = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "1191" };
  let clinic: Clinic;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(VisitsService, LabService, PharmacyService, BillingService);
    for (const [code, cents] of [
      [{ system: ACT_CODE, code: "AMB" }, 4_000],
      [glucose, 350],
      [aspirin, 12],
    ] as const) {
      await billing.setPrice(clinic.caller, { code, cents, currency: "EUR" });
    }
  });
  afterAll(() => clinic.stop());

  const newVisit = async () => {
    next += 1;
    return (await visits.open(clinic.caller, { patient: `Patient/${next}` })).visit;
  };
  const chargeFor = async (act: string) => {
    await allRelayed(clinic.caller, "visits", "lab", "pharmacy");
    return (await clinic.read("billing", `ChargeItem/${chargeIdOf(act)}`)) as unknown as ChargeItem | null;
  };
  const rewrite = async (service: string, reference: string, more: object) => {
    const resource = { ...(await clinic.read(service, reference)), ...more };
    const [type = "", id = ""] = reference.split("/");
    await ownerOf(service).write(clinic.caller, { steps: [{ op: "update", type, id, text: JSON.stringify(resource), upsert: false }] });
  };

  it("bills a visit with all that was done in it, without anybody noting it down", async () => {
    const visit = await newVisit();
    const patient = `Patient/${next}`;
    const { order } = await lab.order(clinic.caller, { patient, encounter: visit, test: glucose });
    const { observation } = await lab.enterResult(clinic.caller, { order, finding: { value: 5, unit: "mmol/L" } });
    await pharmacy.receive(clinic.caller, { medication: aspirin, quantity: 100 });
    const wanted = { patient, encounter: visit, medication: aspirin, quantity: 20, dosage: "one a day" };
    const { prescription } = await pharmacy.prescribe(clinic.caller, wanted);
    const { dispense } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 20 });
    expect(await chargeFor(visit)).toBeNull(); // the visit is not over
    await visits.close(clinic.caller, { visit });

    expect(await chargeFor(visit)).toMatchObject({ status: "billable", context: { reference: visit }, priceOverride: { value: 40 } });
    expect(await chargeFor(observation)).toMatchObject({ status: "billable", service: [{ reference: observation }] });
    expect(await chargeFor(dispense)).toMatchObject({ quantity: { value: 20 }, priceOverride: { value: 2.4 } });
    expect(await billing.invoice(clinic.caller, { encounter: visit })).toMatchObject({ cents: 4_000 + 350 + 240 });
    await rewrite("visits", visit, { status: "entered-in-error" });
    expect(await chargeFor(visit)).toMatchObject({ status: "billed" });
  });

  it("takes back the charge of a visit that goes on after all, and puts it on again", async () => {
    const visit = await newVisit();
    await visits.close(clinic.caller, { visit });
    expect(await chargeFor(visit)).toMatchObject({ status: "billable" });
    const ended = [{ status: "finished", period: { start: "2026-01-01" } }];
    await rewrite("visits", visit, { status: "in-progress", statusHistory: ended });
    expect(await chargeFor(visit)).toMatchObject({ status: "aborted" });
    await rewrite("visits", visit, { status: "finished" });
    expect(await chargeFor(visit)).toMatchObject({ status: "billable" });
    await rewrite("visits", visit, { status: "entered-in-error" });
    expect(await chargeFor(visit)).toMatchObject({ status: "aborted" });
  });

  it("charges a dispense for what the patient has kept, and one that is undone not at all", async () => {
    await pharmacy.receive(clinic.caller, { medication: aspirin, quantity: 100 });
    const wanted = { patient: "Patient/1", medication: aspirin, quantity: 20, dosage: "one a day" };
    const { prescription } = await pharmacy.prescribe(clinic.caller, wanted);
    const { dispense } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 20 });
    expect(await chargeFor(dispense)).toMatchObject({ quantity: { value: 20 } });
    await pharmacy.return(clinic.caller, { dispense, quantity: 5 });
    expect(await chargeFor(dispense)).toMatchObject({ status: "billable", quantity: { value: 15 }, priceOverride: { value: 1.8 } });
    await pharmacy.return(clinic.caller, { dispense, quantity: 15 });
    expect(await chargeFor(dispense)).toMatchObject({ status: "aborted" });
    const { dispense: wrong } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 20 });
    expect(await chargeFor(wrong)).toMatchObject({ status: "billable" });
    await pharmacy.void(clinic.caller, { dispense: wrong, reason: "wrong patient" });
    expect(await chargeFor(wrong)).toMatchObject({ status: "aborted" });
  });

  it("charges a dispense that names a stored Medication, by the code that this has", async () => {
    const write = (type: string, id: string, more: object) =>
      ownerOf("pharmacy").write(clinic.caller, {
        steps: [{ op: "create", type, id, text: JSON.stringify({ resourceType: type, id, ...more }) }],
      });
    const handedOut = (id: string, reference: string) => {
      const quantity = { value: 10 };
      const subject = { reference: "Patient/1" };
      return write("MedicationDispense", id, { status: "completed", medicationReference: { reference }, subject, quantity });
    };
    await write("Medication", "aspirin", { code: { coding: [aspirin] } });
    await handedOut("by-reference", "Medication/aspirin");
    expect(await chargeFor("MedicationDispense/by-reference")).toMatchObject({ quantity: { value: 10 }, priceOverride: { value: 1.2 } });
    await handedOut("elsewhere", "https://elsewhere.example/fhir/Medication/aspirin");
    expect(await chargeFor("MedicationDispense/elsewhere")).toBeNull();
  });

  it.each([
    ["by the action", (invoice: string) => billing.cancelInvoice(clinic.caller, { invoice, reason: "a dispense of it was none" })],
    ["by FHIR", (invoice: string) => rewrite("billing", invoice, { status: "cancelled", cancelledReason: "a dispense of it was none" })],
  ])("follows an act again when its bill is taken back %s, also for what was undone meanwhile", async (_, cancel) => {
    const visit = await newVisit();
    const wanted = { patient: `Patient/${next}`, encounter: visit, medication: aspirin, quantity: 20, dosage: "one a day" };
    await pharmacy.receive(clinic.caller, { medication: aspirin, quantity: 100 });
    const { prescription } = await pharmacy.prescribe(clinic.caller, wanted);
    const { dispense } = await pharmacy.dispense(clinic.caller, { prescription, quantity: 20 });
    await visits.close(clinic.caller, { visit });
    expect([await chargeFor(visit), await chargeFor(dispense)]).toMatchObject([{ status: "billable" }, { status: "billable" }]);
    const { invoice } = await billing.invoice(clinic.caller, { encounter: visit });
    await pharmacy.void(clinic.caller, { dispense, reason: "wrong patient" });
    expect(await chargeFor(dispense)).toMatchObject({ status: "billed" });
    await cancel(invoice);
    await allRelayed(clinic.caller, "billing");
    expect([await chargeFor(visit), await chargeFor(dispense)]).toMatchObject([{ status: "billable" }, { status: "aborted" }]);
    expect(await billing.invoice(clinic.caller, { encounter: visit })).toMatchObject({ cents: 4_000 });
  });

  it("charges no act twice, also when a person has charged it before", async () => {
    const visit = await newVisit();
    const byHand = {
      resourceType: "ChargeItem",
      status: "billable",
      identifier: [{ system: ACT, value: visit }],
      code: { text: "as agreed" },
      subject: { reference: `Patient/${next}` },
      context: { reference: visit },
      priceOverride: { value: 10, currency: "EUR" },
    };
    const write = (id: string) =>
      ownerOf("billing").write(clinic.caller, { steps: [{ op: "create", type: "ChargeItem", id, text: JSON.stringify(byHand) }] });
    await write("by-hand");
    await expect(write("again")).rejects.toEqual(refusal(409, "ACT_ALREADY_CHARGED"));
    await visits.close(clinic.caller, { visit });
    expect(await chargeFor(visit)).toBeNull();
    expect(await billing.invoice(clinic.caller, { encounter: visit })).toMatchObject({ cents: 1_000 });
  });

  it("has a price list that is changed for what comes after", async () => {
    const code = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };
    const { definition } = await billing.setPrice(clinic.caller, { code, cents: 100, currency: "EUR" });
    for (const version of [0, 2]) {
      const stale = billing.setPrice(clinic.caller, { code, cents: 120, currency: "EUR", version });
      await expect(stale).rejects.toEqual(refusal(409, "PRICE_CHANGED"));
    }
    expect(await billing.setPrice(clinic.caller, { code, cents: 150, currency: "EUR", version: 1 })).toEqual({
      definition,
      version: 2,
      code,
      cents: 150,
      currency: "EUR",
    });
    const listed = await billing.listPrices(clinic.caller, {});
    expect(listed.filter((one) => one.definition === definition)).toEqual([{ definition, version: 2, code, cents: 150, currency: "EUR" }]);
    expect(listed).toHaveLength(4);
  });
});
