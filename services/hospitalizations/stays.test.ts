/** A stay from the request to the end of it: admission to a ward, leave, swap, who is responsible, hand-over, death. */
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import type { Encounter } from "../../fhir/r4.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { patients } from "../patients/patients.contract.ts";
import PatientsService from "../patients/patients.service.ts";
import RecordsService from "../records/records.service.ts";
import TransactionsService from "../transactions/transactions.service.ts";
import { type Ward, wards } from "../wards/wards.contract.ts";
import WardsService from "../wards/wards.service.ts";
import { hospitalizations } from "./hospitalizations.contract.ts";
import HospitalizationsService from "./hospitalizations.service.ts";
import { withPhysician } from "./stays.model.ts";

it("a physician whose time had ended before the next one began keeps that end", () => {
  const type = [{ coding: [{ code: "ATND" }] }];
  const stay: Encounter = {
    resourceType: "Encounter",
    status: "in-progress",
    class: { code: "IMP" },
    participant: [{ type, period: { start: "2026-01-01", end: "2026-01-02" } }, { type }],
  };
  const { participant } = withPhysician(stay, { physician: "Practitioner/2" }, new Date("2026-01-05T08:00:00Z"));
  expect(participant?.map(({ period }) => period?.end)).toEqual(["2026-01-02", "2026-01-05T08:00:00.000Z", undefined]);
});

describe("a stay", () => {
  let clinic: Clinic;
  let ward: Ward;
  let beds: string[];
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService, WardsService, RecordsService, TransactionsService, HospitalizationsService);
  });
  afterAll(() => clinic.stop());
  beforeEach(async () => {
    next += 1;
    ward = await wards.open(clinic.caller, { name: `Ward ${next}`, rooms: [{ name: "room 1", beds: ["A", "B"] }] });
    beds = ward.rooms.flatMap((room) => room.beds.map(({ location }) => location));
  });
  const newPatient = async (name: string) =>
    (await patients.register(clinic.caller, { family: `${name} ${next}`, given: ["Ada"], birthDate: "1980", gender: "female" })).patient;
  const bedsOf = async () => (await wards.listBeds(clinic.caller, { ward: ward.location })).map(({ status }) => status);
  const lineOf = async (stay: string) => {
    const [shown] = (await wards.board(clinic.caller, { ward: ward.location })).wards;
    return [...(shown?.rooms.flatMap((room) => room.beds.flatMap((bed) => bed.stay ?? [])) ?? []), ...(shown?.withoutBed ?? [])].find(
      (it) => it.stay === stay,
    );
  };

  it("is requested, accepted, and begins in the ward before a bed is assigned", async () => {
    const patient = await newPatient("Rossi");
    const asked = await hospitalizations.request(clinic.caller, { patient, kind: "emergency", reason: "stroke", needs: ["oxygen"] });
    expect(asked).toMatchObject({ status: "requested", kind: "emergency", reason: "stroke", needs: ["oxygen"], patient });
    const { request } = asked;
    await expect(hospitalizations.accept(clinic.caller, { request })).rejects.toEqual(refusal(409, "WARD_MISSING"));
    const accepted = await hospitalizations.accept(clinic.caller, { request, ward: ward.location });
    expect(accepted).toMatchObject({ status: "accepted", ward: ward.location, version: 2 });
    const { waiting } = await wards.board(clinic.caller, { ward: ward.location });
    expect(waiting.find((it) => it.request === request)).toMatchObject({ status: "accepted", name: `Ada Rossi ${next}` });
    expect(await hospitalizations.withdrawAcceptance(clinic.caller, { request })).toMatchObject({ status: "requested", version: 3 });
    await expect(hospitalizations.withdrawAcceptance(clinic.caller, { request })).rejects.toEqual(refusal(409, "REQUEST_NOT_ACCEPTED"));
    await expect(hospitalizations.admit(clinic.caller, { patient, request })).rejects.toEqual(refusal(409, "WARD_MISSING"));
    const { stay } = await hospitalizations.admit(clinic.caller, { patient, request, ward: ward.location });
    expect(stay).toBe(request);
    expect(await bedsOf()).toEqual(["free", "free"]);
    expect(await lineOf(stay)).toMatchObject({ diagnosis: "stroke", name: `Ada Rossi ${next}` });
    const [bed = ""] = beds;
    expect(await hospitalizations.transfer(clinic.caller, { stay, bed })).toMatchObject({ bed });
    expect(await bedsOf()).toEqual(["taken", "free"]);
    await expect(hospitalizations.deny(clinic.caller, { request, reason: "late" })).rejects.toEqual(refusal(409, "REQUEST_NOT_OPEN"));
    await expect(hospitalizations.withdrawAcceptance(clinic.caller, { request })).rejects.toEqual(refusal(409, "REQUEST_NOT_OPEN"));
  });

  it("can be denied with a reason, and nobody is admitted by a denied request or another patient's", async () => {
    const [patient, other] = [await newPatient("Rossi"), await newPatient("Bianchi")];
    const [bed = ""] = beds;
    const { request } = await hospitalizations.request(clinic.caller, { patient, kind: "planned", plannedFor: "2030-01-01" });
    await expect(hospitalizations.admit(clinic.caller, { patient: other, request, bed })).rejects.toEqual(refusal(409, "REQUEST_NOT_OPEN"));
    expect(await hospitalizations.deny(clinic.caller, { request, reason: "no indication" })).toMatchObject({
      status: "denied",
      deniedBecause: "no indication",
    });
    for (const again of [
      () => hospitalizations.admit(clinic.caller, { patient, request, bed }),
      () => hospitalizations.accept(clinic.caller, { request, ward: ward.location }),
    ]) {
      await expect(again()).rejects.toEqual(refusal(409, "REQUEST_NOT_OPEN"));
    }
    const unknown = { request: "Encounter/none", reason: "x" };
    await expect(hospitalizations.deny(clinic.caller, unknown)).rejects.toEqual(refusal(404, "REQUEST_NOT_FOUND"));
    expect(await bedsOf()).toEqual(["free", "free"]);
  });

  it("of a newborn names the mother's, and only a newborn's does", async () => {
    const [mother, other] = [await newPatient("Rossi"), await newPatient("Bianchi")];
    const birth = { gender: "female" as const, birthDate: "2026-01-01" };
    const { patient: child } = await patients.registerNewborn(clinic.caller, { mother, ...birth });
    const [bed = "", cot = ""] = beds;
    const { stay: motherStay } = await hospitalizations.admit(clinic.caller, { patient: mother, bed });
    const asked = (patient: string) => hospitalizations.request(clinic.caller, { patient, kind: "newborn", motherStay });
    await expect(asked(other)).rejects.toEqual(refusal(409, "RULE_ENCOUNTER_ONE_PATIENT"));
    const { patient: unknown } = await patients.registerUnknown(clinic.caller, { gender: "female" });
    await expect(asked(unknown)).resolves.toMatchObject({ motherStay, kind: "newborn" });
    const { request } = await asked(child);
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: child, request, bed: cot });
    expect(await clinic.read("hospitalizations", stay)).toMatchObject({ partOf: { reference: motherStay } });
  });

  it("can exchange beds with another in one step, but not with an ended one", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    const { stay: second } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Bianchi"), bed: other });
    expect(await hospitalizations.swap(clinic.caller, { stay, with: second })).toMatchObject([
      { stay, bed: other, version: 2 },
      { stay: second, bed, version: 2 },
    ]);
    expect(await bedsOf()).toEqual(["taken", "taken"]);
    await hospitalizations.discharge(clinic.caller, { stay: second });
    await expect(hospitalizations.swap(clinic.caller, { stay, with: second })).rejects.toEqual(refusal(409, "NOT_A_BED"));
    expect(await bedsOf()).toEqual(["free", "taken"]);
  });

  it("keeps the bed of a patient on leave, and is unchanged if the leave is cancelled", async () => {
    const [bed = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    await expect(hospitalizations.return(clinic.caller, { stay })).rejects.toEqual(refusal(409, "NOT_AWAY"));
    expect(await hospitalizations.leave(clinic.caller, { stay })).toMatchObject({ status: "away", bed });
    expect(await lineOf(stay)).toMatchObject({ leave: { since: expect.any(String) } });
    await expect(hospitalizations.leave(clinic.caller, { stay })).rejects.toEqual(refusal(409, "NOT_AWAY"));
    expect(await hospitalizations.cancelLeave(clinic.caller, { stay, reason: "wrong patient" })).toMatchObject({ status: "admitted" });
    expect(await clinic.read("hospitalizations", stay)).not.toHaveProperty("statusHistory");
    await hospitalizations.leave(clinic.caller, { stay });
    expect(await hospitalizations.return(clinic.caller, { stay })).toMatchObject({ status: "admitted", bed });
    expect(await lineOf(stay)).not.toHaveProperty("leave");
    expect(await bedsOf()).toEqual(["taken", "free"]);
  });

  it("has one responsible physician, and a note for the next on duty", async () => {
    const [bed = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    await hospitalizations.setPhysician(clinic.caller, { stay, physician: "Practitioner/1" });
    await hospitalizations.setPhysician(clinic.caller, { stay, physician: "Practitioner/2" });
    expect(await lineOf(stay)).toMatchObject({ physician: "Practitioner/2" });
    const { note } = await hospitalizations.handOver(clinic.caller, { stay, text: "pain at night" });
    expect(await clinic.read("records", note)).toMatchObject({
      encounter: { reference: stay },
      payload: [{ contentString: "pain at night" }],
    });
    await expect(hospitalizations.handOver(clinic.caller, { stay: "Encounter/none", text: "x" })).rejects.toEqual(
      refusal(404, "STAY_NOT_FOUND"),
    );
  });

  it("has a physician and notes from when they were, not from when that is entered", async () => {
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const [bed = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed, at: ago(600) });
    const physician = (more: object) => hospitalizations.setPhysician(clinic.caller, { stay, physician: "Practitioner/1", ...more });
    await physician({ at: ago(500) });
    const at = ago(60);
    await expect(physician({ at: ago(550) })).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    await physician({ physician: "Practitioner/2", at });
    const { participant } = (await clinic.read("hospitalizations", stay)) as unknown as Encounter;
    expect(participant).toMatchObject([{ period: { end: at } }, { period: { start: at }, individual: { reference: "Practitioner/2" } }]);
    const note = (more: object) => hospitalizations.handOver(clinic.caller, { stay, text: "on paper", ...more });
    await expect(note({ at: ago(700) })).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    expect(await note({ at })).toMatchObject({ sentAt: at });
    const patient = await newPatient("Bruni");
    const asked = (more: object) => hospitalizations.request(clinic.caller, { patient, kind: "planned", ...more });
    await expect(asked({ at: ago(-60) })).rejects.toEqual(refusal(409, "AT_IN_FUTURE"));
    expect(await asked({ at })).toMatchObject({ requestedAt: at });
  });

  it("waits for a requested transfer until it is carried out", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    await hospitalizations.requestTransfer(clinic.caller, { stay, to: ward.location });
    expect(await lineOf(stay)).toMatchObject({ waits: { transfers: 1 } });
    expect(await bedsOf()).toEqual(["taken", "free"]);
    await hospitalizations.transfer(clinic.caller, { stay, bed: other });
    expect(await lineOf(stay)).toMatchObject({ waits: { transfers: 0 } });
  });

  it("reserves a place for a transfer that the other ward accepts, and keeps the reason if it is denied", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    const elsewhere = await wards.open(clinic.caller, { name: "Elsewhere", rooms: [{ name: "1", beds: ["A"] }] });
    const { location: to } = elsewhere;
    const comingTo = async () => (await wards.board(clinic.caller, { ward: to })).coming.map(({ stay: one, transfer }) => [one, transfer]);
    for (const answer of [
      () => hospitalizations.acceptTransfer(clinic.caller, { stay }),
      () => hospitalizations.denyTransfer(clinic.caller, { stay, reason: "full" }),
      () => hospitalizations.withdrawTransfer(clinic.caller, { stay }),
    ]) {
      await expect(answer()).rejects.toEqual(refusal(409, "TRANSFER_NOT_ASKED"));
    }
    expect(await hospitalizations.requestTransfer(clinic.caller, { stay, to })).toMatchObject({ transfer: { to, status: "requested" } });
    expect(await comingTo()).toEqual([[stay, { to, status: "requested" }]]);
    await hospitalizations.acceptTransfer(clinic.caller, { stay });
    expect(await comingTo()).toEqual([[stay, { to, status: "accepted" }]]);
    const denied = { to, status: "denied", reason: "full" };
    expect(await hospitalizations.denyTransfer(clinic.caller, { stay, reason: "full" })).toMatchObject({ bed, transfer: denied });
    expect(await comingTo()).toEqual([]);
    expect(await lineOf(stay)).toMatchObject({ waits: { transfers: 0 }, transfer: denied });
    await expect(hospitalizations.acceptTransfer(clinic.caller, { stay })).rejects.toEqual(refusal(409, "TRANSFER_NOT_ASKED"));
    await hospitalizations.requestTransfer(clinic.caller, { stay, to });
    expect(await hospitalizations.withdrawTransfer(clinic.caller, { stay })).not.toHaveProperty("transfer");
    await hospitalizations.requestTransfer(clinic.caller, { stay, to });
    await hospitalizations.denyTransfer(clinic.caller, { stay, reason: "full" });
    expect(await hospitalizations.transfer(clinic.caller, { stay, bed: other })).not.toHaveProperty("transfer");
  });

  it("stays expected in the other ward while it is moved within its own, by swaps too, until it has come there", async () => {
    const [bed = "", other = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    const elsewhere = await wards.open(clinic.caller, { name: "Cardiology", rooms: [{ name: "1", beds: ["A"] }] });
    const { location: to } = elsewhere;
    await hospitalizations.requestTransfer(clinic.caller, { stay, to });
    await hospitalizations.acceptTransfer(clinic.caller, { stay });
    const accepted = { transfer: { to, status: "accepted" } };
    expect(await hospitalizations.transfer(clinic.caller, { stay, bed: other })).toMatchObject({ bed: other, ...accepted });
    const { stay: neighbour } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Verdi"), bed });
    const [swapped] = await hospitalizations.swap(clinic.caller, { stay, with: neighbour });
    expect(swapped).toMatchObject({ bed, ...accepted });
    const there = elsewhere.rooms[0]?.beds[0]?.location ?? "";
    expect(await hospitalizations.transfer(clinic.caller, { stay, bed: there })).not.toHaveProperty("transfer");
  });

  it("ends with the discharge destination, which is removed if the stay continues", async () => {
    const [bed = ""] = beds;
    const { stay } = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Rossi"), bed });
    await expect(hospitalizations.discharge(clinic.caller, { stay, disposition: "exp" as "oth" })).rejects.toEqual(
      refusal(422, "VALIDATION_ERROR"),
    );
    expect(await hospitalizations.discharge(clinic.caller, { stay, disposition: "aadvice" })).toMatchObject({ disposition: "aadvice" });
    await expect(hospitalizations.cancelDeath(clinic.caller, { stay, reason: "x" })).rejects.toEqual(refusal(409, "NOT_DEAD"));
    expect(await hospitalizations.cancelDischarge(clinic.caller, { stay, reason: "stays" })).not.toHaveProperty("disposition");
  });

  it("does not continue beside another stay of the same patient, who left and came back into the same bed", async () => {
    const [bed = ""] = beds;
    const patient = await newPatient("Rossi");
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    const { stay } = await hospitalizations.admit(clinic.caller, { patient, bed, at: hoursAgo(6) });
    await hospitalizations.discharge(clinic.caller, { stay, disposition: "aadvice", at: hoursAgo(3) });
    const again = await hospitalizations.admit(clinic.caller, { patient, bed, at: hoursAgo(2) });
    const undo = { stay, reason: "it is one stay" };
    await expect(hospitalizations.cancelDischarge(clinic.caller, undo)).rejects.toEqual(refusal(409, "PATIENT_ALREADY_ADMITTED"));
    await hospitalizations.cancelAdmission(clinic.caller, { stay: again.stay, reason: "it is one stay" });
    const other = await hospitalizations.admit(clinic.caller, { patient: await newPatient("Verdi"), bed, at: hoursAgo(1) });
    await expect(hospitalizations.cancelDischarge(clinic.caller, undo)).rejects.toEqual(refusal(409, "BED_OCCUPIED"));
    await hospitalizations.cancelAdmission(clinic.caller, { stay: other.stay, reason: "the wrong bed" });
    expect(await hospitalizations.cancelDischarge(clinic.caller, undo)).toMatchObject({ status: "admitted", bed });
  });

  it("ends by death for the whole record at once, which can be undone likewise", async () => {
    const [bed = ""] = beds;
    const patient = await newPatient("Rossi");
    const { stay } = await hospitalizations.admit(clinic.caller, { patient, bed });
    expect(await hospitalizations.die(clinic.caller, { stay })).toMatchObject({ status: "discharged", disposition: "exp" });
    expect(await clinic.read("patients", patient)).toMatchObject({ deceasedDateTime: expect.any(String) });
    expect(await bedsOf()).toEqual(["free", "free"]);
    await expect(hospitalizations.admit(clinic.caller, { patient, bed })).rejects.toEqual(refusal(409, "RULE_ENCOUNTER_PATIENT"));
    await expect(hospitalizations.die(clinic.caller, { stay })).rejects.toEqual(refusal(409, "ALREADY_DISCHARGED"));
    await expect(hospitalizations.cancelDischarge(clinic.caller, { stay, reason: "x" })).rejects.toEqual(
      refusal(409, "RULE_ENCOUNTER_REOPENED"),
    );
    const undone = await hospitalizations.cancelDeath(clinic.caller, { stay, reason: "wrong patient" });
    expect(undone).toMatchObject({ status: "admitted", bed });
    expect(await clinic.read("patients", patient)).not.toHaveProperty("deceasedDateTime");
    expect(await bedsOf()).toEqual(["taken", "free"]);
  });

  it("cannot begin in a closed ward, with or without a bed", async () => {
    const closed = JSON.stringify({ ...(await clinic.read("wards", ward.location)), status: "inactive" });
    const id = ward.location.slice("Location/".length);
    await ownerOf("wards").write(clinic.caller, { steps: [{ op: "update", type: "Location", id, text: closed, upsert: false }] });
    const patient = await newPatient("Rossi");
    await expect(hospitalizations.admit(clinic.caller, { patient, ward: ward.location })).rejects.toEqual(refusal(409, "WARD_CLOSED"));
  });
});
