/** The board: what it shows of whom, to whom, and what it says when a service is down. */
import { join } from "node:path";
import type { ServiceBroker } from "moleculer";
import { Access, openAccess, setAccess } from "../../mesh/access/access.ts";
import { keysInMemory } from "../../mesh/trust/key-files.ts";
import { readRoles } from "../../mesh/access/roles.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { hospitalizations } from "../hospitalizations/hospitalizations.contract.ts";
import HospitalizationsService from "../hospitalizations/hospitalizations.service.ts";
import { lab } from "../lab/lab.contract.ts";
import LabService from "../lab/lab.service.ts";
import { patients } from "../patients/patients.contract.ts";
import PatientsService from "../patients/patients.service.ts";
import PharmacyService from "../pharmacy/pharmacy.service.ts";
import RecordsService from "../records/records.service.ts";
import TransactionsService from "../transactions/transactions.service.ts";
import VisitsService from "../visits/visits.service.ts";
import type { Board, BoardBed } from "./board.contract.ts";
import { ageOf } from "./board/patient-line.ts";
import { type Ward, wards } from "./wards.contract.ts";
import WardsService from "./wards.service.ts";

describe("the age of a patient", () => {
  const now = new Date("2026-03-01T12:00:00Z");
  it.each([
    ["2026-03-01", { value: 0, unit: "days" }],
    ["2026-02-02", { value: 27, unit: "days" }],
    ["2026-02-01", { value: 1, unit: "months" }],
    ["2024-03-02", { value: 23, unit: "months" }],
    ["2024-03-01", { value: 2, unit: "years" }],
    ["1950-03-02", { value: 75, unit: "years" }],
    ["1950", { value: 76, unit: "years" }],
    ["2026-04-01", undefined],
  ])("who is born on %s is told as people say it", (birthDate, age) => {
    expect(ageOf(birthDate, now)).toEqual(age);
  });
});

describe("the board", () => {
  let clinic: Clinic;
  let surgery: Ward;
  let patient: string;
  let stay: string;
  const LOINC = { system: "http://loinc.org", code: "718-7" };
  const bedsOf = ({ wards: [ward] }: Board): BoardBed[] => ward?.rooms.flatMap(({ beds }) => beds) ?? [];
  const bedAt = (index: number): string => surgery.rooms[0]?.beds[index]?.location ?? "";
  const make = (service: string, resource: { resourceType: string }) =>
    ownerOf(service).write(clinic.caller, {
      steps: [{ op: "create", type: resource.resourceType, id: crypto.randomUUID(), text: JSON.stringify(resource) }],
    });
  const update = async (service: string, reference: string, more: object) => {
    const [type = "", id = ""] = reference.split("/");
    const text = JSON.stringify({ ...(await clinic.read(service, reference)), ...more });
    await ownerOf(service).write(clinic.caller, { steps: [{ op: "update", type, id, text, upsert: false }] });
  };

  const allergy = (patient: object, substance: string, status: string) => ({
    resourceType: "AllergyIntolerance",
    patient,
    code: { text: substance },
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: status }] },
  });

  beforeAll(async () => {
    const owners = [HospitalizationsService, VisitsService, PatientsService, LabService, RecordsService, PharmacyService];
    clinic = await startClinic(WardsService, TransactionsService, ...owners);
    surgery = await wards.open(clinic.caller, { name: "Surgery", rooms: [{ name: "room 1", beds: ["A", "B", "C"] }] });
    await wards.open(clinic.caller, { name: "Medicine", rooms: [{ name: "room 1", beds: ["A"] }] });
    const registered = await patients.register(clinic.caller, {
      family: "Benali",
      given: ["Amina"],
      otherNames: [{ family: "بن علي", given: ["أمينة"], language: "ar" }],
      birthDate: "1960-01-01",
      gender: "female",
      identifier: { system: "urn:test", value: "1" },
    });
    patient = registered.patient;
    ({ stay } = await hospitalizations.admit(clinic.caller, { patient, bed: bedAt(0), reason: "Cholecystitis" }));
    const subject = { reference: patient };
    await make("records", allergy(subject, "Penicillin", "active"));
    await make("records", allergy(subject, "Latex", "resolved"));
    const noneOfFood = { system: "http://snomed.info/sct", code: "429625007", display: "No known food allergy" };
    await make("records", Object.assign(allergy(subject, "none", "active"), { code: { coding: [noneOfFood] } }));
    const isolation = { coding: [{ system: "http://snomed.info/sct", code: "40174006" }], text: "Contact: MRSA" };
    await make("records", { resourceType: "Flag", status: "active", subject, code: isolation } as { resourceType: string });
    await lab.order(clinic.caller, { patient, encounter: stay, test: LOINC });
    await update("wards", bedAt(1), { operationalStatus: { system: "http://terminology.hl7.org/CodeSystem/v2-0116", code: "K" } });
  });
  afterAll(() => clinic.stop());

  it("shows the patient of each bed with the important facts, in one call", async () => {
    const board = await wards.board(clinic.caller, { ward: surgery.location });
    expect(board).toMatchObject({ ward: surgery.location, isComplete: true, unknown: [], silent: [], hidden: [], waiting: [] });
    expect(board.wards).toMatchObject([{ name: "Surgery", status: "open", rooms: [{ name: "room 1" }], withoutBed: [] }]);
    expect(bedsOf(board)).toEqual([
      {
        location: bedAt(0),
        version: 1,
        name: "A",
        status: "taken",
        attributes: [],
        stay: {
          stay,
          version: 1,
          patient,
          name: "Amina Benali",
          names: ["أمينة بن علي"],
          sex: "female",
          birthDate: "1960-01-01",
          age: { value: expect.any(Number), unit: "years" },
          admittedAt: expect.any(String),
          days: 0,
          diagnosis: "Cholecystitis",
          isolation: "Contact: MRSA",
          allergies: ["Penicillin"],
          waits: { results: 0, doses: 0, transfers: 0, requests: 1 },
        },
      },
      { location: bedAt(1), version: 2, name: "B", status: "closed", cleaning: "dirty", attributes: [] },
      { location: bedAt(2), version: 1, name: "C", status: "free", cleaning: "clean", attributes: [] },
    ]);
  });

  it("counts critical values until somebody has acknowledged them", async () => {
    const { order } = await lab.orderPanel(clinic.caller, { patient, encounter: stay, code: "2823-3" });
    await lab.enter(clinic.caller, { order, results: [{ code: "2823-3", value: 6.9 }] });
    const waits = async () => bedsOf(await wards.board(clinic.caller, { ward: surgery.location }))[0]?.stay?.waits;
    expect(await waits()).toMatchObject({ results: 0, requests: 2 });
    const { lines } = await lab.release(clinic.caller, { order });
    expect(await waits()).toMatchObject({ results: 1, requests: 1 });
    await lab.acknowledge(clinic.caller, { observation: lines[0]?.observation ?? "" });
    expect(await waits()).toMatchObject({ results: 0 });
  });

  it("shows changes since the last call, and to each role what it may see", async () => {
    const look = () => wards.board(clinic.caller, { ward: surgery.location });
    const [first, again] = [await look(), await look()];
    expect({ ...again, at: "" }).toEqual({ ...first, at: "" });
    await hospitalizations.transfer(clinic.caller, { stay, bed: bedAt(2) });
    expect(bedsOf(await look()).map(({ status }) => status)).toEqual(["free", "closed", "taken"]);
    await hospitalizations.cancelTransfer(clinic.caller, { stay, reason: "wrong bed" });
    expect(bedsOf(await look())[0]?.stay).toMatchObject({ stay, allergies: ["Penicillin"] });
  });

  it("shows all wards if none is requested, and none if it does not exist", async () => {
    expect((await wards.board(clinic.caller, {})).wards.map(({ name }) => name)).toEqual(["Surgery", "Medicine"]);
    expect((await wards.board(clinic.caller, { ward: "Location/none" })).wards).toEqual([]);
    await expect(wards.board(clinic.caller, { ward: "Patient/1" })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });

  describe("of a filled ward", () => {
    const ONCE = ["hospitalizations", "lab", "patients", "pharmacy", "records", "visits"];
    let cardiology: Ward;
    let beds: string[];
    let stays: string[];
    const register = async (family: string) => {
      const person = { family, given: ["Omar"], birthDate: "1950-01-01", gender: "male" as const };
      return (await patients.register(clinic.caller, { ...person, identifier: { system: "urn:test", value: family } })).patient;
    };
    const admit = async (family: string, bed = "") => {
      const who = await register(family);
      const { stay: made } = await hospitalizations.admit(clinic.caller, { patient: who, bed, reason: "Angina" });
      await lab.order(clinic.caller, { patient: who, encounter: made, test: LOINC });
      return made;
    };
    /** The services that are asked for the board, in rounds: a round begins when an answer of the one before has come. */
    const look = async (): Promise<{ asked: string[][]; board: Board }> => {
      const asked: string[][] = [[]];
      let isAnswered = false;
      const host = clinic.hosted("wards").broker;
      const call = host.call.bind(host) as (...args: unknown[]) => Promise<unknown>;
      const spy = jest.spyOn(host, "call").mockImplementation(((action: string, ...more: unknown[]) => {
        if (isAnswered) asked.push([]);
        isAnswered = false;
        asked.at(-1)?.push(action.split(".")[0] as string);
        return call(action, ...more).finally(() => {
          isAnswered = true;
        });
      }) as typeof host.call);
      const board = await wards.board(clinic.caller, { ward: cardiology.location }).finally(() => spy.mockRestore());
      return { asked: asked.map((round) => round.sort()), board };
    };
    const requestsIn = (board: Board) => bedsOf(board).map((bed) => bed.stay?.waits.requests);

    beforeAll(async () => {
      cardiology = await wards.open(clinic.caller, { name: "Cardiology", rooms: [{ name: "room 1", beds: ["A", "B", "C", "D"] }] });
      beds = cardiology.rooms[0]?.beds.map(({ location }) => location) ?? [];
      stays = [await admit("Haddad", beds[0]), await admit("Mansouri", beds[1]), await admit("Saidi", beds[2])];
      await look();
    });

    it("asks each service once, all at the same time", async () => {
      const { asked, board } = await look();
      expect(asked).toEqual([ONCE]);
      expect(requestsIn(board)).toEqual([1, 1, 1, undefined]);
    });

    it("reads only what has changed, from the service that has it", async () => {
      const haddad = (await clinic.read("hospitalizations", stays[0] ?? ""))["subject"] as object;
      await make("records", allergy(haddad, "Dust", "active"));
      const severe = { ...allergy(haddad, "Latex", "active"), criticality: "high" };
      await make("records", severe);
      const { asked, board } = await look();
      expect(asked).toEqual([ONCE, ["records"]]);
      expect(bedsOf(board)[0]?.stay?.allergies).toEqual(["Latex", "Dust"]);
    });

    it("asks again about a patient who has come, and about nobody else; who has left is no longer shown", async () => {
      await admit("Toumi", beds[3]);
      const { asked, board } = await look();
      expect(asked[0]).toEqual(ONCE);
      expect(asked.slice(1).flat()).toEqual(expect.arrayContaining(["lab", "patients", "pharmacy", "records"]));
      expect(requestsIn(board)).toEqual([1, 1, 1, 1]);
      expect(bedsOf(board)[3]?.stay).toMatchObject({ name: "Omar Toumi" });
      await hospitalizations.discharge(clinic.caller, { stay: stays[1] ?? "" });
      const without = await look();
      expect(without.asked[0]).toEqual(ONCE);
      expect(bedsOf(without.board).map((bed) => bed.stay?.name)).toEqual(["Omar Haddad", undefined, "Omar Saidi", "Omar Toumi"]);
      expect((await look()).asked).toEqual([ONCE]);
    });
  });

  describe("in a hospital with closed access", () => {
    let access: Access;
    const host = (): ServiceBroker => clinic.hosted("wards").broker;
    beforeAll(() => {
      const roles = readRoles(join(import.meta.dirname, "../identity/roles"));
      access = new Access({ isOpen: false, roles, keys: keysInMemory() });
      setAccess(host(), access);
    });
    afterAll(() => setAccess(host(), openAccess()));
    const seenBy = (role: string, scope?: string): Promise<Board> =>
      wards.board(
        clinic.caller,
        { ward: surgery.location },
        { meta: { as: access.stampOf({ sub: "one", roles: [role], ...(scope !== undefined && { scope }) }) } },
      );

    it("shows a nurse everything, and an administrator which beds are occupied, not by whom", async () => {
      expect(bedsOf(await seenBy("nurse"))[0]).toMatchObject({
        status: "taken",
        stay: { name: "Amina Benali", allergies: ["Penicillin"] },
      });
      const board = await seenBy("administrator");
      expect(bedsOf(board)[0]).toEqual({ location: bedAt(0), version: 1, name: "A", status: "taken", attributes: [] });
      expect(board.hidden).toEqual(expect.arrayContaining(["stays", "patients", "allergies"]));
      expect(JSON.stringify(board)).not.toMatch(/Benali|Penicillin|Patient\//);
    });

    it("omits what the caller may not see, and says so", async () => {
      const board = await seenBy("front-desk");
      expect(bedsOf(board)[0]?.stay).toMatchObject({ name: "Amina Benali", allergies: [], waits: { requests: 0 } });
      expect(board.hidden).toEqual(["allergies", "isolation", "diagnoses", "requests", "results", "doses"]);
      expect(JSON.stringify(board)).not.toMatch(/Penicillin|MRSA/);
      expect((await seenBy("nurse", "actions user/Encounter.rs user/Patient.rs")).hidden).toContain("allergies");
    });

    it("is refused to roles without a right to it", async () => {
      await expect(seenBy("billing")).rejects.toEqual(refusal(403, "NOT_ALLOWED"));
      await expect(wards.board(clinic.caller, {})).rejects.toEqual(refusal(401, "SIGN_IN_NEEDED"));
    });
  });

  it("says what is not known while a service is down, and shows the rest", async () => {
    const host = clinic.hosted("wards").broker;
    await host.destroyService("records");
    const board = await wards.board(clinic.caller, { ward: surgery.location });
    expect(board).toMatchObject({ isComplete: false, unknown: ["allergies", "isolation", "results"], silent: ["records"] });
    expect(bedsOf(board)[0]).toMatchObject({ status: "taken", stay: { name: "Amina Benali", allergies: [] } });
    await host.destroyService("hospitalizations");
    const without = await wards.board(clinic.caller, { ward: surgery.location });
    expect(without).toMatchObject({ isComplete: false, unknown: ["stays"], silent: ["hospitalizations"] });
    expect(bedsOf(without).map(({ status }) => status)).toEqual(["unknown", "closed", "unknown"]);
  });
});
