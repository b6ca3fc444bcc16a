import { ownerOf } from "../../federation/owner-contract.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import PatientsService from "../patients/patients.service.ts";
import { patients } from "../patients/patients.contract.ts";
import { OVERBOOKED, visits } from "./visits.contract.ts";
import { AMBULATORY, closeVisit, openVisit, visitKeys } from "./visits.model.ts";
import VisitsService from "./visits.service.ts";

const noon = new Date("2026-01-01T12:00:00Z");

describe("a visit", () => {
  it("has the minute of its end", () => {
    const visit = closeVisit(openVisit("1", { patient: "Patient/1" }, noon), noon);
    expect(visit).toMatchObject({ status: "finished", period: { end: "2026-01-01T12:00:00.000Z" } });
  });

  it("holds its patient's key while it is open, and not longer", () => {
    const open = openVisit("1", { patient: "Patient/1" }, noon);
    expect(visitKeys(open)).toEqual([
      {
        key: "visit:Patient/1",
        error: "VISIT_ALREADY_OPEN",
        says: "The patient has an open visit already: close it first.",
        at: "Encounter.subject",
      },
    ]);
    expect(visitKeys(closeVisit(open, noon))).toEqual([]);
    expect(visitKeys({ ...open, class: { ...AMBULATORY, code: "EMER" } })).toEqual([]);
  });
});

describe("visits", () => {
  let clinic: Clinic;
  let patient: string;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService, VisitsService);
  });
  afterAll(() => clinic.stop());
  beforeEach(async () => {
    next += 1;
    const registered = await patients.register(clinic.caller, {
      family: "Rossi",
      given: ["Ada"],
      birthDate: "1980",
      gender: "female",
      identifier: { system: "urn:mrn", value: `v${next}` },
    });
    patient = registered.patient;
  });

  it("opens one visit per patient at a time", async () => {
    await visits.open(clinic.caller, { patient });
    await expect(visits.open(clinic.caller, { patient })).rejects.toMatchObject({
      code: 409,
      type: "VISIT_ALREADY_OPEN",
      data: { patient },
    });
  });

  describe("with an appointment", () => {
    const book = async (status = "booked") => {
      const id = crypto.randomUUID();
      const participant = [{ actor: { reference: patient }, status: "accepted" }];
      const [start, end] = ["2026-01-01T12:00:00Z", "2026-01-01T12:15:00Z"];
      const text = JSON.stringify({ resourceType: "Appointment", id, status, start, end, description: "Control", participant });
      await ownerOf("visits").write(clinic.caller, { steps: [{ op: "create", type: "Appointment", id, text }] });
      return `Appointment/${id}`;
    };
    const statusOf = async (appointment: string) => (await clinic.read("visits", appointment))["status"];

    it("begin once, when the patient arrives, with the appointment's reason", async () => {
      const appointment = await book();
      const { visit } = await visits.arrive(clinic.caller, { appointment });
      expect(await clinic.read("visits", visit)).toMatchObject({
        status: "in-progress",
        subject: { reference: patient },
        appointment: [{ reference: appointment }],
        reasonCode: [{ text: "Control" }],
      });
      expect(await statusOf(appointment)).toBe("arrived");
      await expect(visits.arrive(clinic.caller, { appointment })).rejects.toEqual(refusal(409, "APPOINTMENT_NOT_BOOKED"));
    });

    it("begin when the patient came, also if that is entered later", async () => {
      const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
      const appointment = await book();
      const arrived = (more: object) => visits.arrive(clinic.caller, { appointment, ...more });
      await expect(arrived({ at: ago(-60) })).rejects.toEqual(refusal(409, "AT_IN_FUTURE"));
      await expect(arrived({ at: ago(3_000) })).rejects.toEqual(refusal(409, "LATE_REASON_MISSING"));
      expect(await statusOf(appointment)).toBe("booked");
      const at = ago(2_000);
      const { visit, openedAt } = await arrived({ at, lateReason: "the network was down" });
      expect(openedAt).toBe(at);
      expect(await clinic.read("visits", visit)).toMatchObject({
        period: { start: at },
        extension: [{ url: "urn:openward:late-reason", valueString: "the network was down" }],
      });
    });

    it("can be cancelled if somebody else came: the patient is still expected", async () => {
      const appointment = await book();
      const { visit } = await visits.arrive(clinic.caller, { appointment });
      await visits.cancel(clinic.caller, { visit, reason: "another person" });
      expect(await statusOf(appointment)).toBe("booked");
      await visits.arrive(clinic.caller, { appointment });
    });

    it("do not begin if one is open, or if no patient is expected", async () => {
      const appointment = await book();
      await visits.open(clinic.caller, { patient });
      await expect(visits.arrive(clinic.caller, { appointment })).rejects.toEqual(refusal(409, "VISIT_ALREADY_OPEN"));
      expect(await statusOf(appointment)).toBe("booked");
      await expect(visits.arrive(clinic.caller, { appointment: await book("cancelled") })).rejects.toEqual(
        refusal(409, "APPOINTMENT_NOT_BOOKED"),
      );
      await expect(visits.arrive(clinic.caller, { appointment: "Appointment/none" })).rejects.toEqual(
        refusal(404, "APPOINTMENT_NOT_FOUND"),
      );
    });
  });

  describe("a practitioner's time", () => {
    const practitioner = { actor: { reference: "Practitioner/busy" }, status: "accepted" };
    const write = async (id: string, day: string, [from, to]: [string, string], more: object = {}) => {
      const [start, end] = [`${day}T${from}:00Z`, `${day}T${to}:00Z`];
      const participant = [{ actor: { reference: patient }, status: "accepted" }, practitioner];
      const text = JSON.stringify({ resourceType: "Appointment", id, status: "booked", start, end, participant, ...more });
      const step = { op: "update" as const, type: "Appointment", id, text, upsert: true };
      return ownerOf("visits").write(clinic.caller, { steps: [step] });
    };
    const busy = refusal(409, "PRACTITIONER_BUSY");

    it("is booked once, by the first of many", async () => {
      const all = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => write(`many-${n}`, "2091-01-01", ["10:00", "10:15"])));
      expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const one of all) if (one.status === "rejected") expect(one.reason).toEqual(busy);
    });

    it("is occupied from the first minute to the last, also over midnight, and free before and after", async () => {
      await write("night", "2091-01-02", ["23:00", "23:59"], { end: "2091-01-03T01:00:00Z" });
      for (const [day, from, to] of [
        ["2091-01-02", "22:30", "23:01"],
        ["2091-01-02", "23:10", "23:20"],
        ["2091-01-03", "00:30", "00:45"],
        ["2091-01-03", "00:59", "02:00"],
      ] as const) {
        await expect(write("other", day, [from, to])).rejects.toEqual(busy);
      }
      await write("before", "2091-01-02", ["22:00", "23:00"]);
      await write("after", "2091-01-03", ["01:00", "02:00"]);
      await write("declined", "2091-01-02", ["23:10", "23:20"], { participant: [{ ...practitioner, status: "declined" }] });
    });

    it("is free again when an appointment is cancelled or moved, and occupied by one that was double-booked", async () => {
      const day = "2091-01-04";
      await write("first", day, ["08:00", "08:30"]);
      await write("first", day, ["08:15", "08:45"]);
      await write("second", day, ["08:00", "08:15"]);
      await write("second", day, ["08:00", "08:15"], { status: "cancelled" });
      await expect(write("third", day, ["08:10", "08:20"])).rejects.toEqual(busy);
      const extension = [{ url: OVERBOOKED, valueString: "an emergency" }];
      await write("third", day, ["08:10", "08:20"], { extension });
      await write("first", day, ["08:15", "08:45"], { status: "cancelled" });
      await expect(write("second", day, ["08:00", "08:15"])).rejects.toEqual(busy);
      await write("third", day, ["08:10", "08:20"], { extension, comment: "said more", status: "arrived" });
      await write("third", day, ["08:10", "08:20"], { extension, status: "noshow" });
      await write("second", day, ["08:00", "08:15"]);
    });

    it("is booked once by its slot, also for what names no practitioner", async () => {
      const taken = refusal(409, "SLOT_TAKEN");
      const by = (reference: string, more: object = {}) => ({
        slot: [{ reference }],
        participant: [{ actor: { reference: patient }, status: "accepted" }],
        ...more,
      });
      const at = ["09:00", "09:20"] as [string, string];
      const day = "2091-01-06";
      for (const id of ["one", "two"]) {
        const [start, end] = at.map((time) => `${day}T${time}:00Z`);
        const text = JSON.stringify({ resourceType: "Slot", id, status: "free", start, end, schedule: { display: "Echography" } });
        const step = { op: "update" as const, type: "Slot", id, text, upsert: true };
        await ownerOf("visits").write(clinic.caller, { steps: [step] });
      }
      const all = await Promise.allSettled(Array.from({ length: 4 }, (_, n) => write(`slot-${n}`, day, at, by("Slot/one"))));
      expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const one of all) if (one.status === "rejected") expect(one.reason).toEqual(taken);
      await write("slot-asked", day, at, by("Slot/one", { status: "proposed" }));
      await write("slot-urgent", day, at, by("Slot/one", { extension: [{ url: OVERBOOKED, valueString: "an emergency" }] }));
      await write("slot-other", day, at, by("Slot/two"));
      await expect(write("slot-other", day, at, by("Slot/one"))).rejects.toEqual(taken);
      for (const n of [0, 1, 2, 3]) await write(`slot-${n}`, day, at, by("Slot/one", { status: "cancelled" }));
      await write("slot-other", day, at, by("Slot/one"));
    });

    it("fills its slot, which is busy until no appointment fills it any more, whoever writes otherwise", async () => {
      const day = "2091-01-07";
      const fill = (id: string, more: object = {}) =>
        write(id, day, ["09:00", "09:20"], { slot: [{ reference: "Slot/filled" }], ...people, ...more });
      const people = { participant: [{ actor: { reference: patient }, status: "accepted" }] };
      const slot = {
        resourceType: "Slot",
        id: "filled",
        start: `${day}T09:00:00Z`,
        end: `${day}T09:20:00Z`,
        schedule: { display: "X-ray" },
      };
      const offer = (status: string) => {
        const step = { op: "update" as const, type: "Slot", id: "filled", text: JSON.stringify({ ...slot, status }), upsert: true };
        return ownerOf("visits").write(clinic.caller, { steps: [step] });
      };
      const status = async () => (await clinic.read("visits", "Slot/filled"))["status"];
      await offer("free");
      await fill("fills-1", { status: "proposed" });
      expect(await status()).toBe("free");
      await fill("fills-1");
      expect(await status()).toBe("busy");
      await offer("free"); // by the feed of a schedule that does not know of the appointment
      expect(await status()).toBe("busy");
      await fill("fills-2", { extension: [{ url: OVERBOOKED, valueString: "twins" }] });
      await fill("fills-1", { status: "cancelled" });
      expect(await status()).toBe("busy");
      await fill("fills-2", { slot: undefined });
      expect(await status()).toBe("free");
      await Promise.all([fill("fills-1"), offer("free")]);
      expect(await status()).toBe("busy");
      await offer("busy-unavailable");
      await fill("fills-1", { status: "noshow" });
      expect(await status()).toBe("busy-unavailable");
    });

    it("is not booked for more people and days than any meeting has, which would hold others up", async () => {
      const many = (count: number) =>
        Array.from({ length: count }, (_, n) => ({ ...practitioner, actor: { reference: `Practitioner/many-${n}` } }));
      await expect(write("whole", "2091-01-05", ["08:00", "08:30"], { participant: many(1_001) })).rejects.toMatchObject({ code: 422 });
      await expect(
        write("whole", "2091-01-05", ["08:00", "08:30"], { participant: many(501), end: "2091-01-06T08:00:00Z" }),
      ).rejects.toMatchObject({ code: 422 });
      await write("whole", "2091-01-05", ["08:00", "08:30"], { participant: many(500) });
      await write("whole", "2091-01-05", ["09:00", "09:30"], { participant: many(500) });
    });

    it("in the past can be recorded", async () => {
      await write("past-1", "2020-01-01", ["08:00", "08:30"]);
      await write("past-2", "2020-01-01", ["08:00", "08:30"]);
    });
  });

  it("opens another when the first is closed", async () => {
    const { visit } = await visits.open(clinic.caller, { patient, reason: "headache" });
    expect(await visits.close(clinic.caller, { visit })).toMatchObject({ visit, status: "closed", version: 2 });
    expect(await visits.open(clinic.caller, { patient })).toMatchObject({ status: "open" });
  });

  it("refuses to close a visit twice", async () => {
    const { visit } = await visits.open(clinic.caller, { patient });
    await visits.close(clinic.caller, { visit });
    await expect(visits.close(clinic.caller, { visit })).rejects.toEqual(refusal(409, "VISIT_ALREADY_CLOSED"));
  });

  it("close no visit, and undo nothing, that others have changed since it was read", async () => {
    const { visit, version } = await visits.open(clinic.caller, { patient });
    const closed = await visits.close(clinic.caller, { visit, version });
    await expect(visits.reopen(clinic.caller, { visit, version, reason: "too early" })).rejects.toEqual(refusal(409, "VISIT_CHANGED"));
    const again = await visits.reopen(clinic.caller, { visit, version: closed.version, reason: "too early" });
    await expect(visits.close(clinic.caller, { visit, version })).rejects.toEqual(refusal(409, "VISIT_CHANGED"));
    expect(await visits.close(clinic.caller, { visit, version: again.version })).toMatchObject({ status: "closed" });
  });

  it("refuse an unknown patient, and an unknown visit", async () => {
    await expect(visits.open(clinic.caller, { patient: "Patient/nobody" })).rejects.toEqual(refusal(404, "NOT_FOUND"));
    await expect(visits.close(clinic.caller, { visit: "Encounter/none" })).rejects.toEqual(refusal(404, "VISIT_NOT_FOUND"));
  });

  it("refuse what is not a reference to a patient", async () => {
    await expect(visits.open(clinic.caller, { patient: "Practitioner/1" })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });

  it("cancel a visit that did not take place, with the reason", async () => {
    const { visit } = await visits.open(clinic.caller, { patient });
    const cancel = (of: string) => visits.cancel(clinic.caller, { visit: of, reason: "wrong patient" });
    expect(await cancel(visit)).toMatchObject({ visit, status: "cancelled", version: 2 });
    expect(await clinic.read("visits", visit)).toMatchObject({ extension: [{ valueCodeableConcept: { text: "wrong patient" } }] });
    await expect(cancel(visit)).rejects.toEqual(refusal(409, "VISIT_ALREADY_CLOSED"));
    await expect(cancel("Encounter/none")).rejects.toEqual(refusal(404, "VISIT_NOT_FOUND"));
    await expect(visits.reopen(clinic.caller, { visit, reason: "x" })).rejects.toEqual(refusal(409, "VISIT_NOT_CLOSED"));
    expect(await visits.open(clinic.caller, { patient })).toMatchObject({ status: "open" });
  });

  it("reopen a closed visit, unless another one is open", async () => {
    const { visit, openedAt } = await visits.open(clinic.caller, { patient });
    const reopen = () => visits.reopen(clinic.caller, { visit, reason: "came back at once" });
    await expect(reopen()).rejects.toEqual(refusal(409, "VISIT_NOT_CLOSED"));
    await visits.close(clinic.caller, { visit });
    const again = await reopen();
    expect(again).toMatchObject({ status: "open", openedAt, version: 3 });
    expect(again).not.toHaveProperty("closedAt");
    expect(await clinic.read("visits", visit)).toMatchObject({ statusHistory: [{ status: "finished" }] });
    await visits.close(clinic.caller, { visit });
    expect(await reopen()).toMatchObject({ status: "open", version: 5 });
    await visits.close(clinic.caller, { visit });
    await visits.open(clinic.caller, { patient });
    await expect(reopen()).rejects.toEqual(refusal(409, "VISIT_ALREADY_OPEN"));
  });
});
