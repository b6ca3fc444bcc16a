import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import { reasonRule } from "../../mesh/param-rules.ts";
import type { CodeableConcept, MedicationDispense, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { codeRule, referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { emits, owns, type pharmacy } from "./pharmacy.contract.ts";
import { dispenseChanged, dispenseNotFound, outOfStock, prescriptionNotFound } from "./pharmacy.errors.ts";
import {
  codeOfCounter,
  codesOf,
  deliveryOf,
  newDispense,
  newPrescription,
  prescriptionOf,
  stockCounter,
  stockPrefix,
  unitsOf,
  voidDispense,
} from "./pharmacy.model.ts";
import { effects } from "./pharmacy.effects.ts";
import { rules } from "./pharmacy.rules.ts";
import { keptOf, newReturn } from "./returns.model.ts";

/** Items in one answer. */
const MAX_ITEMS = 1_000;
/** Whole units (tablets, vials): a counter has no fractions to lose. */
const QUANTITY = { type: "number", integer: true, positive: true, max: 1_000_000 } as const;

interface Own {
  shelfOf(concept: CodeableConcept | undefined): Promise<string | undefined>;
  dispenseAt(reference: string): Promise<Stored<MedicationDispense>>;
}

export default defineService<typeof pharmacy, WithFhir & WithDirectory & Own>({
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
        const shelf = await this.shelfOf(dispense.medicationCodeableConcept);
        // By FHIR, what the pharmacy does not keep is dispensed by others; here there is none of it.
        if (shelf === undefined) throw outOfStock(prescription);
        await this.fhir.create(dispense);
        const left = await this.store.counter(shelf);
        return { dispense: `MedicationDispense/${dispense.id}`, prescription, quantity, left, dispensedAt: now.toISOString() };
      },
    },

    void: {
      rest: "POST",
      summary: "Undo a dispense that was never handed out",
      params: { dispense: referenceTo("MedicationDispense"), reason: reasonRule, $$strict: true },
      async handler(ctx) {
        const { dispense: reference, reason } = ctx.params;
        const before = await this.dispenseAt(reference);
        const { version } = await this.fhir.update(voidDispense(before, reason)).catch((error: unknown) => {
          throw isType(error, "STALE_VERSION") ? dispenseChanged(reference) : error;
        });
        const shelf = await this.shelfOf(before.medicationCodeableConcept);
        const prescription = before.authorizingPrescription?.[0]?.reference;
        return {
          dispense: reference,
          version,
          ...(prescription !== undefined && { prescription }),
          quantity: unitsOf(before.quantity),
          ...(shelf !== undefined && { left: await this.store.counter(shelf) }),
        };
      },
    },

    return: {
      rest: "POST",
      summary: "Take back what was dispensed and not used",
      params: {
        dispense: referenceTo("MedicationDispense"),
        quantity: QUANTITY,
        reason: { ...reasonRule, optional: true },
        $$strict: true,
      },
      async handler(ctx) {
        const { dispense: reference, quantity } = ctx.params;
        const dispense = await this.dispenseAt(reference);
        const delivery = newReturn(timeOrderedId(), dispense, ctx.params, new Date());
        await this.fhir.create(delivery);
        const shelf = await this.shelfOf(dispense.medicationCodeableConcept);
        return {
          delivery: `SupplyDelivery/${delivery.id}`,
          dispense: reference,
          quantity,
          kept: keptOf(await this.dispenseAt(reference)),
          ...(shelf !== undefined && { left: await this.store.counter(shelf) }),
        };
      },
    },
  },

  methods: {
    /** The counter of what is kept by one of these codes; undefined: the pharmacy never took it in. */
    async shelfOf(this: WithFhir, concept: CodeableConcept | undefined): Promise<string | undefined> {
      const shelves = codesOf(concept).map(stockCounter);
      const kept = await Promise.all(shelves.map(async (name) => (await this.store.counters(name, 1))[0]?.name === name));
      return shelves[kept.indexOf(true)];
    },

    /** @throws 404 DISPENSE_NOT_FOUND */
    async dispenseAt(this: WithFhir, reference: string): Promise<Stored<MedicationDispense>> {
      const [, id] = splitReference(reference);
      const found = await this.fhir.read("MedicationDispense", id);
      if (!found) throw dispenseNotFound(reference);
      return found;
    },
  },
});
