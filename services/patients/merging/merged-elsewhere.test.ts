/** Two records that another system has merged come by an import: one says that the other replaces it, and what belongs to it still names it. */
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { readConfig } from "../../../mesh/config.ts";
import { loadServices } from "../../systems.ts";
import { transactionOf, transactions } from "../../transactions/transactions.contract.ts";
import { patients } from "../patients.contract.ts";

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic(...(await loadServices(readConfig({ SERVICES: "transactions,patients,visits,records" }))));
});
afterAll(() => clinic.stop());

const store = async (resource: { resourceType: string; id: string }) => {
  const url = `${resource.resourceType}/${resource.id}`;
  const entry = { resource, request: { method: "PUT", url } };
  await transactions.process(clinic.caller, { text: transactionOf(entry as never), base: "" });
  return url;
};
const number = (value: string) => [{ system: "urn:old-system", value }];
const replacedBy = (reference: string) => [{ type: "replaced-by", other: { reference } }];
/** A record in force, one that it replaces, and a problem of that. */
const imported = async (name: string) => {
  const target = await store({ resourceType: "Patient", id: `${name}-2`, active: true, identifier: number(`${name}-2`) } as never);
  const replaced = { active: false, identifier: number(`${name}-1`), link: replacedBy(target) };
  const source = await store({ resourceType: "Patient", id: `${name}-1`, ...replaced } as never);
  const problem = await store({ resourceType: "Condition", id: `${name}-problem`, subject: { reference: source } } as never);
  return { source, target, problem };
};

it("the merge is made here as well: with the identifiers, the link back, and all that refers to the replaced record", async () => {
  const { source, target, problem } = await imported("rossi");
  expect(await patients.merge(clinic.caller, { source, target, preview: true })).toMatchObject({ left: 1 });
  expect(await patients.merge(clinic.caller, { source, target })).toMatchObject({ state: "merged", left: 0 });
  expect(await clinic.read("records", problem)).toMatchObject({ subject: { reference: target } });
  expect(await clinic.read("patients", target)).toMatchObject({
    link: [{ type: "replaces", other: { reference: source } }],
    identifier: [{ value: "rossi-2" }, { value: "rossi-1", use: "old" }],
  });
  expect(await clinic.read("patients", source)).toMatchObject({ active: false, link: replacedBy(target) });
});

it("and can be undone: both records are in force, and have what they had", async () => {
  const { source, target, problem } = await imported("bianchi");
  const before = await clinic.read("patients", target);
  await patients.merge(clinic.caller, { source, target });
  await patients.unmerge(clinic.caller, { source });
  expect(await clinic.read("records", problem)).toMatchObject({ subject: { reference: source } });
  const [one, other] = [await clinic.read("patients", source), await clinic.read("patients", target)];
  expect(one).toMatchObject({ active: true });
  expect(one).not.toHaveProperty("link");
  expect({ ...other, meta: {} }).toEqual({ ...before, meta: {} });
});

it("is refused into a record that was merged itself, and of a record that is inactive for another reason", async () => {
  const { source, target } = await imported("verdi");
  const last = await store({ resourceType: "Patient", id: "verdi-3" });
  await store({ resourceType: "Patient", id: "verdi-2", active: false, link: replacedBy(last) } as never);
  await expect(patients.merge(clinic.caller, { source, target })).rejects.toEqual(refusal(409, "PATIENT_NOT_ACTIVE"));
  const closed = await store({ resourceType: "Patient", id: "verdi-4", active: false } as never);
  await expect(patients.merge(clinic.caller, { source: closed, target: last })).rejects.toEqual(refusal(409, "PATIENT_NOT_ACTIVE"));
});
