/** Two records that seem to be of two people are merged only with a reason; a death is in the record that stays. */
import { randomUUID } from "node:crypto";
import { type Clinic, startClinic } from "../../../test/kit/clinic.ts";
import { readConfig } from "../../../mesh/config.ts";
import { loadServices } from "../../systems.ts";
import { transactionOf, transactions } from "../../transactions/transactions.contract.ts";
import { visits } from "../../visits/visits.contract.ts";
import { type MergeDoubt, patients } from "../patients.contract.ts";

const NHS = "https://fhir.nhs.uk/Id/nhs-number";

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic(...(await loadServices(readConfig({ SERVICES: "transactions,patients,visits" }))));
});
afterAll(() => clinic.stop());

const store = async (resource: Record<string, unknown>) => {
  const reference = `${resource["resourceType"]}/${resource["id"] ?? randomUUID()}`;
  const entry = { resource: { ...resource, id: reference.split("/")[1] }, request: { method: "PUT", url: reference } };
  await transactions.process(clinic.caller, { text: transactionOf(entry as never), base: "" });
  return reference;
};
const person = (more: object = {}) => store({ resourceType: "Patient", name: [{ family: "Rossi" }], ...more });
const read = async (reference: string) => (await clinic.read("patients", reference)) as Record<string, unknown>;
const numbered = (value: string, use?: string) => person({ identifier: [{ system: NHS, value, ...(use && { use }) }] });

/** What speaks against the merge, in both directions. */
const doubts = async (source: string, target: string) => {
  const there = await patients.merge(clinic.caller, { source, target, preview: true });
  const back = await patients.merge(clinic.caller, { source: target, target: source, preview: true });
  expect(back.doubts).toEqual(there.doubts);
  return there.doubts;
};
const refused = (...reasons: MergeDoubt[]) => ({ code: 409, type: "MERGE_DOUBTFUL", data: { doubts: reasons } });

describe("two records are merged only with a reason", () => {
  it("if they are a mother's and her child's; the reason stays at the link, until they are separated", async () => {
    const mother = await person({ gender: "female", birthDate: "1990-03-02" });
    const { patient: child } = await patients.registerNewborn(clinic.caller, { mother, gender: "male", birthDate: "2026-01-05" });
    expect(await doubts(child, mother)).toEqual(["relatives"]);
    await expect(patients.merge(clinic.caller, { source: child, target: mother })).rejects.toMatchObject(refused("relatives"));
    const confirm = "registered as her child by mistake";
    expect(await patients.merge(clinic.caller, { source: child, target: mother, confirm })).toMatchObject({ state: "merged" });
    const link = { type: "replaces", other: { reference: child }, extension: [{ url: "urn:openward:reason", valueString: confirm }] };
    expect(await read(mother)).toMatchObject({ link: expect.arrayContaining([link]) });
    await patients.unmerge(clinic.caller, { source: child });
    expect(await read(mother)).toMatchObject({ link: [{ type: "seealso" }] });
  });

  it("if a clerk has marked them as two people's, until the mark is removed", async () => {
    const [source, target] = [await person(), await person()];
    await patients.setDistinct(clinic.caller, { patient: source, other: target, reason: "cousins" });
    expect(await doubts(source, target)).toEqual(["distinct"]);
    await expect(patients.merge(clinic.caller, { source, target })).rejects.toMatchObject(refused("distinct"));
    await patients.setDistinct(clinic.caller, { patient: source, other: target });
    expect(await patients.merge(clinic.caller, { source, target })).toMatchObject({ state: "merged" });
  });

  it("if their national numbers differ; not if one is an old or temporary one, nor for numbers of hospitals", async () => {
    const [source, target] = [await numbered("9434765919"), await numbered("9434765870")];
    await expect(patients.merge(clinic.caller, { source, target })).rejects.toMatchObject(refused("numbers"));
    expect(await doubts(source, await numbered("943 476 5919", "old"))).toBeUndefined();
    expect(await doubts(source, await numbered("943-476-5919"))).toBeUndefined();
    expect(await doubts(source, await numbered("9434765870", "temp"))).toBeUndefined();
    const [one, other] = [await patients.registerUnknown(clinic.caller, { gender: "male" }), await person()];
    expect(await doubts(one.patient, other)).toBeUndefined();
    const local = (value: string) => person({ identifier: [{ use: "official", system: "urn:mrn", value }] });
    expect(await doubts(await local("A1"), await local("A2"))).toBeUndefined();
  });

  it("if one has died and the other is here now; an older visit is no doubt", async () => {
    const [dead, alive] = [await person({ deceasedBoolean: true }), await person()];
    const { visit } = await visits.open(clinic.caller, { patient: alive });
    expect(await doubts(dead, alive)).toEqual(["present"]);
    await expect(patients.merge(clinic.caller, { source: dead, target: alive })).rejects.toMatchObject(refused("present"));
    await visits.close(clinic.caller, { visit });
    expect(await doubts(dead, alive)).toBeUndefined();
  });
});

describe("the death of a replaced record", () => {
  it("is in the record that stays, and leaves it when the merge is undone", async () => {
    const [source, target] = [await person({ deceasedDateTime: "2026-01-05" }), await person({ deceasedBoolean: false })];
    await patients.merge(clinic.caller, { source, target });
    const merged = await read(target);
    expect(merged).toMatchObject({ deceasedDateTime: "2026-01-05" });
    expect(merged).not.toHaveProperty("deceasedBoolean");
    await expect(visits.open(clinic.caller, { patient: target })).rejects.toMatchObject({ code: 409 });
    await patients.unmerge(clinic.caller, { source });
    expect(await read(target)).toMatchObject({ deceasedBoolean: false });
    await visits.open(clinic.caller, { patient: target });
  });

  it("leaves it also if the record was edited meanwhile, unless that record had the death before", async () => {
    const dead = { deceasedDateTime: "2026-01-05" };
    for (const before of [{}, dead]) {
      const [source, target] = [await person(dead), await person(before)];
      await patients.merge(clinic.caller, { source, target });
      await store({ ...(await read(target)), language: "it" });
      expect(await patients.unmerge(clinic.caller, { source })).toMatchObject({ edited: [target] });
      const { deceasedDateTime, language } = await read(target);
      expect([language, { deceasedDateTime }]).toEqual(["it", { deceasedDateTime: undefined, ...before }]);
    }
  });
});
