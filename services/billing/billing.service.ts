import { asSystem } from "../../mesh/access/access.ts";
import type { Service } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import { reasonRule } from "../../mesh/param-rules.ts";
import { CURRENCIES } from "../../fhir/currencies.ts";
import { nonNull } from "../../fhir/non-null.ts";
import type { ChargeItem, Encounter, FhirResource, Invoice, Medication, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import type { OwnerStep, ResourceVersion, StepResult } from "../../federation/owner-contract.ts";
import { type DurableEvent, effectOf, task } from "../../mixins/events/event.ts";
import { Events } from "../../mixins/events/events.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { change, creation, versionOf } from "../../mixins/fhir/write-steps.ts";
import { versionRule } from "../../mixins/fhir/seen-version.ts";
import { occurrenceTime, occurrenceTimeRules, withLateReason } from "../../mixins/fhir/occurrence-time.ts";
import { codeRule, readReference, referenceTo, requireReference, splitReference } from "../../mixins/fhir/domain-references.ts";
import { ACT, actOf, chargeForAct, chargeIdOf, chargeKeys, definitionOf, medicationOf, priceIdOf, priceOf } from "./acts.model.ts";
import { type Code, emits, owns, type billing, type Price } from "./billing.contract.ts";
import { ACT_ALREADY_CHARGED, CHARGE_CREDITED, chargeCredited, invoiceChanged, invoiceNotFound, priceChanged } from "./billing.errors.ts";
import { chargeOf, chargesOn, isInForce, isOpen, newCharge } from "./billing.model.ts";
import { effects } from "./billing.effects.ts";
import { invariants } from "./billing.invariants.ts";
import { issueBill, MAX_CHARGES } from "./invoicing.ts";
import { rules } from "./billing.rules.ts";
import { listOutdated, MAX_COMPARED } from "./outdated.ts";
import { paymentKeys } from "./payments/payment.model.ts";
import { listBalances, listPayments, pay, paymentParams, reportOf, takeBack } from "./payments/payments.ts";
import { cancelInvoice, creditedBy, invoiceKeys, newCreditNote } from "./credit.model.ts";

interface Own {
  chargeAct(event: DurableEvent<ResourceVersion>): Promise<void>;
  chargeFreed(event: DurableEvent<ResourceVersion>): Promise<void>;
  invoiceAt(reference: string): Promise<Stored<Invoice>>;
  chargesAt(references: string[]): Promise<Stored<ChargeItem>[]>;
  written(invoice: string, steps: OwnerStep[]): Promise<StepResult[]>;
  firstPrice(codes: Code[]): Promise<Price | undefined>;
  resourceAt<Of extends FhirResource>(reference: string, gone: string[]): Promise<Of | undefined>;
}

const MAX_PRICES = 10_000;
const CENTS = { type: "number", integer: true, min: 0, max: 100_000_000_00 } as const;
const CURRENCY = {
  type: "enum",
  values: [...CURRENCIES],
  messages: { enumValue: "'{field}' must be a code of ISO 4217 in capitals, like EUR." },
} as const;

/** Handles a new version of a resource that may be charged. */
async function charge(this: Own, event: DurableEvent<ResourceVersion>): Promise<void> {
  await this.chargeAct(event);
}

/** A task of this service: to look again at an act whose charge is free again. */
const CHARGE_AGAIN = "billing.chargeAgain";

/** Task for a charge that is free again: changes of its act while it was billed have to be applied. @param event that has freed it */
function again({ id, identifier }: Stored<ChargeItem>, event: DurableEvent): OwnerStep[] {
  const act = identifier?.find(({ system }) => system === ACT)?.value;
  if (act === undefined) return [];
  const [type, of] = splitReference(act);
  const payload: Pick<ResourceVersion, "type" | "id"> = { type, id: of };
  return [task({ id: `${CHARGE_AGAIN}/${id}/${event.id}`, event: CHARGE_AGAIN, key: act, payload })];
}

export default defineService<typeof billing, WithFhir & WithDirectory & Own>({
  name: "billing",
  mixins: [
    Events<Own>({
      tasks: { [CHARGE_AGAIN]: charge },
      handles: {
        "fhir.Encounter": charge,
        "fhir.Observation": charge,
        "fhir.MedicationDispense": charge,
        async "fhir.Invoice"(event) {
          await this.chargeFreed(event);
        },
      },
    }),
    Fhir({
      owns,
      emits,
      rules,
      effects,
      invariants,
      unique: { ChargeItem: chargeKeys, Invoice: invoiceKeys, PaymentReconciliation: paymentKeys },
    }),
  ],

  actions: {
    charge: {
      rest: "POST",
      summary: "Note something to pay for",
      params: {
        encounter: referenceTo("Encounter"),
        text: { type: "string", trim: true, min: 1, max: 500 },
        cents: CENTS,
        currency: CURRENCY,
        ...occurrenceTimeRules,
        $$strict: true,
      },
      async handler(ctx) {
        const encounter = await readReference<Encounter>({ caller: ctx, directory: this.directory }, ctx.params.encounter);
        const after = { what: ctx.params.encounter, time: encounter.period?.start };
        const at = occurrenceTime(ctx.params, { now: new Date(), after });
        const charged = newCharge(timeOrderedId(), ctx.params, encounter.subject?.reference ?? "", at);
        const item = withLateReason(charged, ctx.params);
        await this.fhir.create(item);
        return chargeOf(item);
      },
    },

    invoice: {
      rest: "POST",
      summary: "Bill a visit or stay that has ended",
      params: { encounter: referenceTo("Encounter"), cents: { ...CENTS, optional: true }, $$strict: true },
      async handler(ctx) {
        const mesh = { caller: ctx, directory: this.directory };
        return issueBill(this, await readReference<Encounter & { id: string }>(mesh, ctx.params.encounter), ctx.params.cents);
      },
    },

    invoicePatient: {
      rest: "POST",
      summary: "Bill what a patient owes outside of visits and stays",
      params: { patient: referenceTo("Patient"), cents: { ...CENTS, optional: true }, $$strict: true },
      async handler(ctx) {
        const { patient, cents } = ctx.params;
        await requireReference({ caller: ctx, directory: this.directory }, patient);
        return issueBill(this, { patient }, cents);
      },
    },

    cancelInvoice: {
      rest: "POST",
      summary: "Take back a bill, or a credit note",
      params: { invoice: referenceTo("Invoice"), reason: reasonRule, $$strict: true },
      async handler(ctx) {
        const { invoice: reference, reason } = ctx.params;
        const invoice = cancelInvoice(await this.invoiceAt(reference), reason);
        const credited = creditedBy(invoice);
        const items = credited === undefined ? (await this.chargesAt(chargesOn(invoice))).filter(({ status }) => status === "billed") : [];
        const free = items.map((item) => change({ ...item, status: "billable" }));
        const [cancelled] = await this.written(reference, [change(invoice), ...free]);
        return { invoice: reference, version: nonNull(cancelled).version, charges: items.map(({ id }) => `ChargeItem/${id}`) };
      },
    },

    creditNote: {
      rest: "POST",
      summary: "Credit charges of a bill",
      params: {
        invoice: referenceTo("Invoice"),
        charges: { type: "array", min: 1, max: MAX_CHARGES, items: referenceTo("ChargeItem"), optional: true },
        reason: reasonRule,
        $$strict: true,
      },
      async handler(ctx) {
        const { invoice: reference, reason } = ctx.params;
        const before = await this.invoiceAt(reference);
        const items = await this.chargesAt([...new Set(ctx.params.charges ?? chargesOn(before))]);
        const { note, credit, invoice } = newCreditNote(timeOrderedId(), before, { items, reason }, new Date());
        await this.written(reference, [creation(credit), change(invoice)]);
        return note;
      },
    },

    pay: {
      rest: "POST",
      summary: "Note that a bill is paid, or a part of it",
      params: paymentParams.pay,
      handler(ctx) {
        return pay(this, ctx);
      },
    },

    takeBack: {
      rest: "POST",
      summary: "Take a payment back",
      params: paymentParams.takeBack,
      handler(ctx) {
        return takeBack(this, ctx);
      },
    },

    listPayments: {
      rest: "GET",
      summary: "What was paid of a bill",
      params: paymentParams.listPayments,
      handler(ctx) {
        return listPayments(this, ctx.params.invoice);
      },
    },

    listBalances: {
      rest: "POST",
      retryPolicy: { enabled: true }, // only reads
      summary: "What is left of bills",
      params: paymentParams.listBalances,
      handler(ctx) {
        return listBalances(this, ctx.params.invoices);
      },
    },

    listOutdated: {
      rest: "POST",
      retryPolicy: { enabled: true }, // only reads
      summary: "What has changed since it was billed",
      params: { invoices: { type: "array", min: 1, max: MAX_COMPARED, items: referenceTo("Invoice") }, $$strict: true },
      handler(ctx) {
        return listOutdated(this, { caller: asSystem(ctx, "billing"), directory: this.directory }, ctx.params.invoices);
      },
    },

    cashReport: {
      rest: "GET",
      summary: "The cash desk's day",
      params: paymentParams.cashReport,
      handler(ctx) {
        return reportOf(this, ctx.params.day);
      },
    },

    setPrice: {
      rest: "POST",
      summary: "Set what an act costs",
      params: { code: codeRule, cents: CENTS, currency: CURRENCY, version: { ...versionRule, min: 0 }, $$strict: true },
      async handler(ctx) {
        const definition = definitionOf(ctx.params);
        const before = await this.fhir.read("ChargeItemDefinition", definition.id);
        const { version: seen } = ctx.params;
        if (seen !== undefined && seen !== (before ? versionOf(before) : 0)) throw priceChanged(`ChargeItemDefinition/${definition.id}`);
        try {
          const [{ version }] = await this.fhir.write([before ? change({ ...before, ...definition }) : creation(definition)]);
          return priceOf({ ...definition, meta: { versionId: `${version}` } }) as Price;
        } catch (error) {
          const isChanged = isType(error, "STALE_VERSION") || isType(error, "ID_TAKEN");
          throw isChanged ? priceChanged(`ChargeItemDefinition/${definition.id}`) : error;
        }
      },
    },

    listPrices: {
      rest: "GET",
      summary: "What acts cost",
      params: { $$strict: true },
      async handler() {
        const found = await this.fhir.find({ type: "ChargeItemDefinition", clauses: [], limit: MAX_PRICES });
        return found.flatMap((definition) => priceOf(definition) ?? []);
      },
    },
  },

  methods: {
    /** @throws 404 INVOICE_NOT_FOUND */
    async invoiceAt(this: WithFhir, reference: string): Promise<Stored<Invoice>> {
      return this.fhir.require("Invoice", reference, invoiceNotFound);
    },

    /** Those of the charges that exist. */
    async chargesAt(this: WithFhir, references: string[]): Promise<Stored<ChargeItem>[]> {
      const found = await Promise.all(references.map((reference) => this.fhir.read("ChargeItem", splitReference(reference)[1])));
      return found.flatMap((item) => item ?? []);
    },

    /** @throws 409 INVOICE_CHANGED, INVOICE_CREDITED, CHARGE_CREDITED */
    async written(this: WithFhir, invoice: string, steps: OwnerStep[]): Promise<StepResult[]> {
      try {
        return await this.fhir.write(steps);
      } catch (error) {
        if (isType(error, "STALE_VERSION")) throw invoiceChanged(invoice);
        throw isType(error, CHARGE_CREDITED) ? chargeCredited(invoice) : error;
      }
    },

    /** Brings the charge of an act up to date with the act as it is now, so that events may be handled in any order. */
    async chargeAct(this: Service & WithFhir & WithDirectory & Own, event: DurableEvent<ResourceVersion>): Promise<void> {
      const { type, id } = event.payload;
      const reference = `${type}/${id}`;
      const before = await this.fhir.read("ChargeItem", chargeIdOf(reference));
      if (!before && (await this.store.count("ChargeItemDefinition", [])) === 0) return; // a hospital without a price list
      const resource = await this.resourceAt<FhirResource>(reference, ["GONE"]);
      const medication = resource && medicationOf(resource);
      const known = medication === undefined ? undefined : await this.resourceAt<Medication>(medication, ["GONE", "NOT_FOUND"]);
      const act = resource && actOf(resource, known);
      const price = act?.state === "done" ? await this.firstPrice(act.codes) : undefined;
      const item = chargeForAct(reference, act, price, before);
      if (!item) return;
      try {
        await this.fhir.write([effectOf(event), before ? change(item) : creation(item)]);
      } catch (error) {
        if (!isType(error, ACT_ALREADY_CHARGED)) throw error; // it was charged by hand
      }
    },

    /** Applies to the charges of an Invoice that is no longer in force, whoever has cancelled it, what has become of their acts meanwhile. */
    async chargeFreed(this: WithFhir & Own, event: DurableEvent<ResourceVersion>): Promise<void> {
      const invoice = await this.fhir.read("Invoice", event.payload.id);
      if (!invoice || isInForce(invoice) || creditedBy(invoice) !== undefined) return;
      const steps = (await this.chargesAt(chargesOn(invoice))).filter(isOpen).flatMap((item) => again(item, event));
      if (steps.length > 0) await this.fhir.write([effectOf(event), ...steps]);
    },

    /** A resource of any service, as the system sees it. @param gone types of errors for which there is none */
    async resourceAt<Of extends FhirResource>(this: Service & WithDirectory, reference: string, gone: string[]): Promise<Of | undefined> {
      const mesh = { caller: asSystem(this.broker, "billing"), directory: this.directory };
      return readReference<Of>(mesh, reference).catch((error: unknown) => {
        if (gone.some((type) => isType(error, type))) return undefined;
        throw error;
      });
    },

    async firstPrice(this: WithFhir, codes: Code[]): Promise<Price | undefined> {
      for (const code of codes) {
        const definition = await this.fhir.read("ChargeItemDefinition", priceIdOf(code));
        const price = definition && priceOf(definition);
        if (price) return price;
      }
      return undefined;
    },
  },
});
