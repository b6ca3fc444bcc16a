import type { Context, Service } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import { reasonRule } from "../../mesh/param-rules.ts";
import type { Encounter, Location, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import type { QueryContext } from "../../federation/query-context.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { happenedAt, happenedRules, withLateReason } from "../../mixins/fhir/happened-at.ts";
import { readIfServed, readReference, referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { type TransactionEntry, transactionOf, transactions } from "../transactions/transactions.contract.ts";
import { emits, owns, type hospitalizations, type Stay } from "./hospitalizations.contract.ts";
import {
  BED_OCCUPIED,
  bedOccupied,
  notABed,
  PATIENT_ALREADY_ADMITTED,
  patientAlreadyAdmitted,
  stayChanged,
  stayNotFound,
} from "./hospitalizations.errors.ts";
import { admit, admitFromVisit, discharge, mayBeBed, lastMoveOf, placesOf, stayKeys, stayOf, transfer } from "./hospitalizations.model.ts";
import { invariants } from "./hospitalizations.invariants.ts";
import { rules } from "./hospitalizations.rules.ts";
import { cancelAdmission, cancelDischarge, cancelTransfer } from "./undo.model.ts";

/** Tries of one admission, transfer or discharge while others change the stay; each waits for up to two seconds. */
const ATTEMPTS = 4;

type This = Service & WithFhir & WithDirectory & Helpers;

interface Helpers {
  stay(reference: string): Promise<Stored<Encounter>>;
  carryOut(ctx: Context, stay: Encounter & { id: string }): Promise<Stay>;
}

export default defineService<typeof hospitalizations, WithFhir & WithDirectory & Helpers>({
  name: "hospitalizations",
  mixins: [Fhir({ owns, emits, unique: { Encounter: stayKeys }, rules, invariants })],

  actions: {
    admit: {
      rest: "POST",
      summary: "Admit a patient to a bed",
      params: {
        patient: referenceTo("Patient"),
        bed: referenceTo("Location"),
        visit: { ...referenceTo("Encounter"), optional: true },
        reason: { ...reasonRule, optional: true },
        ...happenedRules,
        $$strict: true,
      },
      async handler(ctx) {
        const { patient, visit } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        await requireReference(mesh, patient);
        await requireBed(mesh, ctx.params.bed);
        const before = visit === undefined ? undefined : await readReference<Encounter>(mesh, visit);
        const at = happenedAt(ctx.params, { now: new Date(), ...(before && { after: lastMoveOf(before) }) });
        const stay = before ? admitFromVisit(before, ctx.params, at) : admit(timeOrderedId(), ctx.params, at);
        return this.carryOut(ctx, withLateReason(stay, ctx.params));
      },
    },

    transfer: {
      rest: "POST",
      summary: "Move a patient to another bed",
      params: { stay: referenceTo("Encounter"), bed: referenceTo("Location"), ...happenedRules, $$strict: true },
      async handler(ctx) {
        const before = await this.stay(ctx.params.stay);
        const at = happenedAt(ctx.params, { now: new Date(), after: lastMoveOf(before) });
        const stay = withLateReason(transfer(before, ctx.params.bed, at), ctx.params);
        if (placesOf(before).includes(ctx.params.bed)) throw bedOccupied(ctx.params.bed);
        await requireBed({ caller: ctx, directory: this.directory }, ctx.params.bed);
        return this.carryOut(ctx, stay);
      },
    },

    discharge: {
      rest: "POST",
      summary: "Discharge a patient and free the bed",
      params: { stay: referenceTo("Encounter"), ...happenedRules, $$strict: true },
      async handler(ctx) {
        const before = await this.stay(ctx.params.stay);
        const at = happenedAt(ctx.params, { now: new Date(), after: lastMoveOf(before) });
        return this.carryOut(ctx, withLateReason(discharge(before, at), ctx.params));
      },
    },

    cancelAdmission: {
      rest: "POST",
      summary: "Undo an admission and free the bed",
      params: { stay: referenceTo("Encounter"), reason: reasonRule, $$strict: true },
      async handler(ctx) {
        return this.carryOut(ctx, cancelAdmission(await this.stay(ctx.params.stay), ctx.params.reason, new Date()));
      },
    },

    cancelTransfer: {
      rest: "POST",
      summary: "Undo the last transfer",
      params: { stay: referenceTo("Encounter"), reason: reasonRule, $$strict: true },
      async handler(ctx) {
        return this.carryOut(ctx, cancelTransfer(await this.stay(ctx.params.stay), ctx.params.reason));
      },
    },

    cancelDischarge: {
      rest: "POST",
      summary: "Undo a discharge",
      params: {
        stay: referenceTo("Encounter"),
        reason: reasonRule,
        bed: { ...referenceTo("Location"), optional: true },
        $$strict: true,
      },
      async handler(ctx) {
        const { stay, bed } = ctx.params;
        const again = cancelDischarge(await this.stay(stay), ctx.params, new Date());
        if (bed !== undefined) await requireBed({ caller: ctx, directory: this.directory }, bed);
        return this.carryOut(ctx, again);
      },
    },
  },

  methods: {
    async stay(this: This, reference: string): Promise<Stored<Encounter>> {
      const [, id] = splitReference(reference);
      const stay = await this.fhir.read("Encounter", id);
      if (!stay) throw stayNotFound(reference);
      return stay;
    },

    /** A visit that becomes a stay moves here from another service. Which bed is taken follows from the open stays. */
    async carryOut(this: This, ctx: Context, stay: Encounter & { id: string }): Promise<Stay> {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const [result] = await transactions.process(ctx, { text: transactionOf(entryOf(stay)), base: "" });
          if (!result) throw new Error("A transaction has answered without the result of its first entry.");
          return stayOf(stay, result.version);
        } catch (error) {
          // The lock was not free in time: run again, the unique key then names the holder.
          if (isType(error, "LOCKED") && attempt < ATTEMPTS) continue;
          if (isType(error, BED_OCCUPIED)) throw bedOccupied(placesOf(stay)[0] ?? "");
          if (isType(error, PATIENT_ALREADY_ADMITTED)) throw patientAlreadyAdmitted(stay.subject?.reference ?? "");
          if (isType(error, "STALE_VERSION")) throw stayChanged();
          throw error;
        }
      }
    },
  },
});

/** @throws 404 NOT_FOUND; 409 NOT_A_BED for a room or a ward; 503 when its owner is down */
async function requireBed(mesh: QueryContext, bed: string): Promise<void> {
  const place = await readIfServed<Location>(mesh, bed);
  if (place && !mayBeBed(place)) throw notABed(bed);
}

/** The write of a resource, refused when it is not any more as it was read. */
function entryOf(resource: Encounter & { id: string }): TransactionEntry {
  const version = resource.meta?.versionId;
  return {
    resource,
    request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ...(version !== undefined && { ifMatch: `W/"${version}"` }) },
  };
}
