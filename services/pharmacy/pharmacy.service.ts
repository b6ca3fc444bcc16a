import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { codeRule, referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { emits, owns, type pharmacy } from "./pharmacy.contract.ts";
import { outOfStock, prescriptionNotFound } from "./pharmacy.errors.ts";
import {
  codeOfCounter,
  codesOf,
  deliveryOf,
  newDispense,
  newPrescription,
  prescriptionOf,
  stockCounter,
  stockPrefix,
} from "./pharmacy.model.ts";
import { effects } from "./pharmacy.effects.ts";
import { rules } from "./pharmacy.rules.ts";

/** Items in one answer. */
const MAX_ITEMS = 1_000;
/** Whole units (tablets, vials): a counter has no fractions to lose. */
const QUANTITY = { type: "number", integer: true, positive: true, max: 1_000_000 } as const;

export default defineService<typeof pharmacy, WithFhir & WithDirectory>({
  name: "pharmacy",
  mixins: [
    Fhir({
      owns,
      emits,
      rules,
      effects,
    }),
  ],

  actions: {
    receive: {
      rest: "POST",
      summary: "Take a delivery of a medication into stock",
      params: { medication: codeRule, quantity: QUANTITY, lot: { type: "string", min: 1, max: 100, optional: true }, $$strict: true },
      async handler(ctx) {
        const { medication } = ctx.params;
        const delivery = deliveryOf(timeOrderedId(), ctx.params, new Date());
        await this.fhir.create(delivery);
        return {
          delivery: `SupplyDelivery/${delivery.id}`,
          stock: { medication, quantity: await this.store.counter(stockCounter(medication)) },
        };
      },
    },

    listStock: {
      rest: "GET",
      formerly: "stock",
      summary: "What is in stock",
      params: { medication: { type: "string", min: 1, max: 500, optional: true }, $$strict: true },
      async handler(ctx) {
        const { medication } = ctx.params;
        const counters = await this.store.counters(stockPrefix(medication), MAX_ITEMS);
        const items = counters.map(({ name, value }) => ({ medication: codeOfCounter(name), quantity: value }));
        return medication === undefined
          ? items
          : items.filter((item) => `${item.medication.system}|${item.medication.code}` === medication);
      },
    },

    prescribe: {
      rest: "POST",
      summary: "Prescribe a medication",
      params: {
        patient: referenceTo("Patient"),
        encounter: { ...referenceTo("Encounter"), optional: true },
        medication: codeRule,
        quantity: QUANTITY,
        dosage: { type: "string", trim: true, min: 1, max: 1_000 },
        override: { type: "string", trim: true, min: 1, max: 500, optional: true },
        $$strict: true,
      },
      async handler(ctx) {
        const { patient, encounter } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        await Promise.all([requireReference(mesh, patient), encounter && requireReference(mesh, encounter)]);
        const request = newPrescription(timeOrderedId(), ctx.params, new Date());
        const { version } = await this.fhir.create(request);
        return prescriptionOf(request, version);
      },
    },

    dispense: {
      rest: "POST",
      summary: "Dispense a prescribed medication from stock",
      params: { prescription: referenceTo("MedicationRequest"), quantity: QUANTITY, $$strict: true },
      async handler(ctx) {
        const { prescription, quantity } = ctx.params;
        const [, requestId] = splitReference(prescription);
        const request = await this.fhir.read("MedicationRequest", requestId);
        if (!request) throw prescriptionNotFound(prescription);
        const now = new Date();
        const dispense = newDispense(request, timeOrderedId(), quantity, now);
        const shelves = codesOf(dispense.medicationCodeableConcept).map(stockCounter);
        const kept = await Promise.all(shelves.map(async (name) => (await this.store.counters(name, 1))[0]?.name === name));
        const shelf = shelves[kept.indexOf(true)];
        // By FHIR, what the pharmacy does not keep is dispensed by others; here there is none of it.
        if (shelf === undefined) throw outOfStock(prescription);
        await this.fhir.create(dispense);
        const left = await this.store.counter(shelf);
        return { dispense: `MedicationDispense/${dispense.id}`, prescription, quantity, left, dispensedAt: now.toISOString() };
      },
    },
  },
});
