/** Changes of a problem: plain data in, plain data out. */
import type { CodeableConcept, Condition } from "../../../../../fhir/r4.ts";
import { isRefuted } from "../../../../../fhir/clinical-status.ts";
import { today } from "../../platform/clock.ts";

const CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const concept = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

/** It is resolved, as of today. */
export const resolved = (one: Condition): Condition => ({
  ...withoutEnd(one),
  clinicalStatus: concept(CLINICAL, "resolved"),
  abatementDateTime: today(),
});
/** It is active again: without an end (R4, con-4). */
export const active = (one: Condition): Condition => ({
  ...withoutEnd(one),
  clinicalStatus: concept(CLINICAL, "active"),
  ...(isRefuted(one) && { verificationStatus: concept(VERIFICATION, "confirmed") }),
});

function withoutEnd(one: Condition): Condition {
  const kept = Object.entries(one).filter(([name]) => !/^_?abatement/.test(name));
  // Each form of the end is optional in R4, so the result is still a Condition.
  return Object.fromEntries(kept) as unknown as Condition;
}

/** It was entered in error: without a clinical status (R4, con-5). */
export function enteredInError({ clinicalStatus: _, ...one }: Condition): Condition {
  return { ...one, verificationStatus: concept(VERIFICATION, "entered-in-error") };
}
