import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 409, type of the unique key: a charge is on at most one invoice. */
export const CHARGE_INVOICED = "CHARGE_INVOICED";

/** 409: only an ended encounter is billed, finished or cancelled. */
export const encounterNotEnded = (encounter: string) =>
  new MoleculerClientError(
    "The visit or stay has not ended, or was entered in error: close or discharge it first, or mark its charges as not-billable.",
    409,
    "ENCOUNTER_NOT_ENDED",
    { encounter },
  );

/** What a bill is for, as the data of an error: an encounter, or a patient. */
const billed = (reference: string): Record<string, string> => ({ [reference.startsWith("Patient/") ? "patient" : "encounter"]: reference });

/** 409: there is no open charge. */
export const nothingToInvoice = (of: string) =>
  new MoleculerClientError(
    "There is no open charge for it: add one first (billing.charge), or set a price for its acts.",
    409,
    "NOTHING_TO_INVOICE",
    billed(of),
  );

/** Charges that a refusal names. */
const MAX_NAMED = 10;

/** 409: FHIR does not require a price of a ChargeItem, but a bill does. */
export const priceMissing = (of: string, charges: string[]) =>
  new MoleculerClientError(
    "A charge has no price, or no currency: give it one (ChargeItem.priceOverride), or mark it as not-billable.",
    409,
    "PRICE_MISSING",
    { ...billed(of), charges: charges.slice(0, MAX_NAMED) },
  );

/** 409: the open charges have several currencies. */
export const severalCurrencies = (of: string) =>
  new MoleculerClientError(
    "The charges are in several currencies, but a bill has one: give them one currency, or mark those of another as not-billable.",
    409,
    "SEVERAL_CURRENCIES",
    billed(of),
  );

/** 409: others have set the price, since it was read or at the same moment. */
export const priceChanged = (definition: string) =>
  new MoleculerClientError(
    "Somebody else has set this price meanwhile: look at it, and set it again if it is wrong.",
    409,
    "PRICE_CHANGED",
    {
      definition,
    },
  );

/** Error type of the unique key: an act has one charge. */
export const ACT_ALREADY_CHARGED = "ACT_ALREADY_CHARGED";

/** 409: a concurrent write came first; the same call may succeed. */
export const chargesChanged = (of: string) =>
  new MoleculerClientError(
    "The charges have changed since they were summed up: look at them and try again.",
    409,
    "CHARGES_CHANGED",
    billed(of),
  );

/** Type of `chargeCredited`, for callers and for the unique key. */
export const CHARGE_CREDITED = "CHARGE_CREDITED";

/** 409: a charge can be credited once. */
export const chargeCredited = (invoice: string) =>
  new MoleculerClientError("One of these charges is credited already: leave it out.", 409, CHARGE_CREDITED, { invoice });

/** 404: there is no such invoice. */
export const invoiceNotFound = (invoice: string) =>
  new MoleculerClientError("No invoice has this id.", 404, "INVOICE_NOT_FOUND", { invoice });

/** 409: it is paid in full. */
export const invoicePaid = (invoice: string) =>
  new MoleculerClientError(
    "The invoice is completely paid: take a payment back first, or bill what is new by another invoice.",
    409,
    "INVOICE_PAID",
    { invoice },
  );

/** 409: the payment exceeds the amount due. @param left amount due in the minor unit of the currency */
export const paidTooMuch = (invoice: string, left: number) =>
  new MoleculerClientError(
    "The payment is larger than the remaining amount of the invoice: take no more than `left` of billing.listPayments.",
    409,
    "PAID_TOO_MUCH",
    { invoice, left },
  );

/** 409: a partly paid invoice cannot be cancelled. */
export const invoicePartlyPaid = (invoice: string) =>
  new MoleculerClientError("The invoice has payments: take them back first.", 409, "INVOICE_PARTLY_PAID", { invoice });

/** 404: there is no such payment, or it is itself a reversal. */
export const paymentNotFound = (payment: string) =>
  new MoleculerClientError("No payment of an invoice has this id.", 404, "PAYMENT_NOT_FOUND", { payment });

/** Type of `paymentTakenBack`, for callers and for the unique key. */
export const PAYMENT_TAKEN_BACK = "PAYMENT_TAKEN_BACK";

/** 409: a payment can be reversed once. */
export const paymentTakenBack = (payment: string) =>
  new MoleculerClientError("The payment is taken back already: record a new payment if one was made.", 409, PAYMENT_TAKEN_BACK, {
    payment,
  });

/** 409: it is a draft, cancelled, or a credit note. */
export const invoiceNotInForce = (invoice: string) =>
  new MoleculerClientError(
    "The invoice is not issued, was cancelled, or is a credit note: name an invoice in force.",
    409,
    "INVOICE_NOT_IN_FORCE",
    { invoice },
  );

/** 409: a partly credited invoice cannot be cancelled. */
export const invoiceCredited = (invoice: string) =>
  new MoleculerClientError("Part of the invoice is credited: cancel the credit notes first, or credit the rest.", 409, "INVOICE_CREDITED", {
    invoice,
  });

/** 409: only charges on the invoice can be credited. */
export const notOnInvoice = (charge: string, invoice: string) =>
  new MoleculerClientError("The charge is not on this invoice: name charges of its lines, or none for all.", 409, "NOT_ON_INVOICE", {
    charge,
    invoice,
  });

/** 409: the charges amount to nothing. */
export const nothingToCredit = (invoice: string) =>
  new MoleculerClientError("The sum of these charges is zero: there is nothing to credit.", 409, "NOTHING_TO_CREDIT", { invoice });

/** 409: a concurrent write came first; the same call may succeed. */
export const invoiceChanged = (invoice: string) =>
  new MoleculerClientError("Somebody changed the invoice or its charges meanwhile: look at it and try again.", 409, "INVOICE_CHANGED", {
    invoice,
  });
