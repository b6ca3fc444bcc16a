/** Doses that were given, in rules: plain data in, plain data out. */
import { intervalOf } from "../../fhir/dates.ts";
import type { MedicationAdministration } from "../../fhir/r4.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import type { Change } from "../../mixins/fhir/rules/rule.ts";

/** Whether it was given, or is being given. */
export const isGiven = (it: MedicationAdministration | undefined): it is MedicationAdministration =>
  it?.status === "completed" || it?.status === "in-progress";

/** The prescription of a dose that this change records as given. */
export function newlyGivenBy({ before, after }: Change<MedicationAdministration>): string | undefined {
  const request = isGiven(after) ? placeOf(after.request) : undefined;
  return isGiven(before) && placeOf(before.request) === request ? undefined : request;
}

/** When it was given, milliseconds since 1970; undefined if that is unknown. */
export const givenAt = ({ effectiveDateTime, effectivePeriod }: MedicationAdministration): number | undefined =>
  intervalOf(effectiveDateTime ?? effectivePeriod?.start ?? "")?.[0];
