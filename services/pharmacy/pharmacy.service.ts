import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { addition, creation } from "../../mixins/fhir/steps.ts";
import { codeRule, referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { emits, owns, type pharmacy } from "./pharmacy.contract.ts";
import { moreThanPrescribed, outOfStock, prescriptionNotFound } from "./pharmacy.errors.ts";
import {
  codeOfCounter,
  deliveryOf,
  dispenseSteps,
  newPrescription,
  prescriptionOf,
  STEP,
  stockCounter,
  stockPrefix,
} from "./pharmacy.model.ts";
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
    }),
  ],

  actions: {
    receive: {
      rest: "POST",
      summary: "Take a delivery of a medication into stock",
      params: { medication: codeRule, quantity: QUANTITY, lot: { type: "string", min: 1, max: 100, optional: true }, $$strict: true },
      async handler(ctx) {
        const { medication, quantity } = ctx.params;
        const delivery = deliveryOf(timeOrderedId(), ctx.params, new Date());
        const [added] = await this.fhir.write([addition(stockCounter(medication), quantity), creation(delivery)]);
        return { delivery: `SupplyDelivery/${delivery.id}`, stock: { medication, quantity: added?.value ?? 0 } };
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
        const id = timeOrderedId();
        const now = new Date();
        try {
          const [shelf] = await this.fhir.write(dispenseSteps(request, id, quantity, now));
          return { dispense: `MedicationDispense/${id}`, prescription, quantity, left: shelf?.value ?? 0, dispensedAt: now.toISOString() };
        } catch (error) {
          const { type, data } = error as { type?: string; data?: { step?: number } };
          if (type === "COUNTER_BELOW") throw data?.step === STEP.stock ? outOfStock(prescription) : moreThanPrescribed(prescription);
          throw error;
        }
      },
    },
  },
});
