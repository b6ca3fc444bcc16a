import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import { reasonRule } from "../../mesh/param-rules.ts";
import { parseJson } from "../../fhir/json.ts";
import type { MedicationDispense, Stored, SupplyDelivery } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { requireScope } from "../../mixins/fhir/own-scope.ts";
import { occurrenceTime, withLateReason } from "../../mixins/fhir/occurrence-time.ts";
import { placeOf } from "../../mixins/fhir/rules/common.ts";
import { asSeen } from "../../mixins/fhir/seen-version.ts";
import { beginOf, referenceTo, requireReference } from "../../mixins/fhir/domain-references.ts";
import { emits, owns, type pharmacy } from "./pharmacy.contract.ts";
import { administer, takeBack } from "./doses/administer.ts";
import { doseKeys } from "./doses/administration.model.ts";
import { doseParams } from "./doses/dose-params.ts";
import { DueDoses, patientsIn } from "./doses/due.ts";
import { dosageOf } from "./doses/dosage.ts";
import {
  dispenseChanged,
  dispenseNotFound,
  outOfStock,
  prescriptionChanged,
  prescriptionNotFound,
  statementNotFound,
  wardOrPatient,
} from "./pharmacy.errors.ts";
import { codesOf, newDispense, newPrescription, prescriptionOf, unitsOf, voidDispense } from "./pharmacy.model.ts";
import { effects } from "./pharmacy.effects.ts";
import { invariants } from "./pharmacy.invariants.ts";
import { rules } from "./pharmacy.rules.ts";
import { keptOf, newReturn } from "./returns.model.ts";
import { booksOf, keptBy } from "./stock/books.ts";
import { sumOf, unitsIn } from "./stock/deliveries.ts";
import { afterMoving, lotsOf, proposal, stockOf, takenBy, unitsLeft, unitsOfMedication } from "./stock/listing.ts";
import { movementsOf } from "./stock/movements.ts";
import { lotUnitsOf, plainOf, portionsIn } from "./stock/portions.model.ts";
import { reorderLevels, setReorderLevel } from "./stock/reorder.ts";
import { adjust, count, markLot, receive, transfer } from "./stock/stock-actions.ts";
import { stockParams } from "./stock/stock-params.ts";

/** Doses in one answer. */
const MAX_DOSES = 2_000;

interface Own {
  doses: DueDoses;
  dispenseAt(reference: string): Promise<Stored<MedicationDispense>>;
  requireTaken(patient: string, statement: string): Promise<void>;
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
      params: stockParams.receive,
      async handler(ctx) {
        return receive(this, ctx);
      },
    },

    adjust: {
      rest: "POST",
      summary: "Put the stock right by some units",
      params: stockParams.adjust,
      async handler(ctx) {
        return adjust(this, ctx);
      },
    },

    count: {
      rest: "POST",
      summary: "Set the stock to what was counted",
      params: stockParams.count,
      async handler(ctx) {
        return count(this, ctx);
      },
    },

    listStock: {
      rest: "GET",
      formerly: "stock",
      summary: "What is in stock",
      params: stockParams.listStock,
      async handler(ctx) {
        return stockOf(this.store, ctx.params.medication);
      },
    },

    listLots: {
      rest: "GET",
      summary: "What is in stock by place and lot",
      params: stockParams.listLots,
      async handler(ctx) {
        return lotsOf(this.store, ctx.params, new Date());
      },
    },

    expiring: {
      rest: "GET",
      summary: "Lots in stock that expire soon, or have",
      params: stockParams.expiring,
      async handler(ctx) {
        return lotsOf(this.store, { days: 30, ...ctx.params }, new Date());
      },
    },

    setReorderLevel: {
      rest: "POST",
      summary: "Set from which stock on a medication is ordered",
      params: stockParams.setReorderLevel,
      async handler(ctx) {
        return setReorderLevel(this, ctx);
      },
    },

    listReorderLevels: {
      rest: "GET",
      summary: "From which stock on medications are ordered, and which are to be",
      params: stockParams.listReorderLevels,
      async handler(ctx) {
        return reorderLevels(this, ctx.params);
      },
    },

    listMovements: {
      rest: "GET",
      summary: "What has moved the stock of a medication",
      params: stockParams.listMovements,
      async handler(ctx) {
        requireScope(this, "SupplyDelivery", "read");
        return movementsOf(this.store, ctx.params.medication);
      },
    },

    proposeLot: {
      rest: "GET",
      summary: "Which lots are to be dispensed: the first to expire first",
      params: stockParams.proposeLot,
      async handler(ctx) {
        return proposal(this.store, ctx.params, new Date());
      },
    },

    transfer: {
      rest: "POST",
      summary: "Move stock from one place to another",
      params: stockParams.transfer,
      async handler(ctx) {
        return transfer(this, ctx);
      },
    },

    blockLot: {
      rest: "POST",
      summary: "Keep a lot from being dispensed",
      params: stockParams.blockLot,
      async handler(ctx) {
        return markLot(this, ctx.params, "inactive");
      },
    },

    releaseLot: {
      rest: "POST",
      summary: "Let a lot be dispensed that was blocked",
      params: stockParams.releaseLot,
      async handler(ctx) {
        return markLot(this, ctx.params, "active");
      },
    },

    prescribe: {
      rest: "POST",
      summary: "Prescribe a medication",
      params: doseParams.prescribe,
      async handler(ctx) {
        const { patient, encounter, continues } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        const [after] = await Promise.all([beginOf(mesh, encounter), requireReference(mesh, patient)]);
        if (continues !== undefined) await this.requireTaken(patient, continues);
        const at = occurrenceTime(ctx.params, { now: new Date(), ...(after && { after }) });
        const dosage = dosageOf(ctx.params.dosage, ctx.params);
        const request = withLateReason(newPrescription(timeOrderedId(), { ...ctx.params, dosage }, at), ctx.params);
        const { version } = await this.fhir.create(request);
        return prescriptionOf(request, version);
      },
    },

    dispense: {
      rest: "POST",
      summary: "Dispense a prescribed medication from stock",
      params: stockParams.dispense,
      async handler(ctx) {
        const { prescription, quantity, place } = ctx.params;
        const found = await this.fhir.require("MedicationRequest", prescription, prescriptionNotFound);
        const request = asSeen(found, ctx.params, () => prescriptionChanged(prescription));
        const at = occurrenceTime(ctx.params, { now: new Date(), after: { what: prescription, time: request.authoredOn } });
        const dispense = withLateReason(newDispense(request, { ...ctx.params, id: timeOrderedId() }, at), ctx.params);
        const kept = await keptBy(codesOf(request.medicationCodeableConcept), booksOf(this.store));
        // Through FHIR, others may dispense a medication that the pharmacy does not stock; the action cannot.
        const isKept = kept?.shelves.some((shelf) => place === undefined || shelf.place === place) ?? false;
        if (!kept || !isKept) throw outOfStock(prescription);
        const stored = await this.fhir.create(dispense);
        const lots = portionsIn(stored) ?? [plainOf(kept.medication, quantity)];
        const left = afterMoving(await unitsOfMedication(this.store, kept.medication), -sumOf(lots));
        return {
          dispense: `MedicationDispense/${dispense.id}`,
          prescription,
          quantity,
          left,
          dispensedAt: at.toISOString(),
          lots: lots.map(lotUnitsOf),
        };
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
        const left = await unitsLeft(this, before, await takenBy(this.store, before));
        const prescription = before.authorizingPrescription?.[0]?.reference;
        return {
          dispense: reference,
          version,
          ...(prescription !== undefined && { prescription }),
          quantity: unitsOf(before.quantity),
          ...(left !== undefined && { left }),
        };
      },
    },

    return: {
      rest: "POST",
      summary: "Take back what was dispensed and not used",
      params: stockParams.return,
      async handler(ctx) {
        const { dispense: reference, quantity } = ctx.params;
        const dispense = await this.dispenseAt(reference);
        const at = occurrenceTime(ctx.params, { now: new Date(), after: { what: reference, time: dispense.whenHandedOver } });
        const delivery = withLateReason(newReturn(timeOrderedId(), dispense, ctx.params, at), ctx.params);
        const stored = await this.fhir.create(delivery);
        const isOurs = (await takenBy(this.store, dispense)) > 0;
        const left = await unitsLeft(this, dispense, isOurs ? unitsIn(parseJson(stored.json as string) as SupplyDelivery) : 0);
        return {
          delivery: `SupplyDelivery/${delivery.id}`,
          dispense: reference,
          quantity,
          kept: afterMoving(keptOf(await this.dispenseAt(reference)), -quantity),
          ...(left !== undefined && { left }),
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
        requireScope(this, "MedicationRequest", "read");
        const now = new Date();
        const of = patient === undefined ? await patientsIn({ caller: ctx, directory: this.directory }, ward ?? "") : [patient];
        return (await this.doses.of(of, now.getTime() + aheadMinutes * 60_000, now)).slice(0, MAX_DOSES);
      },
    },

    countDue: {
      rest: "POST",
      retryPolicy: { enabled: true }, // only reads
      summary: "How many doses of some patients are due by now",
      params: doseParams.countDue,
      async handler(ctx) {
        requireScope(this, "MedicationRequest", "read");
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
    /** @throws 404 DISPENSE_NOT_FOUND */
    async dispenseAt(this: WithFhir, reference: string): Promise<Stored<MedicationDispense>> {
      return this.fhir.require("MedicationDispense", reference, dispenseNotFound);
    },
    /** @throws 404 STATEMENT_NOT_FOUND if the patient has no such statement */
    async requireTaken(this: WithFhir, patient: string, statement: string): Promise<void> {
      const { subject } = await this.fhir.require("MedicationStatement", statement, statementNotFound);
      if (placeOf(subject) !== patient) throw statementNotFound(statement);
    },
  },
});
