/** Ends what apps were granted for a patient record that was merged: they would find nothing in it, and take that for "nothing is known". */
import type { Service } from "moleculer";
import type { DurableEvent } from "../../mixins/events/event.ts";
import type { MergedRecords } from "../patients/patients.contract.ts";
import type { IdentityData } from "./identity-data.ts";
import type { News } from "./news.ts";
import { endGrant } from "./provider/adapter.ts";

/** Grants that are ended at a time. */
const AT_ONCE = 100;

/** Handles the end of a merge; safe to repeat. */
export async function endLaunchesFor(
  this: Service & { collections: IdentityData; news: News },
  { payload: { source } }: DurableEvent<MergedRecords>,
): Promise<void> {
  const patient = source.slice("Patient/".length);
  const { collections: kept, news } = this;
  await kept.launches.removeMany({ patient });
  for (;;) {
    const bound = await kept.contexts.find({ query: { patient }, limit: AT_ONCE });
    for (const { _id } of bound) await endGrant(_id, { kept, news });
    if (bound.length < AT_ONCE) return;
  }
}
