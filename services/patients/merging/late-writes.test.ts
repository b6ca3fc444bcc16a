/** What other systems write for a merged record after its merge is found in the record that replaced it, soon after. */
import { randomUUID } from "node:crypto";
import { jest } from "@jest/globals";
import { Errors } from "moleculer";
import { type Clinic, startClinic } from "../../../test/kit/clinic.ts";
import { readConfig } from "../../../mesh/config.ts";
import { loadServices } from "../../systems.ts";
import { transactionOf, transactions } from "../../transactions/transactions.contract.ts";
import { patients } from "../patients.contract.ts";
import type { LateWrites } from "./late-writes.ts";
import type { Merges } from "./merges.ts";

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic(...(await loadServices(readConfig({ SERVICES: "transactions,patients,visits,records" }))));
});
afterAll(() => clinic.stop());

const store = async (resource: Record<string, unknown>) => {
  const reference = `${resource["resourceType"]}/${randomUUID()}`;
  const entry = { resource: { ...resource, id: reference.split("/")[1] }, request: { method: "PUT", url: reference } };
  await transactions.process(clinic.caller, { text: transactionOf(entry as never), base: "" });
  return reference;
};
const person = () => store({ resourceType: "Patient", name: [{ family: "Rossi" }] });
const problem = (patient: string) => store({ resourceType: "Condition", subject: { reference: patient } });
const subjectOf = async (condition: string) => (await clinic.read("records", condition))["subject"];
/** The looks that the service takes by the clock. */
const look = (afterMs: number) => clinic.hosted<{ late: LateWrites }>("patients").late.look(Date.now() + afterMs);
const merged = async () => {
  const [source, target] = [await person(), await person()];
  await patients.merge(clinic.caller, { source, target });
  return { source, target };
};

it("a problem that is noted for a merged record moves after a minute, one that is noted later after some more", async () => {
  const { source, target } = await merged();
  const first = await problem(source);
  await look(0);
  expect(await subjectOf(first)).toEqual({ reference: source }); // the merge was just now
  await look(2 * MINUTE_MS);
  expect(await subjectOf(first)).toEqual({ reference: target });
  const second = await problem(source);
  await look(2 * MINUTE_MS);
  expect(await subjectOf(second)).toEqual({ reference: source });
  await look(10 * MINUTE_MS);
  expect(await subjectOf(second)).toEqual({ reference: target });
  expect(await patients.mergeState(clinic.caller, { source })).toMatchObject({ left: 0, moved: 4 });
});

it("what was moved later is given back as well when the merge is undone; then nothing moves any more", async () => {
  const { source, target } = await merged();
  const noted = await problem(source);
  await look(DAY_MS);
  expect(await subjectOf(noted)).toEqual({ reference: target });
  await patients.unmerge(clinic.caller, { source });
  expect(await subjectOf(noted)).toEqual({ reference: source });
  await look(2 * DAY_MS);
  const { merges } = clinic.hosted<{ merges: Merges }>("patients");
  await merges.merge(clinic.caller, { source, target, isLate: true }); // as if it had been undone in the moment of the look
  expect(await subjectOf(noted)).toEqual({ reference: source });
  expect(await patients.mergeState(clinic.caller, { source })).toMatchObject({ state: "not merged" });
});

it("what is written for a record that was merged twice moves to the last", async () => {
  const { source, target } = await merged();
  const last = await person();
  await patients.merge(clinic.caller, { source: target, target: last });
  const noted = await problem(source);
  await look(DAY_MS);
  expect(await subjectOf(noted)).toEqual({ reference: last });
});

it("a look for which a service is down is taken again, and one that is refused holds up no other", async () => {
  const { source, target } = await merged();
  const noted = await problem(source);
  const { late } = clinic.hosted<{ late: LateWrites }>("patients");
  const { merges } = clinic.hosted<{ merges: { merge(...given: unknown[]): Promise<void> } }>("patients");
  const merge = jest.spyOn(merges, "merge");
  merge.mockRejectedValueOnce(new Errors.MoleculerRetryableError("down", 503, "SERVICE_DOWN"));
  await expect(late.look(Date.now() + DAY_MS)).rejects.toMatchObject({ type: "SERVICE_DOWN" });
  merge.mockRejectedValueOnce(new Errors.MoleculerClientError("No.", 409, "RULE_X"));
  await look(DAY_MS);
  expect(await subjectOf(noted)).toEqual({ reference: source });
  merge.mockRestore();
  await look(2 * DAY_MS);
  expect(await subjectOf(noted)).toEqual({ reference: target });
});
