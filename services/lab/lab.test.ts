import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { lab } from "./lab.contract.ts";
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

  it("takes a finding in words", async () => {
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

  it("takes one of 16 results that are given at the same moment", async () => {
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
});
