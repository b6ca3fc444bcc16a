/** The ambulatory visit of a patient who is about to be admitted. */
import { OPEN_STATUSES } from "../../../../../fhir/open-encounters.ts";
import type { Encounter } from "../../../../../fhir/r4.ts";
import { search } from "../../platform/api.ts";

/** The open visit of the patient; null if there is none. @param patient "Patient/…" */
export async function openVisitOf(patient: string): Promise<Encounter | null> {
  const { resources } = await search<Encounter>("Encounter", { subject: patient, class: "AMB", status: OPEN_STATUSES.join(), _count: "1" });
  return resources[0] ?? null;
}
