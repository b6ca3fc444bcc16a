import type { Location } from "../../fhir/r4.ts";
import type { Effect, EffectsOf } from "../../mixins/fhir/rules/effects.ts";
import type { Change } from "../../mixins/fhir/rules/rule.ts";
import { OCCUPANCY } from "./wards.contract.ts";
import { isOutOfUse } from "./wards.model.ts";

/**
 * "Occupied" is what is shown while a patient lies in the bed. A client that sends it back, or patches what it was shown, has not said that
 * the bed is in use again.
 */
async function changed({ before, after, reference }: Change<Location>): Promise<Effect | undefined> {
  if (!before || !after || !isOutOfUse(before) || after.operationalStatus?.code !== OCCUPANCY.taken.code) return undefined;
  const { operationalStatus } = before;
  return {
    movements: [],
    changes: [{ ...after, id: reference.slice("Location/".length), ...(operationalStatus && { operationalStatus }) }],
  };
}

/** What follows from a change of a bed, by whichever door it is written. */
export const effects: EffectsOf = { Location: changed };
