/** What the roles of the project are for, told as sentences: an action gives nobody what their role has no right to by FHIR. */
import { join } from "node:path";
import { type Interaction, namesAction, readRoles, type Role } from "../../mesh/access/roles.ts";
import { ROLES, type RoleName } from "./identity.contract.ts";

const roles = readRoles(join(import.meta.dirname, "roles"));
const role = (name: RoleName) => roles.get(name) as Role;
const has = (name: RoleName, type: string, letter: Interaction) => (role(name).types[type] ?? role(name).types["*"] ?? "").includes(letter);
const mayCall = (name: RoleName, action: string) => role(name).actions.some((pattern) => namesAction(pattern, action));

/** What each of these writes of a record, whoever owns it. */
const WRITES: [action: string, letter: Interaction, type: string][] = [
  ["patients.register", "c", "Patient"],
  ["visits.open", "c", "Encounter"],
  ["hospitalizations.admit", "u", "Encounter"],
  ["lab.order", "c", "ServiceRequest"],
  ["lab.orderPanel", "c", "ServiceRequest"],
  ["lab.cancel", "u", "ServiceRequest"],
  ["lab.collect", "c", "Specimen"],
  ["lab.enterResult", "c", "Observation"],
  ["lab.correctResult", "u", "Observation"],
  ["lab.release", "c", "DiagnosticReport"],
  ["pharmacy.prescribe", "c", "MedicationRequest"],
  ["pharmacy.dispense", "c", "MedicationDispense"],
  ["pharmacy.administer", "c", "MedicationAdministration"],
  ["pharmacy.cancelAdministration", "u", "MedicationAdministration"],
  ["billing.charge", "c", "ChargeItem"],
  ["billing.invoice", "c", "Invoice"],
  ["billing.pay", "u", "Invoice"],
];

describe("the roles of the project", () => {
  it.each(WRITES)("have %s only with the right to %s %s", (action, letter, type) => {
    expect(ROLES.filter((name) => mayCall(name, action) && !has(name, type, letter))).toEqual([]);
    expect(ROLES.filter((name) => mayCall(name, action))).not.toEqual([]);
  });

  it("let only administrators handle dead letters", () => {
    for (const service of ["billing", "patients", "ledger", "lab", "pharmacy", "visits", "hospitalizations"]) {
      for (const what of ["events.listDead", "events.replay"]) {
        expect(ROLES.filter((name) => mayCall(name, `${service}.${what}`))).toEqual(["administrator"]);
      }
    }
  });

  it("let no clinical role read the credentials of other systems, or payments", () => {
    const types = [
      "Subscription",
      "Endpoint",
      "AuditEvent",
      "Invoice",
      "ChargeItem",
      "Claim",
      "ExplanationOfBenefit",
      "PaymentReconciliation",
    ];
    for (const name of ["physician", "nurse", "midwife"] satisfies RoleName[]) {
      expect(types.filter((type) => has(name, type, "r") || has(name, type, "s"))).toEqual([]);
      expect(has(name, "Observation", "r")).toBe(true);
    }
  });

  it("tell only the cash desk what has changed since it was billed: it compares with results and dispenses that a cashier does not read", () => {
    expect(ROLES.filter((name) => mayCall(name, "billing.listOutdated"))).toEqual(["billing"]);
    expect(["Observation", "MedicationDispense"].filter((type) => has("billing", type, "r"))).toEqual([]);
  });

  it("let a midwife do and see everything that a nurse does", () => {
    const { actions, types } = role("nurse");
    expect(actions.filter((action) => !role("midwife").actions.includes(action))).toEqual([]);
    const lacks = ([type, letters]: [string, string]) => [...letters].some((letter) => !has("midwife", type, letter as Interaction));
    expect(Object.entries(types).filter(lacks)).toEqual([]);
  });

  it("let only the records office merge records", () => {
    for (const action of ["patients.merge", "patients.unmerge", "patients.setDistinct"]) {
      expect(ROLES.filter((name) => mayCall(name, action))).toEqual(["records-office"]);
    }
  });
});
