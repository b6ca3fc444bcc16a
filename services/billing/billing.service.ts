import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mixins/contract.ts";
import type { WithDirectory } from "../../mixins/fhir/directory.ts";
import { isType } from "../../mixins/fhir/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/owner.ts";
import { readReference, referenceTo } from "../../mixins/fhir/reference.ts";
import type { billing } from "./billing.contract.ts";
import { chargesChanged } from "./billing.errors.ts";
import { type ChargeItem, chargeOf, chargesOf, type Encounter, newCharge, newInvoice } from "./billing.model.ts";

/** Charges on one bill. */
const MOST_CHARGES = 1_000;

export default defineService<typeof billing, WithFhir & WithDirectory>({
  name: "billing",
  mixins: [
    Fhir({
      owns: [
        "Account",
        "ChargeItem",
        "ChargeItemDefinition",
        "Claim",
        "ClaimResponse",
        "Contract",
        "Coverage",
        "CoverageEligibilityRequest",
        "CoverageEligibilityResponse",
        "EnrollmentRequest",
        "EnrollmentResponse",
        "ExplanationOfBenefit",
        "InsurancePlan",
        "Invoice",
        "PaymentNotice",
        "PaymentReconciliation",
      ],
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
        await this.fhir.write([{ op: "create", type: "ChargeItem", id: item.id, text: JSON.stringify(item) }]);
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
        const items = await this.fhir.find<ChargeItem>({ type: "ChargeItem", clauses: chargesOf(reference), limit: MOST_CHARGES });
        const { bill, steps } = newInvoice(timeOrderedId(), encounter, items, new Date());
        try {
          await this.fhir.write(steps);
        } catch (error) {
          throw isType(error, "STALE_VERSION") ? chargesChanged(reference) : error;
        }
        return bill;
      },
    },
  },
});
