import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { Happened } from "../../mesh/happened-contract.ts";
import { reasonRule } from "../../mesh/param-rules.ts";
import type { CodeableConcept, MedicationDispense, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { happenedAt, happenedRules, withLateReason } from "../../mixins/fhir/happened-at.ts";
import { beginOf, codeRule, referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { type Adjustment, type Code, emits, owns, type pharmacy } from "./pharmacy.contract.ts";
import { administer, takeBack } from "./doses/administer.ts";
import { doseKeys } from "./doses/administration.model.ts";
import { doseParams } from "./doses/dose-params.ts";
import { DueDoses, patientsIn } from "./doses/due.ts";
import { dosageOf } from "./doses/schedule.ts";
import { dispenseChanged, dispenseNotFound, outOfStock, prescriptionNotFound, wardOrPatient } from "./pharmacy.errors.ts";
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
import { invariants } from "./pharmacy.invariants.ts";
import { rules } from "./pharmacy.rules.ts";
import { keptOf, newReturn } from "./returns.model.ts";
import { adjustmentOf } from "./stocktaking.model.ts";
import { counted } from "../../store/counted.ts";

/** Items, and doses, in one answer. */
const [MAX_ITEMS, MAX_DOSES] = [1_000, 2_000];
const MOST = 1_000_000;
/** Counters have six decimals. */
const LEAST = 0.000_001;
/** Units: tablets, or 2.5 ml. */
const QUANTITY = { type: "number", min: LEAST, max: MOST } as const;
/** Looks at the books that a count is compared with, while others take from the shelf. */
const COUNT_ATTEMPTS = 8;

interface Own {
  doses: DueDoses;
  adjusted(of: { medication: Code; by: number; reason: string; booked?: number } & Happened): Promise<Adjustment>;
  shelfOf(concept: CodeableConcept | undefined): Promise<string | undefined>;
  dispenseAt(reference: string): Promise<Stored<MedicationDispense>>;
}

export default defineService<typeof pharmacy, WithFhir & WithDirectory & Own>({
  name: "pharmacy",
  mixins: [
    Fhir({
      owns,
      emits,
      unique: { MedicationAdministration: doseKeys },
      rules,
      effects,
      invariants,
    }),
  ],

  actions: {
    receive: {
      rest: "POST",
      summary: "Take a delivery of a medication into stock",
      params: {
        medication: codeRule,
        quantity: QUANTITY,
        lot: { type: "string", min: 1, max: 100, optional: true },
        ...happenedRules,
        $$strict: true,
      },
      async handler(ctx) {
        const { medication } = ctx.params;
        const at = happenedAt(ctx.params, { now: new Date() });
        const delivery = withLateReason(deliveryOf(timeOrderedId(), ctx.params, at), ctx.params);
        await this.fhir.create(delivery);
        return {
          delivery: `SupplyDelivery/${delivery.id}`,
          stock: { medication, quantity: await this.store.counter(stockCounter(medication)) },
        };
      },
    },

    adjust: {
      rest: "POST",
      summary: "Put the stock right by some units",
      params: {
        medication: codeRule,
        by: [
          { type: "number", min: LEAST, max: MOST },
          { type: "number", min: -MOST, max: -LEAST },
        ],
        reason: reasonRule,
        ...happenedRules,
        $$strict: true,
      },
      handler(ctx) {
        return this.adjusted(ctx.params);
      },
    },

    count: {
      rest: "POST",
      summary: "Set the stock to what was counted",
      params: {
        medication: codeRule,
        quantity: { type: "number", min: 0, max: MOST },
        reason: { ...reasonRule, optional: true },
        $$strict: true,
      },
      async handler(ctx) {
        const { medication, quantity, reason = "counted" } = ctx.params;
        for (let attempt = 1; ; attempt += 1) {
          const booked = await this.store.counter(stockCounter(medication));
          const by = counted(quantity - booked);
          if (by === 0) return { by, stock: { medication, quantity } };
          try {
            return await this.adjusted({ medication, by, reason, booked });
          } catch (error) {
            if (!isType(error, "STOCK_CHANGED") || attempt === COUNT_ATTEMPTS) throw error;
          }
        }
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
      params: doseParams.prescribe,
      async handler(ctx) {
        const { patient, encounter } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        const [after] = await Promise.all([beginOf(mesh, encounter), requireReference(mesh, patient)]);
        const at = happenedAt(ctx.params, { now: new Date(), ...(after && { after }) });
        const dosage = dosageOf(ctx.params.dosage, ctx.params);
        const request = withLateReason(newPrescription(timeOrderedId(), { ...ctx.params, dosage }, at), ctx.params);
        const { version } = await this.fhir.create(request);
        return prescriptionOf(request, version);
      },
    },

    dispense: {
      rest: "POST",
      summary: "Dispense a prescribed medication from stock",
      params: { prescription: referenceTo("MedicationRequest"), quantity: QUANTITY, ...happenedRules, $$strict: true },
      async handler(ctx) {
        const { prescription, quantity } = ctx.params;
        const [, requestId] = splitReference(prescription);
        const request = await this.fhir.read("MedicationRequest", requestId);
        if (!request) throw prescriptionNotFound(prescription);
        const at = happenedAt(ctx.params, { now: new Date(), after: { what: prescription, time: request.authoredOn } });
        const dispense = withLateReason(newDispense(request, timeOrderedId(), quantity, at), ctx.params);
        const shelf = await this.shelfOf(dispense.medicationCodeableConcept);
        // By FHIR, what the pharmacy does not keep is dispensed by others; here there is none of it.
        if (shelf === undefined) throw outOfStock(prescription);
        await this.fhir.create(dispense);
        const left = await this.store.counter(shelf);
        return { dispense: `MedicationDispense/${dispense.id}`, prescription, quantity, left, dispensedAt: at.toISOString() };
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
        ...happenedRules,
        $$strict: true,
      },
      async handler(ctx) {
        const { dispense: reference, quantity } = ctx.params;
        const dispense = await this.dispenseAt(reference);
        const at = happenedAt(ctx.params, { now: new Date(), after: { what: reference, time: dispense.whenHandedOver } });
        const delivery = withLateReason(newReturn(timeOrderedId(), dispense, ctx.params, at), ctx.params);
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

    due: {
      rest: "GET",
      summary: "Doses that are due in a ward, or for one patient",
      params: doseParams.due,
      async handler(ctx) {
        const { ward, patient, aheadMinutes = 60 } = ctx.params;
        if (ward === undefined && patient === undefined) throw wardOrPatient();
        const now = new Date();
        const of = patient === undefined ? await patientsIn({ caller: ctx, directory: this.directory }, ward ?? "") : [patient];
        return (await this.doses.of(of, now.getTime() + aheadMinutes * 60_000, now)).slice(0, MAX_DOSES);
      },
    },

    countDue: {
      rest: "POST",
      summary: "How many doses of some patients are due by now",
      params: doseParams.countDue,
      async handler(ctx) {
        const now = new Date();
        const counts: Record<string, number> = {};
        for (const { patient } of await this.doses.of(ctx.params.patients, now.getTime(), now)) {
          counts[patient] = (counts[patient] ?? 0) + 1;
        }
        return counts;
      },
    },

    administer: {
      rest: "POST",
      summary: "Note what became of a dose",
      params: doseParams.administer,
      async handler(ctx) {
        return administer(this, ctx);
      },
    },

    cancelAdministration: {
      rest: "POST",
      summary: "Take back the record of a dose",
      params: doseParams.cancelAdministration,
      async handler(ctx) {
        return takeBack(this, ctx);
      },
    },
  },

  created() {
    this.doses = new DueDoses(() => this.store);
  },

  methods: {
    async adjusted(this: WithFhir, of: { medication: Code; by: number; reason: string; booked?: number } & Happened): Promise<Adjustment> {
      const { medication, by } = of;
      const delivery = withLateReason(adjustmentOf(timeOrderedId(), of, happenedAt(of, { now: new Date() })), of);
      await this.fhir.create(delivery);
      const quantity = await this.store.counter(stockCounter(medication));
      return { delivery: `SupplyDelivery/${delivery.id}`, by, stock: { medication, quantity } };
    },

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
