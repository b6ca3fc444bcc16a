import type { Location } from "../../fhir/r4.ts";
import type { Effect, EffectsOf } from "../../mixins/fhir/rules/effects.ts";
import type { Change } from "../../mixins/fhir/rules/rule.ts";
import { OCCUPANCY } from "./wards.contract.ts";
import { isOutOfUse } from "./wards.model.ts";

/**
 * "Occupied" is shown while a patient is in the bed. A client that sends it back, or patches what it was shown, does not thereby put
 * the bed into use again.
 */
async function changed({ before, after, reference }: Change<Location>): Promise<Effect | undefined> {
  if (!before || !after || !isOutOfUse(before) || after.operationalStatus?.code !== OCCUPANCY.taken.code) return undefined;
  const { operationalStatus } = before;
  return {
    movements: [],
    changes: [{ ...after, id: reference.slice("Location/".length), ...(operationalStatus && { operationalStatus }) }],
  };
}

/** The effects of changes of beds. */
export const effects: EffectsOf = { Location: changed };
