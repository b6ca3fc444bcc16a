import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { setTimeout as pause } from "node:timers/promises";
import type { Encounter } from "../../fhir/r4.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import PatientsService from "../patients/patients.service.ts";
import { patients } from "../patients/patients.contract.ts";
import { transactionOf, transactions } from "../transactions/transactions.contract.ts";
import TransactionsService from "../transactions/transactions.service.ts";
import { visits } from "../visits/visits.contract.ts";
import VisitsService from "../visits/visits.service.ts";
import { wards } from "../wards/wards.contract.ts";
import WardsService from "../wards/wards.service.ts";
import { hospitalizations } from "./hospitalizations.contract.ts";
import { admit, admitFromVisit, discharge, stayKeys } from "./hospitalizations.model.ts";
import HospitalizationsService from "./hospitalizations.service.ts";

const noon = new Date("2026-01-01T12:00:00Z");

describe("a stay", () => {
  it("holds its patient and its bed until the discharge", () => {
    const stay = admit("1", { patient: "Patient/1", bed: "Location/7" }, noon);
    const nothing = { of: () => undefined };
    expect(stayKeys.keys(stay, nothing).map((it) => it.key)).toEqual(["stay:Patient/1", "bed:Location/7"]);
    expect(stayKeys.keys(discharge(stay, noon), nothing)).toEqual([]);
  });
});

describe("hospitalizations", () => {
  let clinic: Clinic;
  let beds: string[];
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService, VisitsService, WardsService, TransactionsService, HospitalizationsService);
  });
  afterAll(() => clinic.stop());
  beforeEach(async () => {
    next += 1;
    const ward = await wards.open(clinic.caller, { name: `Ward ${next}`, rooms: [{ name: "room 1", beds: ["A", "B"] }] });
    beds = ward.rooms.flatMap((room) => room.beds.map((bed) => bed.location));
  });

  const newPatient = async (name: string) =>
    (
      await patients.register(clinic.caller, {
        family: name,
        given: ["Ada"],
        birthDate: "1980",
        gender: "female",
        identifier: { system: "urn:mrn", value: `${next}-${name}` },
      })
    ).patient;
  const remove = (bed: string) =>
    ownerOf("wards").write(clinic.caller, { steps: [{ op: "delete", type: "Location", id: bed.slice("Location/".length) }] });
  const statusOf = async (bed: string) => (await wards.listBeds(clinic.caller, {})).find((it) => it.location === bed)?.status;

  it("occupies the bed with the admission and frees it with the discharge", async () => {
    const [bed = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    expect(await statusOf(bed)).toBe("taken");
    expect(await hospitalizations.discharge(clinic.caller, { stay })).toMatchObject({ status: "discharged" });
    expect(await statusOf(bed)).toBe("free");
  });

  it("refuses an occupied bed, and a patient who is already admitted", async () => {
    const [bed = "", other = ""] = beds;
    const patient = await newPatient("Rossi");
    await hospitalizations.admit(clinic.caller, { patient, bed });
    await expect(hospitalizations.admit(clinic.caller, { patient: await newPatient("Bianchi"), bed })).rejects.toEqual(
      refusal(409, "BED_OCCUPIED"),
    );
    await expect(hospitalizations.admit(clinic.caller, { patient, bed: other })).rejects.toEqual(refusal(409, "PATIENT_ALREADY_ADMITTED"));
    expect(await statusOf(other)).toBe("free"); // the refused admission has left nothing behind
  });

  it("gives one of 16 concurrent patients the bed", async () => {
    const [bed = ""] = beds;
    const comers = await Promise.all(Array.from({ length: 16 }, (_, index) => newPatient(`Comer${index}`)));
    const tries = await Promise.allSettled(comers.map((patient) => hospitalizations.admit(clinic.caller, { patient, bed })));
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(1);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toEqual(refusal(409, "BED_OCCUPIED"));
  });

  it("turns an open visit into the stay: same id, next version, complete history", async () => {
    const [bed = ""] = beds;
    const patient = await newPatient("Rossi");
    const { visit } = await visits.open(clinic.caller, { patient });
    const stay = await hospitalizations.admit(clinic.caller, { patient, bed, visit });
    expect(stay).toMatchObject({ stay: visit, version: 2 });
    expect(await clinic.read("visits", visit)).toBeNull();
    expect(await clinic.read("hospitalizations", visit)).toMatchObject({
      class: { code: "IMP" },
      classHistory: [{ class: { code: "AMB" } }],
    });
    expect(await visits.open(clinic.caller, { patient })).toMatchObject({ status: "open" }); // the first visit is one no more
  });

  it("has the reason of the admission first, and once if it is that of the visit", async () => {
    const admitted = async (bed: string, reason: string) => {
      const patient = await newPatient(reason);
      const { visit } = await visits.open(clinic.caller, { patient, reason: "cough" });
      const { stay } = await hospitalizations.admit(clinic.caller, { patient, bed, visit, reason });
      return (await clinic.read("hospitalizations", stay))?.["reasonCode"];
    };
    const [first = "", second = ""] = beds;
    expect(await admitted(first, "cough")).toEqual([{ text: "cough" }]);
    expect(await admitted(second, "pneumonia")).toEqual([{ text: "pneumonia" }, { text: "cough" }]);
    const coded = { coding: [{ system: "http://snomed.info/sct", code: "49727002", display: "cough" }] };
    const visit = {
      status: "in-progress",
      class: { code: "AMB" },
      subject: { reference: "Patient/1" },
      reasonCode: [coded],
    } as unknown as Encounter;
    const reasonCode = admitFromVisit(visit, { patient: "Patient/1", bed: first, reason: "cough" }, noon).reasonCode;
    expect(reasonCode).toEqual([coded]);
  });

  it("ends the visit during which an admission was requested, as the stay begins, and no other one", async () => {
    const patient = await newPatient("Verdi");
    const { visit } = await visits.open(clinic.caller, { patient, reason: "fall" });
    const { request } = await hospitalizations.request(clinic.caller, { patient, kind: "emergency", reason: "fracture" });
    const { visit: other } = await visits.open(clinic.caller, { patient: await newPatient("Bianchi") });
    const [bed = ""] = beds;
    const admitDuring = (its: string) => hospitalizations.admit(clinic.caller, { patient, bed, request, visit: its });
    await expect(admitDuring(other)).rejects.toEqual(refusal(409, "VISIT_NOT_OPEN"));
    const { stay, admittedAt } = await admitDuring(visit);
    expect(stay).toBe(request);
    expect(await clinic.read("hospitalizations", stay)).toMatchObject({ status: "in-progress", reasonCode: [{ text: "fracture" }] });
    const ended = { class: { code: "AMB" }, status: "finished", period: { end: admittedAt }, reasonCode: [{ text: "fall" }] };
    expect(await clinic.read("visits", visit)).toMatchObject(ended);
    await hospitalizations.cancelAdmission(clinic.caller, { stay, reason: "wrong patient" });
    expect(await visits.reopen(clinic.caller, { visit, reason: "wrong patient" })).toMatchObject({ status: "open" });
  });

  it("moves, discharges and swaps nobody whose stay others have changed since it was read", async () => {
    const [bed = "", other = ""] = beds;
    const seen = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    const second = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Bianchi"), bed: other });
    const { stay, version } = await hospitalizations.leave(clinic.caller, { stay: seen.stay, version: seen.version });
    const stale = { stay, version: seen.version };
    for (const late of [
      hospitalizations.discharge(clinic.caller, stale),
      hospitalizations.requestTransfer(clinic.caller, { ...stale, to: other }),
      hospitalizations.cancelLeave(clinic.caller, { ...stale, reason: "the wrong patient" }),
      hospitalizations.swap(clinic.caller, { ...stale, with: second.stay }),
      hospitalizations.swap(clinic.caller, { stay: second.stay, with: stay, versionOfOther: seen.version }),
    ]) {
      await expect(late).rejects.toEqual(refusal(409, "STAY_CHANGED"));
    }
    const swapped = { stay, version, with: second.stay, versionOfOther: second.version };
    expect(await hospitalizations.swap(clinic.caller, swapped)).toMatchObject([{ bed: other }, { bed }]);
  });

  it("moves a patient to a free bed, and to no other", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    expect(await hospitalizations.transfer(clinic.caller, { stay, bed: other })).toMatchObject({ bed: other });
    expect([await statusOf(bed), await statusOf(other)]).toEqual(["free", "taken"]);
    await expect(hospitalizations.transfer(clinic.caller, { stay, bed: other })).rejects.toEqual(refusal(409, "BED_OCCUPIED"));
  });

  it("prevents the deletion of a bed that is or was occupied", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    await expect(remove(bed)).rejects.toEqual(refusal(409, "RULE_LOCATION_RESTED_ON"));
    const bundle = {
      text: transactionOf({ request: { method: "DELETE", url: other } }, { request: { method: "DELETE", url: bed } }),
      base: "",
    };
    await expect(transactions.process(clinic.caller, bundle)).rejects.toMatchObject({
      code: 409,
      type: "RULE_LOCATION_RESTED_ON",
      data: { entry: 1 },
    });
    expect(await statusOf(other)).toBe("free"); // all or nothing
    await hospitalizations.discharge(clinic.caller, { stay });
    await expect(remove(bed)).rejects.toEqual(refusal(409, "RULE_LOCATION_RESTED_ON"));
    expect(await remove(other)).toEqual([expect.objectContaining({ outcome: "deleted" })]);
    expect(await remove(other)).toEqual([expect.objectContaining({ outcome: "none" })]);
  });

  it("never deletes a bed during a concurrent admission to it", async () => {
    const { rooms } = await wards.open(clinic.caller, { name: `Busy ${next}`, rooms: [{ name: "1", beds: [..."ABCDEFGHIJKLMNOP"] }] });
    for (const [laterMs, { location: bed }] of (rooms[0]?.beds ?? []).entries()) {
      const patient = await newPatient(`Rossi-${laterMs}`);
      const deleting = pause(laterMs).then(() => remove(bed)); // at each step of the admission
      const [admission, deletion] = await Promise.allSettled([hospitalizations.admit(clinic.caller, { patient, bed }), deleting]);
      expect([admission.status, deletion.status].sort()).toEqual(["fulfilled", "rejected"]);
      if (deletion.status === "rejected") expect(deletion.reason).toEqual(refusal(409, "RULE_LOCATION_RESTED_ON"));
      else if (admission.status === "rejected") expect(admission.reason).toMatchObject({ code: expect.any(Number) });
    }
  });

  it("admits nobody to a closed ward", async () => {
    const ward = await wards.open(clinic.caller, { name: `Closing ${next}`, rooms: [{ name: "1", beds: ["A"] }] });
    const [room] = ward.rooms;
    const closed = JSON.stringify({ ...(await clinic.read("wards", ward.location)), status: "inactive" });
    const id = ward.location.slice("Location/".length);
    await ownerOf("wards").write(clinic.caller, { steps: [{ op: "update", type: "Location", id, text: closed, upsert: false }] });
    const coming = { patient: await newPatient("Rossi"), bed: room?.beds[0]?.location ?? "" };
    await expect(hospitalizations.admit(clinic.caller, coming)).rejects.toEqual(refusal(409, "WARD_CLOSED"));
  });

  it("refuses a second discharge, an unknown stay, and a place that is not a bed", async () => {
    const [bed = ""] = beds;
    const patient = await newPatient("Rossi");
    const { stay } = await hospitalizations.admit(clinic.caller, { patient, bed });
    await hospitalizations.discharge(clinic.caller, { stay });
    await expect(hospitalizations.discharge(clinic.caller, { stay })).rejects.toEqual(refusal(409, "ALREADY_DISCHARGED"));
    await expect(hospitalizations.discharge(clinic.caller, { stay: "Encounter/none" })).rejects.toEqual(refusal(404, "STAY_NOT_FOUND"));
    const [{ room } = { room: "" }] = await wards.listBeds(clinic.caller, {});
    await expect(hospitalizations.admit(clinic.caller, { patient, bed: room })).rejects.toEqual(refusal(409, "NOT_A_BED"));
  });

  it("undoes a transfer: the patient is in the previous bed, unless that is occupied", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    const undo = () => hospitalizations.cancelTransfer(clinic.caller, { stay, reason: "wrong patient" });
    await expect(undo()).rejects.toEqual(refusal(409, "NOT_TRANSFERRED"));
    const before = await clinic.read("hospitalizations", stay);
    await hospitalizations.transfer(clinic.caller, { stay, bed: other });
    const { stay: second } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Bianchi"), bed });
    await expect(undo()).rejects.toEqual(refusal(409, "BED_OCCUPIED"));
    await hospitalizations.cancelAdmission(clinic.caller, { stay: second, reason: "wrong bed" });
    expect(await undo()).toMatchObject({ bed, status: "admitted" });
    const { location, subject, status } = before;
    expect(await clinic.read("hospitalizations", stay)).toMatchObject({ location, subject, status });
    expect([await statusOf(bed), await statusOf(other)]).toEqual(["taken", "free"]);
    await hospitalizations.discharge(clinic.caller, { stay });
    await expect(undo()).rejects.toEqual(refusal(409, "ALREADY_DISCHARGED"));
  });

  it("undoes a discharge: the stay continues in the same bed, or in another", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    const undo = (more: object = {}) => hospitalizations.cancelDischarge(clinic.caller, { stay, reason: "came back at once", ...more });
    await expect(undo()).rejects.toEqual(refusal(409, "NOT_DISCHARGED"));
    const { period, location } = await clinic.read("hospitalizations", stay);
    await hospitalizations.discharge(clinic.caller, { stay });
    expect(await undo()).toMatchObject({ bed, status: "admitted" });
    const again = await clinic.read("hospitalizations", stay);
    expect(again).toMatchObject({ status: "in-progress", period, location, statusHistory: [{ status: "finished" }] });
    expect(again.period).toEqual(period);
    await hospitalizations.discharge(clinic.caller, { stay });
    await hospitalizations.admit(clinic.caller, { patient: await newPatient("Bianchi"), bed });
    await expect(undo()).rejects.toEqual(refusal(409, "BED_OCCUPIED"));
    expect(await undo({ bed: other })).toMatchObject({ bed: other });
    expect([await statusOf(bed), await statusOf(other)]).toEqual(["taken", "taken"]);
  });

  it("undoes an admission: the stay is cancelled, or is the open visit that it was", async () => {
    const [bed = "", other = ""] = beds;
    const patient = await newPatient("Rossi");
    const { stay } = await hospitalizations.admit(clinic.caller, { patient, bed });
    const undo = (of: string) => hospitalizations.cancelAdmission(clinic.caller, { stay: of, reason: "wrong patient" });
    expect(await undo(stay)).toMatchObject({ status: "cancelled" });
    await expect(undo(stay)).rejects.toEqual(refusal(409, "ALREADY_DISCHARGED"));
    await expect(undo("Encounter/none")).rejects.toEqual(refusal(404, "STAY_NOT_FOUND"));
    const { visit } = await visits.open(clinic.caller, { patient });
    const before = await clinic.read("visits", visit);
    await hospitalizations.admit(clinic.caller, { patient, bed, visit });
    await hospitalizations.transfer(clinic.caller, { stay: visit, bed: other });
    expect(await undo(visit)).toMatchObject({ stay: visit, version: 4, status: "visit" });
    const { meta: _, ...as } = before;
    const { meta: __, extension, ...is } = await clinic.read("visits", visit);
    expect([is, extension]).toEqual([as, [{ url: "urn:openward:reason", valueString: "wrong patient" }]]);
    expect([await statusOf(bed), await statusOf(other)]).toEqual(["free", "free"]);
    await hospitalizations.admit(clinic.caller, { patient, bed, visit });
    await visits.open(clinic.caller, { patient });
    await expect(undo(visit)).rejects.toEqual(refusal(409, "VISIT_ALREADY_OPEN"));
  });

  it("records moves afterwards, each at its time, none before the previous one, none in the future", async () => {
    const [bed = "", other = ""] = beds;
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const patient = await newPatient("Rossi");
    const visit = await visits.open(clinic.caller, { patient, at: ago(300) });
    expect(visit.openedAt).toBe(((await clinic.read("visits", visit.visit)).period as { start: string }).start);
    const admitted = { patient, bed, visit: visit.visit };
    await expect(hospitalizations.admit(clinic.caller, { ...admitted, at: ago(301) })).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    const { stay } = await hospitalizations.admit(clinic.caller, { ...admitted, at: ago(240) });
    await expect(hospitalizations.transfer(clinic.caller, { stay, bed: other, at: ago(241) })).rejects.toEqual(
      refusal(409, "AT_TOO_EARLY"),
    );
    const moved = ago(180);
    await hospitalizations.transfer(clinic.caller, { stay, bed: other, at: moved });
    await expect(hospitalizations.discharge(clinic.caller, { stay, at: ago(181) })).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    await expect(hospitalizations.discharge(clinic.caller, { stay, at: ago(-60) })).rejects.toEqual(refusal(409, "AT_IN_FUTURE"));
    const left = ago(60);
    expect(await hospitalizations.discharge(clinic.caller, { stay, at: left })).toMatchObject({ status: "discharged", dischargedAt: left });
    expect(await clinic.read("hospitalizations", stay)).toMatchObject({
      location: [{ period: { end: moved } }, { period: { start: moved, end: left } }],
    });
  });

  it("records moves more than a day later only with a reason, which is kept", async () => {
    const [bed = ""] = beds;
    const late = { patient: await newPatient("Rossi"), bed, at: new Date(Date.now() - 2 * 86_400_000).toISOString() };
    await expect(hospitalizations.admit(clinic.caller, late)).rejects.toEqual(refusal(409, "LATE_REASON_MISSING"));
    const { stay } = await hospitalizations.admit(clinic.caller, { ...late, lateReason: "power failure" });
    expect(await clinic.read("hospitalizations", stay)).toMatchObject({
      period: { start: late.at },
      extension: [{ url: "urn:openward:late-reason", valueString: "power failure" }],
    });
  });

  it("refuses overlapping stays in one bed if a move is recorded later, or undone", async () => {
    const [bed = "", other = ""] = beds;
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const occupied = refusal(409, "BED_OCCUPIED");
    const [first, second, third] = [await newPatient("Rossi"), await newPatient("Bianchi"), await newPatient("Verdi")];
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: first, bed, at: ago(300) });
    await hospitalizations.discharge(clinic.caller, { stay, at: ago(200) });
    const late = (minutes: number, patient = second) => hospitalizations.admit(clinic.caller, { patient, bed, at: ago(minutes) });
    await expect(late(201)).rejects.toEqual(occupied);
    const { stay: between } = await late(200);
    await hospitalizations.discharge(clinic.caller, { stay: between, at: ago(100) });
    // The first was discharged by mistake, but somebody has lain there since.
    const undo = (more: object) => hospitalizations.cancelDischarge(clinic.caller, { stay, reason: "a slip", ...more });
    await expect(undo({})).rejects.toEqual(occupied);
    expect(await undo({ bed: other })).toMatchObject({ bed: other });
    expect(await late(100, third)).toMatchObject({ bed });
  });
});
