import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { emits, owns, type visits } from "./visits.contract.ts";
import { VISIT_ALREADY_OPEN, visitAlreadyOpen, visitChanged, visitNotFound } from "./visits.errors.ts";
import { closeVisit, openVisit, visitKeys, visitOf } from "./visits.model.ts";
import { rules } from "./visits.rules.ts";

export default defineService<typeof visits, WithFhir & WithDirectory>({
  name: "visits",
  mixins: [
    Fhir({
      owns,
      emits,
      unique: { Encounter: visitKeys },
      rules,
    }),
  ],

  actions: {
    open: {
      rest: "POST",
      summary: "Open an ambulatory visit",
      params: { patient: referenceTo("Patient"), reason: { type: "string", trim: true, min: 1, max: 500, optional: true }, $$strict: true },
      async handler(ctx) {
        const { patient } = ctx.params;
        await requireReference({ caller: ctx, directory: this.directory }, patient);
        const encounter = openVisit(timeOrderedId(), ctx.params, new Date());
        try {
          const { version } = await this.fhir.create(encounter);
          return visitOf(encounter, version);
        } catch (error) {
          throw isType(error, VISIT_ALREADY_OPEN) ? visitAlreadyOpen(patient) : error;
        }
      },
    },

    close: {
      rest: "POST",
      summary: "Close an ambulatory visit",
      params: { visit: referenceTo("Encounter"), $$strict: true },
      async handler(ctx) {
        const { visit } = ctx.params;
        const [, id] = splitReference(visit);
        const encounter = await this.fhir.read("Encounter", id);
        if (!encounter) throw visitNotFound(visit);
        const closed = closeVisit(encounter, new Date());
        try {
          const { version } = await this.fhir.update(closed);
          return visitOf(closed, version);
        } catch (error) {
          throw isType(error, "STALE_VERSION") ? visitChanged(visit) : error;
        }
      },
    },
  },
});
