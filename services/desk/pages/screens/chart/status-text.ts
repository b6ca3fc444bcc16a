/** The status of a problem or an allergy. */
import type { AllergyIntolerance, Condition } from "../../../../../fhir/r4.ts";
import { clinicalStatusOf, isRefuted } from "../../../../../fhir/clinical-status.ts";
import { tIfAny } from "../../platform/texts.ts";

/** By its code: "refuted" if it was found not to be so, whatever its clinical status. */
export const statusOf = (one: AllergyIntolerance | Condition): string => (isRefuted(one) ? "refuted" : clinicalStatusOf(one));

/** In words. */
export const statusText = (one: AllergyIntolerance | Condition): string => tIfAny(`condition.${statusOf(one)}`) ?? statusOf(one);
