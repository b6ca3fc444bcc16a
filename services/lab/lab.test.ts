import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { type Finding, lab } from "./lab.contract.ts";
import LabService from "./lab.service.ts";

const haemoglobin = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };

describe("lab", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(LabService); // alone: a patient that nobody here keeps cannot be checked
  });
  afterAll(() => clinic.stop());

  it("gives an order its result and its report in one step", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    const { observation, report } = await lab.enterResult(clinic.caller, { order, finding: { value: 13.2, unit: "g/dL" } });
    expect(await clinic.read("lab", order)).toMatchObject({ status: "completed" });
    expect(await clinic.read("lab", observation)).toMatchObject({
      valueQuantity: { value: 13.2, code: "g/dL" },
      basedOn: [{ reference: order }],
    });
    expect(await clinic.read("lab", report)).toMatchObject({ status: "final", result: [{ reference: observation }] });
  });

  it("accepts a finding in words", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    const { observation } = await lab.enterResult(clinic.caller, { order, finding: { text: "haemolytic" } });
    expect(await clinic.read("lab", observation)).toMatchObject({ valueString: "haemolytic" });
  });

  it("refuses a second result", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    await lab.enterResult(clinic.caller, { order, finding: { text: "first" } });
    await expect(lab.enterResult(clinic.caller, { order, finding: { text: "second" } })).rejects.toEqual(refusal(409, "ORDER_NOT_ACTIVE"));
    await expect(lab.enterResult(clinic.caller, { order: "ServiceRequest/none", finding: { text: "x" } })).rejects.toEqual(
      refusal(404, "ORDER_NOT_FOUND"),
    );
  });

  it("accepts one of 16 concurrent results", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) => lab.enterResult(clinic.caller, { order, finding: { value: index, unit: "g/dL" } })),
    );
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(1);
    for (const it of tries) if (it.status === "rejected") expect(["ORDER_CHANGED", "ORDER_NOT_ACTIVE"]).toContain(it.reason.type);
  });

  it("refuses a finding without value or words", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    await expect(lab.enterResult(clinic.caller, { order, finding: {} as never })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });

  it("cancels an order that has no result yet, with the reason", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    expect(await lab.cancel(clinic.caller, { order, reason: "ordered twice" })).toMatchObject({ order, version: 2, status: "revoked" });
    expect(await clinic.read("lab", order)).toMatchObject({ extension: [{ valueCodeableConcept: { text: "ordered twice" } }] });
    const refused = refusal(409, "ORDER_NOT_ACTIVE");
    await expect(lab.cancel(clinic.caller, { order, reason: "again" })).rejects.toEqual(refused);
    await expect(lab.enterResult(clinic.caller, { order, finding: { text: "x" } })).rejects.toEqual(refused);
    await expect(lab.cancel(clinic.caller, { order: "ServiceRequest/none", reason: "x" })).rejects.toEqual(refusal(404, "ORDER_NOT_FOUND"));
    const { order: done } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    await lab.enterResult(clinic.caller, { order: done, finding: { text: "x" } });
    await expect(lab.cancel(clinic.caller, { order: done, reason: "too late" })).rejects.toEqual(refused);
  });

  it("corrects a result and its report together, as often as needed, and keeps the history", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    const { observation, report } = await lab.enterResult(clinic.caller, { order, finding: { value: 132, unit: "g/dL" } });
    const { subject, effectiveDateTime } = await clinic.read("lab", observation);
    const corrected = await lab.correctResult(clinic.caller, { observation, finding: { value: 13.2, unit: "g/dL" }, reason: "slip" });
    expect(corrected).toMatchObject({ observation, version: 2, reports: [report] });
    expect(await clinic.read("lab", observation)).toMatchObject({
      status: "corrected",
      subject,
      effectiveDateTime,
      valueQuantity: { value: 13.2 },
      note: [{ text: "slip" }],
    });
    expect(await clinic.read("lab", report)).toMatchObject({ status: "corrected", result: [{ reference: observation }] });
    await lab.correctResult(clinic.caller, { observation, finding: { text: "haemolytic" }, reason: "looked again" });
    const last = await clinic.read("lab", observation);
    expect(last).toMatchObject({ valueString: "haemolytic", note: [{ text: "slip" }, { text: "looked again" }] });
    expect(last).not.toHaveProperty("valueQuantity");
    const [type = "", id = ""] = observation.split("/");
    expect(JSON.parse((await ownerOf("lab").readVersion(clinic.caller, { type, id, version: 1 })).json ?? "")).toMatchObject({
      valueQuantity: { value: 132 },
    });
  });

  it("stores a limit as a number with its comparator, and no number as text", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    const enter = (finding: Finding) => lab.enterResult(clinic.caller, { order, finding });
    await expect(enter({ value: "1,250", unit: "g/dL" })).rejects.toMatchObject({ code: 422, type: "NUMBER_UNCLEAR" });
    await expect(enter({ value: "much", unit: "g/dL" })).rejects.toMatchObject({ code: 422, type: "NUMBER_UNCLEAR" });
    await expect(enter({ text: "13.2" })).rejects.toMatchObject({ code: 422, type: "NUMBER_IN_WORDS" });
    const { observation } = await enter({ value: "> 20", unit: "g/dL" });
    expect(await clinic.read("lab", observation)).toMatchObject({ valueQuantity: { value: 20, comparator: ">", unit: "g/dL" } });
    const correct = (finding: Finding) => lab.correctResult(clinic.caller, { observation, finding, reason: "slip" });
    await expect(correct({ text: "<5" })).rejects.toMatchObject({
      code: 422,
      type: "NUMBER_IN_WORDS",
      data: { fields: [{ field: "finding.unit" }] },
    });
    await expect(correct({ text: "1,250" })).rejects.toMatchObject({ code: 422, type: "NUMBER_UNCLEAR" });
    await correct({ value: "<5", unit: "g/dL" });
    const corrected = await clinic.read("lab", observation);
    expect(corrected).toMatchObject({ status: "corrected", valueQuantity: { value: 5, comparator: "<", unit: "g/dL", code: "g/dL" } });
    expect(corrected).not.toHaveProperty("valueString");
  });

  it("keeps the digits of a value that is given as text: they tell how exactly it was measured", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    const { observation } = await lab.enterResult(clinic.caller, { order, finding: { value: "13.50", unit: "g/dL" } });
    const stored = async () =>
      (await ownerOf("lab").read(clinic.caller, { type: "Observation", id: observation.split("/")[1] ?? "" }))?.json;
    expect(await stored()).toContain('"value":13.50,');
    await lab.correctResult(clinic.caller, { observation, finding: { value: "14,0", unit: "g/dL" }, reason: "slip" });
    expect(await stored()).toContain('"value":14.0,');
  });

  it("corrects the version that was read, and does not overwrite later corrections", async () => {
    const { order } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin });
    const { observation } = await lab.enterResult(clinic.caller, { order, finding: { value: 132, unit: "g/dL" } });
    const correct = (value: number, version?: number) =>
      lab.correctResult(clinic.caller, { observation, finding: { value, unit: "g/dL" }, reason: "slip", ...(version && { version }) });
    expect(await correct(13.2, 1)).toMatchObject({ version: 2 });
    await expect(correct(13.4, 1)).rejects.toEqual(refusal(409, "RESULT_CHANGED"));
    await expect(correct(13.4, 3)).rejects.toEqual(refusal(409, "RESULT_CHANGED"));
    expect(await clinic.read("lab", observation)).toMatchObject({ valueQuantity: { value: 13.2 } });
    expect(await correct(13.4, 2)).toMatchObject({ version: 3 });
    expect(await correct(13.5)).toMatchObject({ version: 4 }); // who does not say what was read
    await expect(correct(13.6, 0.5)).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });

  it("corrects final results only", async () => {
    const correct = (observation: string) => lab.correctResult(clinic.caller, { observation, finding: { text: "x" }, reason: "x" });
    await expect(correct("Observation/none")).rejects.toEqual(refusal(404, "RESULT_NOT_FOUND"));
    const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
    const text = JSON.stringify({ resourceType: "Observation", status: "preliminary", category, code: { text: "Hb" } });
    await ownerOf("lab").write(clinic.caller, { steps: [{ op: "create", type: "Observation", id: "early", text }] });
    await expect(correct("Observation/early")).rejects.toEqual(refusal(409, "RESULT_NOT_FINAL"));
  });

  describe("a critical result of another system", () => {
    const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }];
    const interpretation = (code: string) => [
      { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", code }] },
    ];
    const result = (id: string, more: object) => ({
      resourceType: "Observation",
      id,
      status: "final",
      category,
      code: { coding: [haemoglobin] },
      subject: { reference: `Patient/${id}` },
      valueQuantity: { value: 3.1, unit: "g/dL" },
      interpretation: interpretation("LL"),
      ...more,
    });
    /** As FHIR brings it: with exactly these labels, or without any. */
    const put = (id: string, more: object = {}) =>
      ownerOf("lab").write(clinic.caller, {
        steps: [{ op: "update", type: "Observation", id, text: JSON.stringify(result(id, more)), upsert: true }],
      });
    const waiting = async (id: string) => (await lab.listCritical(clinic.caller, { patient: `Patient/${id}` })).map(({ value }) => value);

    it("waits to be acknowledged, until it is, and again after its value has changed", async () => {
      await put("a");
      expect(await waiting("a")).toEqual([3.1]);
      await put("a", { note: [{ text: "sent again, without the tag" }] });
      expect(await waiting("a")).toEqual([3.1]);
      await lab.acknowledge(clinic.caller, { observation: "Observation/a" });
      await put("a", { note: [{ text: "and once more" }] });
      expect(await waiting("a")).toEqual([]);
      await put("a", { status: "corrected", valueQuantity: { value: 2.9, unit: "g/dL" } });
      expect(await waiting("a")).toEqual([2.9]);
      const { meta } = (await clinic.read("lab", "Observation/a")) as { meta: object };
      await put("a", { meta, status: "entered-in-error" });
      expect(await waiting("a")).toEqual([]);
    });

    it("alarms nobody before it is final, when it is not critical, or when it came with the record of another time", async () => {
      await put("b", { status: "preliminary" });
      await put("c", { interpretation: interpretation("L") });
      await put("d", { issued: "2019-05-05T10:00:00Z" });
      await put("e", { effectiveDateTime: "2019-05-05" });
      for (const id of ["b", "c", "d", "e"]) expect([id, await waiting(id)]).toEqual([id, []]);
      await put("b", { effectiveDateTime: new Date(Date.now() - 3_600_000).toISOString() });
      expect(await waiting("b")).toEqual([3.1]);
    });
  });

  it("accepts an order and a result that are recorded afterwards, the result not before its order", async () => {
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const ordered = ago(120);
    const { order, orderedAt } = await lab.order(clinic.caller, { patient: "Patient/1", test: haemoglobin, at: ordered });
    expect(orderedAt).toBe(ordered);
    const enter = (at: string) => lab.enterResult(clinic.caller, { order, finding: { text: "x" }, at });
    await expect(enter(ago(121))).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    await expect(enter("2026-01-05")).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
    const found = ago(60);
    const { observation, issuedAt } = await enter(found);
    expect(await clinic.read("lab", observation)).toMatchObject({ effectiveDateTime: found, issued: issuedAt });
  });
});
