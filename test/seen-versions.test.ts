/** What two people change at once: each action takes the version that its caller has read, or says here why it need not. */
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";
import { SYSTEMS, WHEN_CLOSED } from "../services/systems.ts";

const ROOT = join(import.meta.dirname, "..");
const services = [...new Set([...Object.values(SYSTEMS).flat(), ...WHEN_CLOSED])];

/** Actions that leave the things that they name as they are, and add another: an order, a payment, a dose. */
const ADDING = [
  "billing.charge",
  "billing.pay",
  "billing.takeBack",
  "hospitalizations.admit",
  "hospitalizations.handOver",
  "hospitalizations.request",
  "lab.enterResult",
  "lab.order",
  "lab.orderPanel",
  "lab.result",
  "patients.registerNewborn",
  "pharmacy.administer",
  "pharmacy.prescribe",
  "pharmacy.return",
  "visits.open",
  "wards.addBeds",
  "wards.addRoom",
];
/** Actions that take place once, and mean the same whatever else has changed; two records have two versions. */
const ONCE = [
  "billing.cancelInvoice",
  "billing.creditNote",
  "billing.invoice", // takes the sum that was read
  "billing.invoicePatient", // so does this
  "patients.merge",
  "patients.setDistinct",
  "patients.unmerge",
  "personnel.endEmployment",
  "pharmacy.cancelAdministration",
  "pharmacy.void",
];

it("actions that change a thing that people have read take the version that they have read", async () => {
  const naming: { name: string; isVersioned: boolean }[] = [];
  for (const service of services) {
    const { default: given } = (await import(join(ROOT, `services/${service}/${service}.service.ts`))) as {
      default: ServiceSchema | ((config: object) => ServiceSchema);
    };
    const { actions = {} } = typeof given === "function" ? given(readConfig({})) : given;
    for (const [action, { rest, params = {} }] of Object.entries(actions) as [
      string,
      { rest?: string; params?: Record<string, unknown> },
    ][]) {
      const names = Object.values(params).some((rule) => {
        const { messages, optional } = (rule ?? {}) as { messages?: { stringPattern?: string }; optional?: boolean };
        return !optional && messages?.stringPattern?.includes("must be a reference like");
      });
      if (rest === "POST" && names) naming.push({ name: `${service}.${action}`, isVersioned: "version" in params });
    }
  }
  expect(naming.filter(({ isVersioned }) => isVersioned).length).toBeGreaterThan(30);
  expect(
    naming
      .filter(({ isVersioned }) => !isVersioned)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...ADDING, ...ONCE].sort());
});
