/**
 * Actions that are sent without an Idempotency-Key. A test compares those that change nothing with the services; the others do not support keys
 * (accounts), or are idempotent by themselves and report their progress (merges).
 */
const UNKEYED = new Set([
  "billing.cashReport",
  "billing.listBalances",
  "billing.listOutdated",
  "billing.listPayments",
  "billing.listPrices",
  "journal.list",
  "lab.listCatalogue",
  "lab.listCritical",
  "lab.worklist",
  "ledger.check",
  "ledger.looksAt",
  "ledger.looksBy",
  "patients.candidates",
  "patients.duplicatesState",
  "patients.listDuplicates",
  "patients.listNumberSystems",
  "patients.merge",
  "patients.mergeState",
  "patients.unmerge",
  "pharmacy.due",
  "pharmacy.expiring",
  "pharmacy.listLots",
  "pharmacy.listMovements",
  "pharmacy.listReorderLevels",
  "pharmacy.listStock",
  "pharmacy.proposeLot",
  "records.verify",
  "wards.board",
  "wards.census",
  "wards.censusCsv",
  "wards.findBeds",
  "wards.listBeds",
]);

/** @param action its full name */
export const isUnkeyed = (action: string): boolean => UNKEYED.has(action) || /^identity\.|\.events\.[a-zA-Z]+$/.test(action);
