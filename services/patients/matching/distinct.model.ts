import type { Extension, Patient } from "../../../fhir/r4.ts";

// Of two records that are alike a clerk has said that they are of two people. Plain data in, plain data out.

/** URL of an extension of a Patient: `patient` (the other record, a Reference) and `reason` (a string). */
const DISTINCT = "urn:openward:distinct-from";
/** Kept on one record, the newest: one that is like more has been taken for a whole family's. */
const MAX_DISTINCT = 100;

type WithId = Patient & { id: string };

const otherOf = ({ extension = [] }: Extension): string | undefined =>
  extension.find(({ url }) => url === "patient")?.valueReference?.reference;

const saysSo = ({ extension = [] }: Patient, other: string): boolean =>
  extension.some((one) => one.url === DISTINCT && otherOf(one) === `Patient/${other}`);

/** Whether either record says that the other is of another person. */
export const areDistinct = (one: WithId, other: WithId): boolean => saysSo(one, other.id) || saysSo(other, one.id);

/** The record that says so of another, "Patient/…". @param reason absent: it says so no more */
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
  // The element that is taken away is optional in R4, so it is still one.
  return { ...(rest as unknown as Of), ...(after.length > 0 && { extension: after }) };
}
