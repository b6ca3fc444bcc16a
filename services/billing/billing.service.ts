import type { Service } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { ChargeItem, Encounter, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { change, creation } from "../../mixins/fhir/steps.ts";
import { readReference, referenceTo } from "../../mixins/fhir/reference.ts";
import { owns, type billing } from "./billing.contract.ts";
import { CHARGE_INVOICED, chargesChanged } from "./billing.errors.ts";
import { chargeOf, chargesOf, invoiceKeys, isOpen, newCharge, newInvoice } from "./billing.model.ts";
import { rules } from "./billing.rules.ts";

/** Charges on one bill, which is one atomic write; more go on the next. */
const MAX_CHARGES = 1_000;

interface OpenCharges {
  items: Stored<ChargeItem>[];
  left: number;
}

interface Own {
  openCharges(encounter: string): Promise<OpenCharges>;
}

export default defineService<typeof billing, WithFhir & WithDirectory & Own>({
  name: "billing",
  mixins: [
    Fhir({
      owns,
      rules,
      unique: { Invoice: invoiceKeys },
    }),
  ],

  actions: {
    charge: {
      rest: "POST",
      summary: "Note something to pay for",
      params: {
        encounter: referenceTo("Encounter"),
        text: { type: "string", trim: true, min: 1, max: 500 },
        cents: { type: "number", integer: true, min: 0, max: 100_000_000_00 },
        currency: { type: "string", pattern: /^[A-Z]{3}$/, messages: { stringPattern: "currency must be a code like EUR." } },
        $$strict: true,
      },
      async handler(ctx) {
        const encounter = await readReference<Encounter>({ caller: ctx, directory: this.directory }, ctx.params.encounter);
        const item = newCharge(timeOrderedId(), ctx.params, encounter.subject?.reference ?? "", new Date());
        await this.fhir.create(item);
        return chargeOf(item);
      },
    },

    invoice: {
      rest: "POST",
      summary: "Bill a visit or stay that has ended",
      params: { encounter: referenceTo("Encounter"), $$strict: true },
      async handler(ctx) {
        const { encounter: reference } = ctx.params;
        const encounter = await readReference<Encounter>({ caller: ctx, directory: this.directory }, reference);
        const { bill, invoice, charges } = newInvoice(timeOrderedId(), encounter, await this.openCharges(reference), new Date());
        try {
          await this.fhir.write([creation(invoice), ...charges.map(change)]);
        } catch (error) {
          throw isType(error, "STALE_VERSION") || isType(error, CHARGE_INVOICED) ? chargesChanged(reference) : error;
        }
        return bill;
      },
    },
  },

  methods: {
    /** FHIR has no search parameter for a charge's status: all are looked at, also those that are billed long since. */
    async openCharges(this: Service & WithFhir, encounter: string): Promise<OpenCharges> {
      const open: OpenCharges = { items: [], left: 0 };
      for await (const item of this.fhir.each({ type: "ChargeItem", clauses: chargesOf(encounter) })) {
        if (!isOpen(item)) continue;
        if (open.items.length < MAX_CHARGES) open.items.push(item);
        else open.left += 1;
      }
      return open;
    },
  },
});
