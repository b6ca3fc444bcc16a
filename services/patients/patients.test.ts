import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { patients, type Registration } from "./patients.contract.ts";
import PatientsService from "./patients.service.ts";

const ada: Registration = {
  family: "Rossi",
  given: ["Ada"],
  birthDate: "1980-02-29",
  gender: "female",
  identifier: { system: "urn:mrn", value: "1" },
  confirm: "another Ada Rossi",
};

describe("patients", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService);
  });
  afterAll(() => clinic.stop());

  it("registers a person as a FHIR Patient", async () => {
    const { patient, version } = await patients.register(clinic.caller, ada);
    expect(version).toBe(1);
    expect(await clinic.read("patients", patient)).toMatchObject({
      name: [{ family: "Rossi", given: ["Ada"] }],
      birthDate: "1980-02-29",
      active: true,
    });
  });

  it("refuses to register an identifier twice, and names its patient", async () => {
    const identifier = { system: "urn:mrn", value: "2" };
    const { patient } = await patients.register(clinic.caller, { ...ada, identifier });
    const again = patients.register(clinic.caller, { ...ada, family: "Bianchi", identifier });
    await expect(again).rejects.toMatchObject({ code: 409, type: "PATIENT_ALREADY_REGISTERED", data: { patient } });
  });

  it("treats identifiers as equal if they differ in blanks and case, also by FHIR, and as different in another system", async () => {
    const { patient } = await patients.register(clinic.caller, { ...ada, identifier: { system: "urn:mrn", value: "AB 12" } });
    for (const value of ["ab12", " AB 12", "A B\u00a01\uff12"]) {
      const again = patients.register(clinic.caller, { ...ada, identifier: { system: "urn:mrn", value } });
      await expect(again).rejects.toMatchObject({ code: 409, type: "PATIENT_ALREADY_REGISTERED", data: { patient } });
    }
    const text = JSON.stringify({ resourceType: "Patient", identifier: [{ use: "official", system: "urn:mrn", value: "ab 12" }] });
    const byFhir = ownerOf("patients").write(clinic.caller, { steps: [{ op: "create", type: "Patient", id: "blank", text }] });
    await expect(byFhir).rejects.toEqual(refusal(409, "PATIENT_ALREADY_REGISTERED"));
    expect(await patients.register(clinic.caller, { ...ada, identifier: { system: "urn:other", value: "AB 12" } })).toBeDefined();
  });

  it("refuses an identifier of two patients, names both, and writes nothing", async () => {
    const identifier = { system: "urn:mrn", value: "shared" };
    const text = JSON.stringify({ resourceType: "Patient", identifier: [identifier] });
    const [one, two] = [
      { op: "create", type: "Patient", id: "one", text },
      { op: "create", type: "Patient", id: "two", text },
    ] as const;
    await ownerOf("patients").write(clinic.caller, { steps: [one, two] });
    const { documents } = await ownerOf("patients").stats(clinic.caller, {});
    await expect(patients.register(clinic.caller, { ...ada, identifier })).rejects.toMatchObject({
      code: 409,
      type: "IDENTIFIER_SHARED",
      data: { patients: ["Patient/one", "Patient/two"] },
    });
    expect((await ownerOf("patients").stats(clinic.caller, {})).documents).toEqual(documents);
  });

  it("registers one person once when 32 front desks do so at once", async () => {
    const identifier = { system: "urn:mrn", value: "3" };
    const tries = await Promise.allSettled(Array.from({ length: 32 }, () => patients.register(clinic.caller, { ...ada, identifier })));
    expect(tries.filter((it) => it.status === "fulfilled")).toHaveLength(1);
    for (const it of tries) if (it.status === "rejected") expect(it.reason).toEqual(refusal(409, "PATIENT_ALREADY_REGISTERED"));
  });

  it.each([
    ["no family name", { ...ada, family: " " }],
    ["a birth date in words", { ...ada, birthDate: "yesterday" }],
    ["an unknown gender", { ...ada, gender: "f" as never }],
    ["an identifier without system", { ...ada, identifier: { value: "1" } as never }],
    ["a param that nobody knows", { ...ada, nickname: "A" } as never],
  ])("refuses %s", async (_, params) => {
    await expect(patients.register(clinic.caller, params)).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });
});
