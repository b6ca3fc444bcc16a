/** The bench: from the order of a panel to the signed report, flags, labels and critical values. */
import { ownerOf } from "../../federation/owner-contract.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { patients } from "../patients/patients.contract.ts";
import PatientsService from "../patients/patients.service.ts";
import { accessionOf, checkDigit } from "./bench/accession.ts";
import { readCatalogue } from "./bench/catalogue.ts";
import { lab } from "./lab.contract.ts";
import LabService from "./lab.service.ts";

/** Whether a number is one of a tube, by its form and its check digit. */
const isAccession = (number: string) => /^\d{11,14}$/.test(number) && checkDigit(number.slice(0, -1)) === number.slice(-1);

const catalogue = readCatalogue(undefined);

describe("the number of a label", () => {
  it("is never that of another tube after a typing error", () => {
    expect(checkDigit("7992739871")).toBe("3"); // the example of ISO/IEC 7812-1
    const number = accessionOf(20_000, 42);
    expect([number, isAccession(number)]).toEqual(["24100400423", true]);
    for (let place = 0; place < number.length; place += 1) {
      const wrong = number.slice(0, place) + ((Number(number[place]) + 1) % 10) + number.slice(place + 1);
      expect(isAccession(wrong)).toBe(false);
    }
    expect(isAccession("24104000423")).toBe(false);
  });
});

describe("the bench", () => {
  let clinic: Clinic;
  let patient: string;
  let next = 0;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService, LabService);
  });
  afterAll(() => clinic.stop());
  beforeEach(async () => {
    next += 1;
    const person = { family: `Rossi ${next}`, given: ["Ada"], birthDate: "1980-01-01", gender: "female" as const, confirm: "another" };
    ({ patient } = await patients.register(clinic.caller, person));
  });
  const count = () => lab.orderPanel(clinic.caller, { patient, code: "58410-2", priority: "urgent" });
  const values = Object.entries({
    "6690-2": 7,
    "789-8": 4.5,
    "718-7": 13,
    "4544-3": 40,
    "787-2": 88,
    "785-6": 30,
    "786-4": 34,
    "788-0": 12,
    "777-3": 250,
  }).map(([code, value]) => ({ code, value }));

  it("turns a blood count into one report, in two calls", async () => {
    const { order } = await count();
    const entered = await lab.enter(clinic.caller, { order, results: values });
    expect(entered).toMatchObject({
      status: "preliminary",
      missing: [],
      lines: [{ code: "6690-2", value: 7, flag: "N" }, {}, { flag: "N" }, ...Array(6).fill({})],
    });
    const released = await lab.release(clinic.caller, { order });
    expect(released).toMatchObject({ status: "final", report: entered.report, patient });
    expect(released.lines).toHaveLength(9);
    const report = await clinic.read("lab", released.report);
    expect(report).toMatchObject({ status: "final", code: { coding: [{ code: "58410-2" }] }, basedOn: [{ reference: order }] });
    expect(report.result).toHaveLength(9);
    expect(await clinic.read("lab", order)).toMatchObject({ status: "completed", priority: "urgent" });
    expect(await clinic.read("lab", released.lines[2]?.observation ?? "")).toMatchObject({
      status: "final",
      valueQuantity: { value: 13, code: "g/dL" },
      referenceRange: [{ low: { value: 12 }, high: { value: 16 } }],
      interpretation: [{ coding: [{ code: "N" }] }],
    });
    for (const again of [lab.release(clinic.caller, { order }), lab.enter(clinic.caller, { order, results: values })]) {
      await expect(again).rejects.toEqual(refusal(409, "ORDER_NOT_ACTIVE"));
    }
  });

  it("knows the test of an order that another system has coded in its own way, too", async () => {
    const category = [{ coding: [{ system: "http://snomed.info/sct", code: "108252007" }] }];
    const code = {
      coding: [
        { system: "urn:theirs", code: "HB" },
        { system: catalogue.system, code: "718-7" },
      ],
    };
    const more = { status: "active", intent: "order", category, subject: { reference: patient }, code };
    const text = JSON.stringify({ resourceType: "ServiceRequest", id: "theirs", ...more });
    await ownerOf("lab").write(clinic.caller, { steps: [{ op: "create", type: "ServiceRequest", id: "theirs", text }] });
    const order = "ServiceRequest/theirs";
    const listed = (await lab.worklist(clinic.caller, {})).find((one) => one.order === order);
    expect(listed?.test).toEqual({ system: catalogue.system, code: "718-7" });
    const { lines } = await lab.enter(clinic.caller, { order, results: [{ code: "718-7", value: 13.5 }] });
    expect(lines).toMatchObject([{ code: "718-7", value: 13.5, unit: "g/dL" }]);
    expect(lines[0]).not.toHaveProperty("digits");
    const wrong = lab.enter(clinic.caller, { order, results: [{ code: "HB", value: 13.5 }] });
    await expect(wrong).rejects.toEqual(refusal(409, "NOT_ORDERED"));
  });

  it("releases the reviewed values, and none entered since", async () => {
    const { order } = await lab.orderPanel(clinic.caller, { patient, code: "718-7" });
    const enter = (value: number) => lab.enter(clinic.caller, { order, results: [{ code: "718-7", value }] });
    const { version } = await enter(13);
    const { version: later } = await enter(5.2);
    for (const stale of [version, later + 1]) {
      await expect(lab.release(clinic.caller, { order, version: stale })).rejects.toEqual(refusal(409, "ORDER_CHANGED"));
    }
    await expect(lab.release(clinic.caller, { order, version: 0.5 })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
    expect(await lab.release(clinic.caller, { order, version: later })).toMatchObject({ status: "final", lines: [{ value: 5.2 }] });
  });

  it("releases no value that was changed by FHIR since it was reviewed", async () => {
    const { order } = await lab.orderPanel(clinic.caller, { patient, code: "718-7" });
    const { version, lines } = await lab.enter(clinic.caller, { order, results: [{ code: "718-7", value: 13 }] });
    const values = lines.map((line) => ({ observation: line.observation, version: line.version }));
    const [{ observation } = { observation: "" }] = values;
    const before = await clinic.read("lab", observation);
    const text = JSON.stringify({ ...before, valueQuantity: { ...(before.valueQuantity as object), value: 3.1 } });
    const [type, id] = observation.split("/") as [string, string];
    await ownerOf("lab").write(clinic.caller, { steps: [{ op: "update", type, id, text, upsert: false }] });
    await expect(lab.release(clinic.caller, { order, version, values })).rejects.toEqual(refusal(409, "ORDER_CHANGED"));
    await expect(lab.release(clinic.caller, { order, version, values: [] })).rejects.toEqual(refusal(409, "ORDER_CHANGED"));
    const seen = [{ observation, version: 2 }];
    expect(await lab.release(clinic.caller, { order, version, values: seen })).toMatchObject({ lines: [{ value: 3.1, version: 3 }] });
  });

  it("replaces no value that others have entered since the order was read", async () => {
    const { order } = await lab.orderPanel(clinic.caller, { patient, code: "718-7" });
    const enter = (value: number, version: number) => lab.enter(clinic.caller, { order, version, results: [{ code: "718-7", value }] });
    const { version } = await enter(13, 0);
    await expect(enter(9, 0)).rejects.toEqual(refusal(409, "ORDER_CHANGED"));
    expect(await enter(12, version)).toMatchObject({ lines: [{ value: 12 }] });
    await expect(lab.cancel(clinic.caller, { order, version: 1, reason: "of yesterday" })).rejects.toEqual(refusal(409, "ORDER_CHANGED"));
  });

  it("accepts corrections before the release, and reports what is missing", async () => {
    const { order } = await count();
    await expect(lab.release(clinic.caller, { order })).rejects.toEqual(refusal(409, "NOTHING_ENTERED"));
    const first = await lab.enter(clinic.caller, { order, results: [{ code: "718-7", value: 31 }] });
    expect(first.lines).toMatchObject([{ value: 31, flag: "HH", isCritical: true }]);
    const second = await lab.enter(clinic.caller, {
      order,
      results: [
        { code: "718-7", value: 13 },
        { code: "777-3", value: "<5" },
      ],
    });
    expect(second.report).toBe(first.report);
    expect(second.lines).toMatchObject([
      { observation: first.lines[0]?.observation, value: 13, flag: "N" },
      { code: "777-3", value: "<5", flag: "LL" },
    ]);
    expect(await clinic.read("lab", second.lines[1]?.observation ?? "")).toMatchObject({ valueQuantity: { value: 5, comparator: "<" } });
    await expect(lab.release(clinic.caller, { order })).rejects.toMatchObject({
      code: 409,
      type: "RESULTS_MISSING",
      data: { codes: expect.arrayContaining(["6690-2"]) },
    });
    expect(await lab.release(clinic.caller, { order, missingReason: "clotted" })).toMatchObject({ status: "final" });
  });

  it("refuses values that were not ordered, other units, and codes that it does not have", async () => {
    const { order } = await count();
    const enter = (result: object) => lab.enter(clinic.caller, { order, results: [result as { code: string; value: number }] });
    await expect(enter({ code: "2951-2", value: 140 })).rejects.toEqual(refusal(409, "NOT_ORDERED"));
    await expect(enter({ code: "718-7", value: 8, unit: "mmol/L" })).rejects.toEqual(refusal(409, "UNIT_DIFFERS"));
    await expect(lab.orderPanel(clinic.caller, { patient, code: "none" })).rejects.toEqual(refusal(404, "TEST_UNKNOWN"));
    await expect(lab.enter(clinic.caller, { order: "ServiceRequest/none", results: values })).rejects.toEqual(
      refusal(404, "ORDER_NOT_FOUND"),
    );
  });

  it("parses a value given as text if it is one number, and otherwise refuses it", async () => {
    const { order } = await count();
    const enter = (value: string) =>
      lab.enter(clinic.caller, {
        order,
        results: [
          { code: "718-7", value: 13 },
          { code: "6690-2", value },
        ],
      });
    const { lines } = await enter("٧٫٢");
    expect(await clinic.read("lab", lines.find(({ code }) => code === "6690-2")?.observation ?? "")).toMatchObject({
      valueQuantity: { value: 7.2 },
    });
    const exact = (await enter("7.20")).lines.find(({ code }) => code === "6690-2");
    expect(exact).toMatchObject({ value: 7.2, flag: "N" });
    const [type = "", id = ""] = (exact?.observation ?? "").split("/");
    expect((await ownerOf("lab").read(clinic.caller, { type, id }))?.json).toContain('"value":7.20,');
    for (const value of ["1,250", "<1,250", "1 250", "1.250,5"]) {
      await expect(enter(value)).rejects.toMatchObject({
        code: 422,
        type: "NUMBER_UNCLEAR",
        data: { fields: [{ field: "results[1].value" }] },
      });
    }
  });

  it("gives each tube its own label, also to concurrent callers", async () => {
    const orders = await Promise.all(Array.from({ length: 8 }, () => lab.orderPanel(clinic.caller, { patient, code: "718-7" })));
    const labels = await Promise.all(orders.map(({ order }) => lab.collect(clinic.caller, { orders: [order] })));
    expect(new Set(labels.map(({ accession }) => accession)).size).toBe(8);
    for (const { accession, kind } of labels) expect([isAccession(accession), kind]).toEqual([true, "Blood (EDTA)"]);
    const [{ order }, { order: other }] = orders as unknown as [{ order: string }, { order: string }];
    const both = await lab.collect(clinic.caller, { orders: [order, other] });
    expect(both.orders).toEqual([order, other]);
    const report = await lab.enter(clinic.caller, { order, results: [{ code: "718-7", value: 13 }] });
    expect(await clinic.read("lab", report.report)).toMatchObject({ specimen: [{ reference: both.specimen }] });
    const stranger = await patients.register(clinic.caller, { family: "Other", given: ["Ada"], birthDate: "1970", gender: "female" });
    const { order: third } = await lab.orderPanel(clinic.caller, { patient: stranger.patient, code: "718-7" });
    await expect(lab.collect(clinic.caller, { orders: [order, third] })).rejects.toEqual(refusal(409, "ORDERS_DIFFER"));
  });

  it("lists what is to be done, the most urgent first, and a rejected specimen's order as to be collected", async () => {
    const [{ order: routine }, { order: urgent }] = [await lab.orderPanel(clinic.caller, { patient, code: "718-7" }), await count()];
    const mine = async () => (await lab.worklist(clinic.caller, {})).filter((it) => it.patient === patient);
    expect(await mine()).toMatchObject([
      { order: urgent, priority: "urgent", state: "ordered" },
      { order: routine, priority: "routine", state: "ordered" },
    ]);
    const { specimen, accession } = await lab.collect(clinic.caller, { orders: [urgent] });
    expect((await mine())[0]).toMatchObject({ state: "collected", specimen, accession });
    await lab.rejectSpecimen(clinic.caller, { specimen, reason: "clotted" });
    await expect(lab.rejectSpecimen(clinic.caller, { specimen, reason: "again" })).rejects.toEqual(refusal(409, "SPECIMEN_OVER"));
    await expect(lab.rejectSpecimen(clinic.caller, { specimen: "Specimen/none", reason: "x" })).rejects.toEqual(
      refusal(404, "SPECIMEN_NOT_FOUND"),
    );
    expect((await mine())[0]).toMatchObject({ state: "ordered" });
    const { report } = await lab.enter(clinic.caller, { order: urgent, results: [{ code: "718-7", value: 13 }] });
    expect((await mine())[0]).toMatchObject({ state: "entered", report });
    await lab.release(clinic.caller, { order: urgent, missingReason: "clotted" });
    expect(await mine()).toMatchObject([{ order: routine }]);
  });

  it("requests the acknowledgement of a critical value, once", async () => {
    const { order } = await lab.orderPanel(clinic.caller, { patient, code: "2823-3" });
    const entered = await lab.enter(clinic.caller, { order, results: [{ code: "2823-3", value: "6.90" }] });
    expect(entered.lines).toMatchObject([{ value: 6.9, digits: "6.90" }]); // as precise as it was measured
    expect(await lab.listCritical(clinic.caller, { patient })).toEqual([]); // not released yet
    const { lines } = await lab.release(clinic.caller, { order });
    const observation = lines[0]?.observation ?? "";
    expect(await lab.listCritical(clinic.caller, { patient })).toMatchObject([
      { observation, value: 6.9, digits: "6.90", unit: expect.any(String), flag: "HH", isAcknowledged: false },
    ]);
    const [{ version } = { version: 0 }] = await lab.listCritical(clinic.caller, { patient });
    for (const other of [version - 1, version + 1]) {
      await expect(lab.acknowledge(clinic.caller, { observation, version: other })).rejects.toEqual(refusal(409, "RESULT_CHANGED"));
    }
    const known = await lab.acknowledge(clinic.caller, { observation, version, note: "repeated at once" });
    expect(known).toMatchObject({ isAcknowledged: true, version: 3 });
    expect(await clinic.read("lab", observation)).toMatchObject({
      status: "final",
      note: [{ text: "Critical value acknowledged: repeated at once", time: expect.any(String) }],
    });
    expect(await lab.listCritical(clinic.caller, { patient })).toEqual([]);
    await expect(lab.acknowledge(clinic.caller, { observation })).rejects.toEqual(refusal(409, "NOT_CRITICAL"));
    await expect(lab.acknowledge(clinic.caller, { observation: "Observation/none" })).rejects.toEqual(refusal(404, "RESULT_NOT_FOUND"));
  });

  it("has the times of a rejection and of a call to the ward as they were, also if they are entered later", async () => {
    const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const { order } = await lab.orderPanel(clinic.caller, { patient, code: "2823-3", at: at(300) });
    const { specimen } = await lab.collect(clinic.caller, { orders: [order], at: at(200) });
    const rejected = (minutes: number) => lab.rejectSpecimen(clinic.caller, { specimen, reason: "clotted", at: at(minutes) });
    await expect(rejected(250)).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    await rejected(100);
    expect(await clinic.read("lab", specimen)).toMatchObject({ note: [{ time: expect.stringContaining(at(100).slice(0, 15)) }] });
    await lab.enter(clinic.caller, { order, results: [{ code: "2823-3", value: 6.9 }], at: at(90) });
    const [{ observation } = { observation: "" }] = (await lab.release(clinic.caller, { order })).lines;
    const called = at(60);
    await expect(lab.acknowledge(clinic.caller, { observation, at: at(-60) })).rejects.toEqual(refusal(409, "AT_IN_FUTURE"));
    await expect(lab.acknowledge(clinic.caller, { observation, at: at(120) })).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    await lab.acknowledge(clinic.caller, { observation, at: called, note: "by phone" });
    expect(await clinic.read("lab", observation)).toMatchObject({
      note: [{ time: called, text: "Critical value acknowledged: by phone" }],
    });
  });

  it("requests it of each result that is critical when it is issued, and of none that is not any more", async () => {
    const potassium = { system: "http://loinc.org", code: "2823-3" };
    const { patient: other } = await patients.register(clinic.caller, {
      family: "Bruni",
      given: ["Gino"],
      gender: "male",
      birthDate: "1960",
    });
    const waiting = async () => (await lab.listCritical(clinic.caller, { patient: other })).map(({ value, flag }) => [value, flag]);
    const { order } = await lab.order(clinic.caller, { patient: other, test: potassium });
    const { observation } = await lab.enterResult(clinic.caller, { order, finding: { value: 7.1, unit: "mmol/L" } });
    expect(await waiting()).toEqual([[7.1, "HH"]]);
    const correct = (value: number, unit = "mmol/L") =>
      lab.correctResult(clinic.caller, { observation, finding: { value, unit }, reason: "haemolytic" });
    await correct(4.1);
    expect(await waiting()).toEqual([]);
    expect(await clinic.read("lab", observation)).toMatchObject({ interpretation: [{ coding: [{ code: "N" }] }] });
    await expect(lab.acknowledge(clinic.caller, { observation })).rejects.toEqual(refusal(409, "NOT_CRITICAL"));
    await correct(2.1);
    expect(await waiting()).toEqual([[2.1, "LL"]]);
    await lab.acknowledge(clinic.caller, { observation });
    await correct(1.9); // another critical value: to be acknowledged again
    expect(await waiting()).toEqual([[1.9, "LL"]]);
    await correct(1.9, "mg/dL"); // no unit of the catalogue: the laboratory interprets it
    expect(await waiting()).toEqual([]);
    expect(await clinic.read("lab", observation)).not.toHaveProperty("interpretation");
  });

  it("interprets a value as it is released, if it was changed by FHIR with its old interpretation", async () => {
    const { order } = await lab.orderPanel(clinic.caller, { patient, code: "2823-3" });
    const { lines } = await lab.enter(clinic.caller, { order, results: [{ code: "2823-3", value: 4.1 }] });
    const [{ observation = "" } = {}] = lines;
    const before = await clinic.read("lab", observation);
    const text = JSON.stringify({ ...before, valueQuantity: { ...(before.valueQuantity as object), value: 7.2 } });
    const [type, id] = observation.split("/") as [string, string];
    await ownerOf("lab").write(clinic.caller, { steps: [{ op: "update", type, id, text, upsert: false }] });
    expect(await lab.release(clinic.caller, { order })).toMatchObject({ lines: [{ value: 7.2, flag: "HH", isCritical: true }] });
    expect(await lab.listCritical(clinic.caller, { patient })).toMatchObject([{ observation }]);
    await lab.acknowledge(clinic.caller, { observation });
  });

  it("lets one of two concurrent technicians enter values", async () => {
    const { order } = await lab.orderPanel(clinic.caller, { patient, code: "718-7" });
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => lab.enter(clinic.caller, { order, results: [{ code: "718-7", value: 10 + index }] })),
    );
    expect(tries.some(({ status }) => status === "fulfilled")).toBe(true);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toEqual(refusal(409, "ORDER_CHANGED"));
    expect((await lab.release(clinic.caller, { order })).lines).toHaveLength(1);
  });
});
