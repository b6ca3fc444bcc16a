/** What is entered afterwards: each action that records what has happened takes the time when it happened (`at`), or says here why it does not. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";

const ROOT = join(import.meta.dirname, "..");
/** Services whose actions record what has happened to people and things. */
const RECORDING = ["billing", "hospitalizations", "lab", "patients", "personnel", "pharmacy", "records", "visits", "wards"];

/** They only answer. */
const READING = ["billing.listBalances", "billing.listOutdated", "patients.candidates", "pharmacy.countDue"];
/** They put a record right, now; what had happened keeps its time. */
const UNDOING = [
  "billing.cancelInvoice",
  "hospitalizations.cancelAdmission",
  "hospitalizations.cancelDeath",
  "hospitalizations.cancelDischarge",
  "hospitalizations.cancelLeave",
  "hospitalizations.cancelTransfer",
  "hospitalizations.withdrawAcceptance",
  "hospitalizations.withdrawTransfer",
  "lab.cancel",
  "lab.correctResult",
  "pharmacy.cancelAdministration",
  "pharmacy.void",
  "visits.cancel",
  "visits.reopen",
];
/** The entry is the act: a bill, a report or a signature has the date on which it is issued, and a closed day of the cash book stays as it is. */
const ISSUING = ["billing.creditNote", "billing.invoice", "billing.invoicePatient", "billing.takeBack", "lab.release", "records.sign"];
/** They answer a request; the answer counts from when others can read it. */
const ANSWERING = [
  "hospitalizations.accept",
  "hospitalizations.acceptTransfer",
  "hospitalizations.deny",
  "hospitalizations.denyTransfer",
  "hospitalizations.requestTransfer",
];
/** They describe a person, a place, a lot, a price or a name as it is from now on; the resource has no time but that of its version. */
const DESCRIBING = [
  "billing.setPrice",
  "lab.nameTest",
  "patients.merge",
  "patients.register",
  "patients.registerNewborn",
  "patients.registerUnknown",
  "patients.setDistinct",
  "patients.unmerge",
  "patients.update",
  "pharmacy.blockLot",
  "pharmacy.releaseLot",
  "pharmacy.setReorderLevel",
  "wards.addBeds",
  "wards.addRoom",
  "wards.close",
  "wards.describe",
  "wards.open",
  "wards.reopen",
  "wards.setCleaning",
];
/** A count is compared with the stock as it is now; what an earlier count has found is `pharmacy.adjust`, which takes `at`. */
const COUNTING = ["pharmacy.count"];

/** The actions of a service that may change something, and whether they take `at`. */
async function actionsOf(service: string): Promise<{ name: string; takesAt: boolean }[]> {
  const { default: given } = (await import(join(ROOT, `services/${service}/${service}.service.ts`))) as {
    default: ServiceSchema | ((config: object) => ServiceSchema);
  };
  const { actions = {} } = typeof given === "function" ? given(readConfig({})) : given;
  return (Object.entries(actions) as [string, { rest?: string; deprecated?: string; params?: object }][])
    .filter(([, { rest, deprecated }]) => rest === "POST" && deprecated === undefined)
    .map(([action, { params = {} }]) => ({ name: `${service}.${action}`, takesAt: "at" in params }));
}

it("actions that record what has happened take the time when it happened", async () => {
  const all = (await Promise.all(RECORDING.map(actionsOf))).flat();
  expect(all.filter(({ takesAt }) => takesAt).length).toBe(30);
  const others = all.filter(({ takesAt }) => !takesAt).map(({ name }) => name);
  expect(others.sort()).toEqual([...READING, ...UNDOING, ...ISSUING, ...ANSWERING, ...DESCRIBING, ...COUNTING].sort());
});

it.each(["billing", "hospitalizations", "lab", "personnel", "pharmacy", "visits"])(
  "the README of %s names its actions that take `at`",
  async (service) => {
    const text = await readFile(join(ROOT, `services/${service}/README.md`), "utf8");
    const [, names = ""] = /((?:`\w+`(?:, | and )?)+) takes? `at`/.exec(text) ?? [];
    const listed = (await actionsOf(service)).filter(({ takesAt }) => takesAt);
    expect([...names.matchAll(/`(\w+)`/g)].map(([, name]) => `${service}.${name}`).sort()).toEqual(listed.map(({ name }) => name).sort());
  },
);
