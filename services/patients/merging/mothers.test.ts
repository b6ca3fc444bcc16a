/** A mother whose two records become one: her children remain hers, and are another's no more once the records are separated. */
import { randomUUID } from "node:crypto";
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { readConfig } from "../../../mesh/config.ts";
import { loadServices } from "../../systems.ts";
import { transactionOf, transactions } from "../../transactions/transactions.contract.ts";
import { patients } from "../patients.contract.ts";

const DAY = "2026-01-05";

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic(...(await loadServices(readConfig({ SERVICES: "transactions,patients,visits" }))));
});
afterAll(() => clinic.stop());

const newMother = async () => {
  const identifier = { system: "urn:mrn", value: randomUUID() };
  const { patient } = await patients.register(clinic.caller, {
    family: "Rossi",
    given: ["Eva"],
    gender: "female",
    birthDate: "1995-05-05",
    identifier,
    confirm: "a test",
  });
  return { patient, identifier };
};
const born = (mother: string, multipleBirth: number) =>
  patients.registerNewborn(clinic.caller, { mother, gender: "male", birthDate: DAY, multipleBirth });
const read = async (reference: string) => (await clinic.read("patients", reference)) as Record<string, unknown>;
const store = async (resource: Record<string, unknown>) => {
  const reference = `${resource["resourceType"]}/${resource["id"] ?? randomUUID()}`;
  const entry = { resource: { ...resource, id: reference.split("/")[1] }, request: { method: "PUT", url: reference } };
  await transactions.process(clinic.caller, { text: transactionOf(entry as never), base: "" });
  return reference;
};

it("has her children in the record that replaces hers: none is registered twice, and their visits are part of hers", async () => {
  const [source, target] = [await newMother(), await newMother()];
  const child = (await born(source.patient, 1)).patient;
  const visit = { resourceType: "Encounter", status: "finished", class: { code: "AMB" }, period: { start: `${DAY}T10:00:00Z` } };
  const hers = await store({ ...visit, subject: { reference: source.patient } });
  await patients.merge(clinic.caller, { source: source.patient, target: target.patient });
  await expect(born(target.patient, 1)).rejects.toEqual(refusal(409, "CHILD_ALREADY_REGISTERED"));
  await store({ ...visit, subject: { reference: child }, partOf: { reference: hers } });
  await born(target.patient, 2);
});

it("has them alone again after the merge is undone, though the other record was edited since", async () => {
  const [source, target] = [await newMother(), await newMother()];
  await born(source.patient, 1);
  await patients.merge(clinic.caller, { source: source.patient, target: target.patient });
  await store({ ...(await read(target.patient)), language: "it" });
  expect(await patients.unmerge(clinic.caller, { source: source.patient })).toMatchObject({ edited: [target.patient] });
  const parted = await read(target.patient);
  expect(parted).toMatchObject({ language: "it", identifier: [target.identifier] });
  expect(parted).not.toHaveProperty("link");
  await born(target.patient, 1);
  await expect(born(source.patient, 1)).rejects.toEqual(refusal(409, "CHILD_ALREADY_REGISTERED"));
});
