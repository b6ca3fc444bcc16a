import type { Context, Service } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { Encounter, Location, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { readReference, referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { type TransactionEntry, transactionOf, transactions } from "../transactions/transactions.contract.ts";
import { emits, owns, type hospitalizations, type Stay } from "./hospitalizations.contract.ts";
import {
  BED_OCCUPIED,
  bedOccupied,
  PATIENT_ALREADY_ADMITTED,
  patientAlreadyAdmitted,
  stayChanged,
  stayNotFound,
} from "./hospitalizations.errors.ts";
import { admit, admitFromVisit, bedOf, discharge, occupy, stayKeys, stayOf, transfer, vacate } from "./hospitalizations.model.ts";
import { rules } from "./hospitalizations.rules.ts";

/** Tries of one admission, transfer or discharge while others hold the bed; each waits for up to two seconds. */
const ATTEMPTS = 4;

type This = Service & WithFhir & WithDirectory & Helpers;

interface Helpers {
  stay(reference: string): Promise<Stored<Encounter>>;
  bed(ctx: Context, reference: string): Promise<Stored<Location>>;
  vacated(ctx: Context, before: Encounter): Promise<Stored<Location>[]>;
  carryOut(ctx: Context, stay: Encounter, entries: TransactionEntry[]): Promise<Stay>;
}

export default defineService<typeof hospitalizations, WithFhir & WithDirectory & Helpers>({
  name: "hospitalizations",
  mixins: [Fhir({ owns, emits, unique: { Encounter: stayKeys }, rules })],

  actions: {
    admit: {
      rest: "POST",
      summary: "Admit a patient to a bed",
      params: {
        patient: referenceTo("Patient"),
        bed: referenceTo("Location"),
        visit: { ...referenceTo("Encounter"), optional: true },
        reason: { type: "string", trim: true, min: 1, max: 500, optional: true },
        $$strict: true,
      },
      async handler(ctx) {
        const { patient, visit } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        await requireReference(mesh, patient);
        const bed = await this.bed(ctx, ctx.params.bed);
        const stay = visit
          ? admitFromVisit(await readReference<Encounter>(mesh, visit), ctx.params, new Date())
          : admit(timeOrderedId(), ctx.params, new Date());
        return this.carryOut(ctx, stay, [entryOf(stay), entryOf(occupy(bed))]);
      },
    },

    transfer: {
      rest: "POST",
      summary: "Move a patient to another bed",
      params: { stay: referenceTo("Encounter"), bed: referenceTo("Location"), $$strict: true },
      async handler(ctx) {
        const before = await this.stay(ctx.params.stay);
        const stay = transfer(before, ctx.params.bed, new Date());
        if (bedOf(before) === ctx.params.bed) throw bedOccupied(ctx.params.bed);
        const beds = [occupy(await this.bed(ctx, ctx.params.bed)), ...(await this.vacated(ctx, before))];
        return this.carryOut(ctx, stay, [entryOf(stay), ...beds.map(entryOf)]);
      },
    },

    discharge: {
      rest: "POST",
      summary: "Discharge a patient and free the bed",
      params: { stay: referenceTo("Encounter"), $$strict: true },
      async handler(ctx) {
        const before = await this.stay(ctx.params.stay);
        const stay = discharge(before, new Date());
        return this.carryOut(ctx, stay, [entryOf(stay), ...(await this.vacated(ctx, before)).map(entryOf)]);
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

    bed(this: This, ctx: Context, reference: string): Promise<Stored<Location>> {
      return readReference<Location>({ caller: ctx, directory: this.directory }, reference);
    },

    /** The bed that the patient leaves, free again. One that is there no more needs no freeing: the patient leaves all the same. */
    async vacated(this: This, ctx: Context, before: Encounter): Promise<Stored<Location>[]> {
      const old = bedOf(before);
      if (!old) return [];
      try {
        return [vacate(await this.bed(ctx, old))];
      } catch (error) {
        if (isType(error, "GONE") || isType(error, "NOT_FOUND")) return [];
        throw error;
      }
    },

    /** Stay and beds change together or not at all, though they are kept by two services. */
    async carryOut(this: This, ctx: Context, stay: Encounter, entries: TransactionEntry[]): Promise<Stay> {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const [result] = await transactions.process(ctx, { text: transactionOf(...entries), base: "" });
          if (!result) throw new Error("A transaction has answered without the result of its first entry.");
          return stayOf(stay, result.version);
        } catch (error) {
          // The lock was not free in time: run again, the unique key then names the holder.
          if (isType(error, "LOCKED") && attempt < ATTEMPTS) continue;
          if (isType(error, BED_OCCUPIED)) throw bedOccupied(bedOf(stay) ?? "");
          if (isType(error, PATIENT_ALREADY_ADMITTED)) throw patientAlreadyAdmitted(stay.subject?.reference ?? "");
          if (isType(error, "STALE_VERSION")) throw stayChanged();
          throw error;
        }
      }
    },
  },
});

/** The write of a resource, refused when it is not any more as it was read. */
function entryOf(resource: (Encounter | Location) & { id: string }): TransactionEntry {
  const version = resource.meta?.versionId;
  return {
    resource,
    request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ...(version !== undefined && { ifMatch: `W/"${version}"` }) },
  };
}
