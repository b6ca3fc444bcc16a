/** Work at the bench, in the dispensary, at the front desk, at the cash desk, in the records office and for administrators. */
import { OPEN_STATUSES } from "../../../../../fhir/open-encounters.ts";
import type { Encounter, Appointment } from "../../../../../fhir/r4.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import type { patients as patientsContract } from "../../../../patients/patients.contract.ts";
import type { pharmacy as pharmacyContract } from "../../../../pharmacy/pharmacy.contract.ts";
import { actionsOf, countOf, getJson, search } from "../../platform/api.ts";
import { since, timeOf, today } from "../../platform/clock.ts";
import { t } from "../../platform/texts.ts";
import type { MeshState } from "../administration/services.ts";
import { daysLeft, expiringLots, toPrepare, tokenOf } from "../dispensary/lots.ts";
import type { Source } from "./work.ts";

const lab = actionsOf<typeof labContract>("lab");
const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");
const patients = actionsOf<typeof patientsContract>("patients");
/** Number of duplicates that are examined one by one; beyond it only their number is shown. */
const MAX_LISTED = 100;
/** Interval of reading what sends no notifications, milliseconds. */
const WITHOUT_NEWS_MS = 10_000;

/** Orders by state. */
export const benchSources: readonly Source[] = [
  {
    name: "work at the bench",
    roles: ["lab-technician"],
    types: ["ServiceRequest", "Observation"],
    works: ["work.collect", "work.enter", "work.release"],
    async read() {
      const orders = await lab.worklist({});
      const counted = (state: "ordered" | "collected" | "entered") => {
        const there = orders.filter((one) => one.state === state);
        const urgent = there.filter(({ priority }) => priority !== "routine").length;
        return {
          n: there.length,
          ...(urgent > 0 && { says: () => t("work.urgent", { n: urgent }), isUrgent: true }),
          place: ["bench", "", state] as const,
        };
      };
      return { "work.collect": counted("ordered"), "work.enter": counted("collected"), "work.release": counted("entered") };
    },
  },
  {
    name: "critical values",
    roles: ["lab-technician"],
    types: ["Observation"],
    works: ["work.critical"],
    async read() {
      const n = (await lab.listCritical({})).length;
      return { "work.critical": { n, isUrgent: n > 0, place: ["bench", "", "critical"] } };
    },
  },
];

/** Prescriptions to prepare, and stock to order. */
export const pharmacySources: readonly Source[] = [
  {
    name: "prescriptions to prepare",
    roles: ["pharmacist"],
    types: ["MedicationDispense", "MedicationRequest"],
    works: ["work.prepare"],
    read: async () => ({ "work.prepare": { n: await countOf("MedicationRequest", toPrepare()), place: ["dispensary"] } }),
  },
  {
    name: "the shelf's work",
    roles: ["pharmacist"],
    types: ["Medication", "MedicationAdministration", "MedicationDispense", "MedicationKnowledge", "SupplyDelivery"],
    everyMs: WITHOUT_NEWS_MS,
    works: ["work.expiring", "work.toOrder", "work.usedUp"],
    async read() {
      const [{ lots }, stock, below] = await Promise.all([
        expiringLots(),
        pharmacy.listStock({}),
        pharmacy.listReorderLevels({ isBelow: true }),
      ]);
      const expired = lots.filter(({ unusable }) => unusable === "expired").length;
      const next = lots.find(({ unusable, expires }) => unusable === undefined && expires !== undefined)?.expires;
      const soonest = next === undefined ? undefined : daysLeft(next);
      return {
        "work.expiring": {
          n: lots.length,
          ...(soonest !== undefined && { says: () => t("work.next", { time: t("stock.days", { n: soonest }) }) }),
          ...(expired > 0 && { says: () => t("work.expired", { n: expired }), isUrgent: true }),
          place: ["dispensary", "", "expiring"],
        },
        "work.toOrder": { n: new Set(below.map(({ medication }) => tokenOf(medication))).size, place: ["dispensary", "", "shelf"] },
        "work.usedUp": { n: stock.filter(({ quantity }) => quantity <= 0).length, place: ["dispensary", "", "shelf"] },
      };
    },
  },
];

/** Waiting patients, and appointments. */
export const deskSources: readonly Source[] = [
  {
    name: "the queue's length",
    roles: ["front-desk", "physician"],
    types: ["Encounter"],
    works: ["work.queue"],
    async read() {
      const waiting = { class: "AMB", status: OPEN_STATUSES.join(), "participant:missing": "true" };
      const query = { ...waiting, _sort: "date", _count: "1", _total: "accurate" };
      const { resources, total = 0 } = await search<Encounter>("Encounter", query);
      const [first] = resources;
      return {
        "work.queue": {
          n: total,
          ...(first && { says: () => t("work.longest", { time: since(first.period?.start) }) }),
          place: ["desk", "", "queue"],
        },
      };
    },
  },
  {
    name: "appointments of the day",
    roles: ["front-desk"],
    types: ["Appointment"],
    works: ["work.appointments"],
    async read() {
      const query = { date: today(), status: "proposed,pending,booked", _sort: "date", _count: "1", _total: "accurate" };
      const { resources, total = 0 } = await search<Appointment>("Appointment", query);
      const [next] = resources;
      return {
        "work.appointments": {
          n: total,
          ...(next?.start && { says: () => t("work.next", { time: timeOf(next.start) }) }),
          place: ["desk", "", "appointments"],
        },
      };
    },
  },
];

/** Unbilled charges. */
export const cashSources: readonly Source[] = [
  {
    name: "charges that no invoice has",
    roles: ["billing"],
    types: ["ChargeItem", "Invoice"],
    works: ["work.charges"],
    read: async () => ({ "work.charges": { n: await countOf("ChargeItem", { status: "billable" }), place: ["cash"] } }),
  },
  {
    name: "invoices that are to be paid",
    roles: ["billing"],
    types: ["Invoice"],
    works: ["work.unpaid"],
    read: async () => ({ "work.unpaid": { n: await countOf("Invoice", { status: "issued" }), place: ["cash", "", "invoices"] } }),
  },
];

/** Records that are probably of one person. */
export const recordsSources: readonly Source[] = [
  {
    name: "probable duplicates",
    roles: ["records-office"],
    types: ["Patient"],
    works: ["work.duplicates"],
    async read() {
      const duplicates = await patients.listDuplicates({ limit: MAX_LISTED });
      const n = duplicates.length < MAX_LISTED ? duplicates.length : (await patients.duplicatesState({})).found;
      return { "work.duplicates": { n, place: ["records"] } };
    },
  },
];

/** Services that are down. */
export const adminSources: readonly Source[] = [
  {
    name: "services that are down",
    roles: ["administrator"],
    types: [],
    everyMs: WITHOUT_NEWS_MS,
    works: ["work.servicesDown"],
    async read() {
      const { services } = await getJson<MeshState>("/console.json");
      const n = services.filter(({ nodes }) => nodes.length === 0).length;
      return { "work.servicesDown": { n, isUrgent: n > 0, place: ["administration"] } };
    },
  },
];
