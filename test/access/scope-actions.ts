/** What published actions are asked for an app that was granted none of the types that they are about (`action-scopes.test.ts`). */
import type { Preparation } from "../api/keyed-actions.ts";

/** Params of one call. */
export type ActionParams = Record<string, unknown>;

/** Actions besides `KEYED_ACTIONS`, with what they are asked for. */
export const ASKED_ACTIONS: Record<string, (of: Preparation) => Promise<ActionParams> | ActionParams> = {
  "billing.cashReport": () => ({}),
  "billing.listBalances": () => ({ invoices: ["Invoice/1"] }),
  "billing.listOutdated": () => ({ invoices: ["Invoice/1"] }),
  "billing.listPayments": () => ({ invoice: "Invoice/1" }),
  "billing.listPrices": () => ({}),
  "lab.listCatalogue": () => ({}),
  "lab.listCritical": () => ({}),
  "lab.worklist": () => ({}),
  "ledger.looksAt": async (of) => ({ patient: await of.patient() }),
  "ledger.looksBy": () => ({ who: "Practitioner/ada" }),
  "patients.candidates": () => ({ family: "Rossi" }),
  "patients.listDuplicates": () => ({}),
  "patients.merge": async (of) => ({ source: await of.patient(), target: await of.patient() }),
  "patients.mergeState": async (of) => ({ source: await of.patient() }),
  "patients.unmerge": async (of) => ({ source: await of.patient() }),
  "pharmacy.countDue": async (of) => ({ patients: [await of.patient()] }),
  "pharmacy.due": async (of) => ({ patient: await of.patient() }),
  "pharmacy.listMovements": async (of) => ({ medication: `urn:drugs|${(await of.stocked()).code}` }),
  "pharmacy.listReorderLevels": () => ({}),
  "records.sign": () => ({ reference: "Composition/1", version: 1 }),
  "records.verify": () => ({ reference: "Composition/1" }),
  "wards.board": () => ({}),
  "wards.census": () => ({ from: "2026-01-01", to: "2026-01-02" }),
  "wards.censusCsv": () => ({ from: "2026-01-01", to: "2026-01-02" }),
  "wards.findBeds": () => ({}),
  "wards.listBeds": () => ({}),
};

/** Actions that show no resource, with what they show. `npm run new -- service NAME` adds lines. */
const OTHERWISE: Record<string, string> = {
  "journal.list": "anomalies, which contain no patient data",
  "ledger.check": "the state of the hash chain",
  "patients.duplicatesState": "how far the comparison is",
  "patients.listNumberSystems": "settings of the hospital",
  "pharmacy.expiring": "counters of the stock",
  "pharmacy.listLots": "counters of the stock",
  "pharmacy.listStock": "counters of the stock",
  "pharmacy.proposeLot": "counters of the stock",
};
/** Accounts and roles are no resources; dead letters are of an operator. */
const OF_NO_TYPE = /^identity\.|\.events\./;

/**
 * Actions that no role has, so that nobody may call them yet. `npm run new -- service NAME --owns Type` adds a line; once a role has the action, it
 * belongs to `ASKED_ACTIONS`.
 */
export const OF_NO_ROLE: readonly string[] = [];

/** Whether the action reads or writes resources, and a role has it: an app needs a scope for them. */
export const isOfTypes = (name: string): boolean => !OF_NO_TYPE.test(name) && !(name in OTHERWISE) && !OF_NO_ROLE.includes(name);
