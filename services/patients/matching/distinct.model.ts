import type { Extension, Patient } from "../../../fhir/r4.ts";

// Marks that two similar records are of different people, set by a clerk. Plain data in, plain data out.

/** URL of an extension of a Patient: `patient` (the other record, a Reference) and `reason` (a string). */
const DISTINCT = "urn:openward:distinct-from";
/** Marks on one record that are kept, the newest. */
const MAX_DISTINCT = 100;

type WithId = Patient & { id: string };

const otherOf = ({ extension = [] }: Extension): string | undefined =>
  extension.find(({ url }) => url === "patient")?.valueReference?.reference;

const saysSo = ({ extension = [] }: Patient, other: string): boolean =>
  extension.some((one) => one.url === DISTINCT && otherOf(one) === `Patient/${other}`);

/** Whether either record is marked as different from the other. */
export const areDistinct = (one: WithId, other: WithId): boolean => saysSo(one, other.id) || saysSo(other, one.id);

/** The record with a mark that it is not the other's, "Patient/…". @param reason absent: removes the mark */
export function distinctFrom<Of extends Patient>(patient: Of, other: string, reason: string | undefined): Of {
  const { extension = [], ...rest } = patient;
  const said = extension.filter(({ url }) => url === DISTINCT);
  const others = said.filter((one) => otherOf(one) !== other).slice(-MAX_DISTINCT + 1);
  const parts = [
    { url: "patient", valueReference: { reference: other } },
    { url: "reason", valueString: reason ?? "" },
  ];
  const after = [
    ...extension.filter(({ url }) => url !== DISTINCT),
    ...others,
    ...(reason === undefined ? [] : [{ url: DISTINCT, extension: parts }]),
  ];
  // The removed element is optional in R4, so that it is still a Patient.
  return { ...(rest as unknown as Of), ...(after.length > 0 && { extension: after }) };
}
