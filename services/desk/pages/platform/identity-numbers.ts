/** Numbers by which a person is identified elsewhere: national number, insurance number, passport number; as fields of a form. */
import { IdentifierTable, isOfKind, NUMBER_KINDS, type NumberKind } from "../../../../fhir/identifier-systems.ts";
import type { Identifier, Patient } from "../../../../fhir/r4.ts";
import type { NumberSystem, PersonIdentifier, patients as patientsContract } from "../../../patients/patients.contract.ts";
import { actionsOf } from "./api.ts";
import type { Draft } from "./drafts.ts";
import { type Loaded, useLoad } from "./load.ts";
import { offers } from "./menu.ts";
import { t } from "./texts.ts";

const patients = actionsOf<typeof patientsContract>("patients");

let known: Promise<NumberSystem[]> | undefined;

/** The systems of the numbers that the hospital asks for, one of each kind. @throws Refused */
export function numberSystems(): Promise<NumberSystem[]> {
  known ??= patients.listNumberSystems({}).catch((error: unknown) => {
    known = undefined; // asked again
    throw error;
  });
  return known;
}

/** The same while a form is open. */
export const useNumberSystems = (): Loaded<NumberSystem[]> =>
  useLoad("number systems", numberSystems, 0, offers("patients.listNumberSystems"));

/** The name of a kind of number. */
export const numberLabel = (kind: NumberKind): string => t(`number.${kind}`);

const isOld = ({ use }: Identifier): boolean => use === "old" || use === "temp";

/** The present identifier of a kind: of the hospital's system, or marked as of this kind. */
function identifierOf({ identifier = [] }: Patient, kind: NumberKind, systems: NumberSystem[] = []): Identifier | undefined {
  const system = systems.find(({ type }) => type === kind)?.system;
  const present = identifier.filter((one) => !isOld(one) && one.value !== undefined);
  return present.find((one) => one.system === system) ?? present.find((one) => isOfKind(one, kind));
}

/** The fields of a record, by kind. */
export const numberFieldsOf = (patient: Patient, systems: NumberSystem[]): Record<NumberKind, string> =>
  Object.fromEntries(NUMBER_KINDS.map((kind) => [kind, identifierOf(patient, kind, systems)?.value ?? ""])) as Record<NumberKind, string>;

/** The fields as parameters of a registration. */
export const identifiersIn = (typed: Draft, systems: NumberSystem[]): PersonIdentifier[] =>
  systems.flatMap(({ type, system }) => (typed[type]?.trim() ? [{ system, value: typed[type].trim() }] : []));

/** Whether what is typed has the form of its system, with a right check digit; nothing typed is no fault. */
export function isNumber(typed: string, kind: NumberKind, systems: NumberSystem[]): boolean {
  const table = new IdentifierTable(systems);
  const system = systems.find(({ type }) => type === kind)?.system;
  return typed.trim() === "" || system === undefined || table.isValid(system, table.normalized(system, typed.trim()));
}

/** The identifiers with these fields: an empty one is left out, and what no field shows is kept. */
export function identifiersWith(patient: Patient, fields: Draft, systems: NumberSystem[]): Identifier[] {
  const table = new IdentifierTable(systems);
  let all = patient.identifier ?? [];
  for (const { type, system } of systems) {
    const before = identifierOf(patient, type, systems);
    const typed = fields[type]?.trim() ?? "";
    if (typed === (before?.value ?? "")) continue;
    const one = before ?? table.typed({ system });
    const value = table.normalized(one.system ?? "", typed);
    all = [...all.filter((other) => other !== before), ...(typed === "" ? [] : [{ ...one, value }])];
  }
  return all;
}

/** The numbers of a record with their kinds. */
export const numbersOf = (patient: Patient): { kind: NumberKind; value: string }[] =>
  NUMBER_KINDS.flatMap((kind) => {
    const value = identifierOf(patient, kind)?.value;
    return value === undefined ? [] : [{ kind, value }];
  });
