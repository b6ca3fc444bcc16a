import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import { reasonRule } from "../../mesh/param-rules.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import type { Encounter, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { occurrenceTime, occurrenceTimeRules, withLateReason } from "../../mixins/fhir/occurrence-time.ts";
import { referenceTo, requireReference, splitReference } from "../../mixins/fhir/domain-references.ts";
import { asSeen, seenVersionRules } from "../../mixins/fhir/seen-version.ts";
import { change, creation } from "../../mixins/fhir/write-steps.ts";
import { emits, owns, type Visit, type visits } from "./visits.contract.ts";
import {
  appointmentChanged,
  appointmentNotFound,
  VISIT_ALREADY_OPEN,
  visitAlreadyOpen,
  visitChanged,
  visitNotFound,
} from "./visits.errors.ts";
import { effects } from "./visits.effects.ts";
import { invariants } from "./visits.invariants.ts";
import { slotKeys } from "./bookings.model.ts";
import { arrive, cancelVisit, closeVisit, expectedAgain, openVisit, reopenVisit, visitKeys, visitOf } from "./visits.model.ts";
import { rules } from "./visits.rules.ts";

interface Own {
  changed(
    asked: { visit: string } & SeenVersion,
    next: (before: Stored<Encounter>) => Stored<Encounter>,
    besides?: OwnerStep[],
  ): Promise<Visit>;
}

export default defineService<typeof visits, WithFhir & WithDirectory & Own>({
  name: "visits",
  mixins: [
    Fhir({
      owns,
      emits,
      unique: { Encounter: visitKeys, Appointment: slotKeys },
      rules,
      effects,
      invariants,
    }),
  ],

  actions: {
    open: {
      rest: "POST",
      summary: "Open an ambulatory visit",
      params: { patient: referenceTo("Patient"), reason: { ...reasonRule, optional: true }, ...occurrenceTimeRules, $$strict: true },
      async handler(ctx) {
        const { patient } = ctx.params;
        await requireReference({ caller: ctx, directory: this.directory }, patient);
        const at = occurrenceTime(ctx.params, { now: new Date() });
        const encounter = withLateReason(openVisit(timeOrderedId(), ctx.params, at), ctx.params);
        try {
          const { version } = await this.fhir.create(encounter);
          return visitOf(encounter, version);
        } catch (error) {
          throw isType(error, VISIT_ALREADY_OPEN) ? visitAlreadyOpen(patient) : error;
        }
      },
    },

    arrive: {
      rest: "POST",
      summary: "Open the visit that an appointment is for",
      params: { appointment: referenceTo("Appointment"), ...seenVersionRules, ...occurrenceTimeRules, $$strict: true },
      async handler(ctx) {
        const { appointment: reference } = ctx.params;
        const found = await this.fhir.require("Appointment", reference, appointmentNotFound);
        const booked = asSeen(found, ctx.params, () => appointmentChanged(reference));
        const [visit, kept] = arrive(timeOrderedId(), booked, occurrenceTime(ctx.params, { now: new Date() }));
        try {
          const [opened] = await this.fhir.write([creation(withLateReason(visit, ctx.params)), change(kept)]);
          return visitOf(visit, opened.version);
        } catch (error) {
          if (isType(error, VISIT_ALREADY_OPEN)) throw visitAlreadyOpen(visit.subject?.reference ?? "");
          throw isType(error, "STALE_VERSION") ? appointmentChanged(reference) : error;
        }
      },
    },

    close: {
      rest: "POST",
      summary: "Close an ambulatory visit",
      params: { visit: referenceTo("Encounter"), ...seenVersionRules, ...occurrenceTimeRules, $$strict: true },
      handler(ctx) {
        return this.changed(ctx.params, (visit) => {
          const after = { what: ctx.params.visit, time: visit.period?.start };
          return withLateReason(closeVisit(visit, occurrenceTime(ctx.params, { now: new Date(), after })), ctx.params);
        });
      },
    },

    cancel: {
      rest: "POST",
      summary: "Undo the opening of a visit",
      params: { visit: referenceTo("Encounter"), reason: reasonRule, ...seenVersionRules, $$strict: true },
      async handler(ctx) {
        const { visit: reference, reason } = ctx.params;
        const before = await this.fhir.read("Encounter", splitReference(reference)[1]);
        const [, appointment] = splitReference(before?.appointment?.[0]?.reference ?? "");
        const expected = expectedAgain(appointment ? await this.fhir.read("Appointment", appointment) : undefined);
        return this.changed(ctx.params, (visit) => cancelVisit(visit, reason, new Date()), expected ? [change(expected)] : []);
      },
    },

    reopen: {
      rest: "POST",
      summary: "Undo the closing of a visit",
      params: { visit: referenceTo("Encounter"), reason: reasonRule, ...seenVersionRules, $$strict: true },
      handler(ctx) {
        return this.changed(ctx.params, (visit) => reopenVisit(visit, ctx.params.reason, new Date()));
      },
    },
  },

  methods: {
    /** @param besides further changes in the same write @throws 404 VISIT_NOT_FOUND; 409 VISIT_CHANGED, VISIT_ALREADY_OPEN, and the errors of `next` */
    async changed(
      this: WithFhir,
      { visit: reference, ...seen }: { visit: string } & SeenVersion,
      next: (before: Stored<Encounter>) => Stored<Encounter>,
      besides: OwnerStep[] = [],
    ): Promise<Visit> {
      const before = asSeen(await this.fhir.require("Encounter", reference, visitNotFound), seen, () => visitChanged(reference));
      const after = next(before);
      try {
        const [result] = await this.fhir.write([change(after), ...besides]);
        return visitOf(after, result.version);
      } catch (error) {
        if (isType(error, VISIT_ALREADY_OPEN)) throw visitAlreadyOpen(before.subject?.reference ?? "");
        throw isType(error, "STALE_VERSION") ? visitChanged(reference) : error;
      }
    },
  },
});
