/** The cash desk's actions: each reads, lets the model decide, and writes in one step. `billing.contract.ts` names their errors. */
import type { Context } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { accessOf, whoAsks } from "../../../mesh/access/access.ts";
import { brokerOf } from "../../../mesh/caller.ts";
import type { OccurrenceTime } from "../../../mesh/occurrence-time-contract.ts";
import { dayRule, reasonRule } from "../../../mesh/param-rules.ts";
import { nonNull } from "../../../fhir/non-null.ts";
import type { Invoice, PaymentReconciliation, Stored } from "../../../fhir/r4.ts";
import { timeClause } from "../../../fhir/search/exact-clauses.ts";
import { hospitalZone, momentOf } from "../../../fhir/time-zone.ts";
import { isType } from "../../../federation/errors.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { occurrenceTime, occurrenceTimeRules, withLateReason } from "../../../mixins/fhir/occurrence-time.ts";
import { referenceTo, splitReference } from "../../../mixins/fhir/domain-references.ts";
import { addition, creation } from "../../../mixins/fhir/write-steps.ts";
import {
  invoiceChanged,
  invoiceNotFound,
  invoiceNotInForce,
  invoicePaid,
  paidTooMuch,
  PAYMENT_TAKEN_BACK,
  paymentNotFound,
  paymentTakenBack,
} from "../billing.errors.ts";
import { chargesOn, isInForce } from "../billing.model.ts";
import { creditedBy } from "../credit.model.ts";
import { type Account, type Cashier, type CashReport, type InvoiceBalance, Means, type Paid } from "../payments.contract.ts";
import { standingOf } from "./standing.ts";
import { askedBy, cashReport, centsOf, dayShown, newPayment, paymentOf, RECEIPTS, takenBackBy } from "./payment.model.ts";

/** Payments of one day; the search refuses more, so that no sum is incomplete. */
const MAX_OF_DAY = 10_000;
const DAY_MS = 86_400_000;

/** Parameters by action. */
export const paymentParams = {
  pay: {
    invoice: referenceTo("Invoice"),
    cents: { type: "number", integer: true, min: 1, max: 100_000_000_00 },
    means: { type: "enum", values: Object.values(Means) },
    reference: { type: "string", trim: true, min: 1, max: 100, optional: true },
    ...occurrenceTimeRules,
    $$strict: true,
  },
  takeBack: { payment: referenceTo("PaymentReconciliation"), reason: reasonRule, $$strict: true },
  listPayments: { invoice: referenceTo("Invoice"), $$strict: true },
  listBalances: { invoices: { type: "array", min: 1, max: 200, items: referenceTo("Invoice") }, $$strict: true },
  cashReport: { day: { ...dayRule, optional: true }, $$strict: true },
} as const;

const amountOf = (invoice: Invoice): { cents: number; currency: string } => {
  const asked = askedBy(invoice) ?? {};
  return { cents: centsOf(asked), currency: asked.currency ?? "" };
};

/** The signed-in cashier; undefined where no sign-in is needed. */
function cashierOf(ctx: Context): Cashier | undefined {
  const access = accessOf(brokerOf(ctx));
  if (access.isOpen) return undefined;
  const [reference, { name, sub }] = [whoAsks(ctx), access.identityOf(ctx)];
  return { ...(reference !== undefined && { reference }), name: name ?? sub };
}

/** @throws 404 INVOICE_NOT_FOUND */
async function invoiceAt({ fhir }: WithFhir, reference: string): Promise<Stored<Invoice>> {
  const found = await fhir.read("Invoice", splitReference(reference)[1]);
  if (!found) throw invoiceNotFound(reference);
  return found;
}

/** The next receipt number. If a payment is refused at the last moment, its number is skipped. */
async function nextNumber({ fhir }: WithFhir): Promise<string> {
  const year = dayShown(new Date()).slice(0, 4);
  const [counted] = await fhir.write([addition(RECEIPTS + year, 1)]);
  return `${year}-${String(nonNull(counted).value).padStart(6, "0")}`;
}

/** Stores a payment. @returns it, with the amount due */
async function store(billing: WithFhir, payment: PaymentReconciliation & { id: string }, invoice: Stored<Invoice>): Promise<Paid> {
  const reference = `Invoice/${invoice.id}`;
  try {
    await billing.fhir.write([creation(payment)]);
  } catch (error) {
    if (isType(error, PAYMENT_TAKEN_BACK)) throw paymentTakenBack(takenBackBy(payment) ?? "");
    throw isType(error, "STALE_VERSION") ? invoiceChanged(reference) : error;
  }
  // Includes concurrent payments; the payment itself is added, since that of a keyed request is not visible before its answer.
  return { ...paymentOf(payment), left: (await standingOf(billing, invoice, payment)).left };
}

/** `billing.pay` */
export async function pay(
  billing: WithFhir,
  ctx: Context<{ invoice: string; cents: number; means: Means; reference?: string } & OccurrenceTime>,
): Promise<Paid> {
  const { invoice: reference, cents, means } = ctx.params;
  const invoice = await invoiceAt(billing, reference);
  const asked = askedBy(invoice);
  if (!isInForce(invoice) || !asked) throw invoiceNotInForce(reference);
  const { left } = await standingOf(billing, invoice);
  if (left === 0) throw invoicePaid(reference);
  if (cents > left) throw paidTooMuch(reference, left);
  const at = occurrenceTime(ctx.params, { now: new Date(), after: { what: reference, time: invoice.date } });
  const given = {
    invoice: reference,
    cents: cents * Math.sign(centsOf(asked)),
    currency: asked.currency ?? "",
    means,
    reference: ctx.params.reference,
    cashier: cashierOf(ctx),
    number: await nextNumber(billing),
  };
  return store(billing, withLateReason(newPayment(timeOrderedId(), given, at), ctx.params), invoice);
}

/** `billing.takeBack` */
export async function takeBack(billing: WithFhir, ctx: Context<{ payment: string; reason: string }>): Promise<Paid> {
  const { payment: reference, reason } = ctx.params;
  const found = await billing.fhir.read("PaymentReconciliation", splitReference(reference)[1]);
  if (found?.status !== "active" || takenBackBy(found) !== undefined) throw paymentNotFound(reference);
  const { invoice: of, cents, currency, means, reference: slip } = paymentOf(found);
  const invoice = await invoiceAt(billing, of);
  const { payments: known } = await standingOf(billing, invoice);
  if (known.some((one) => takenBackBy(one) === reference)) throw paymentTakenBack(reference);
  const given = {
    invoice: of,
    cents: -cents,
    currency,
    means,
    reference: slip,
    cashier: cashierOf(ctx),
    number: await nextNumber(billing),
    takesBack: { payment: reference, reason },
  };
  return store(billing, newPayment(timeOrderedId(), given, new Date()), invoice);
}

/** `billing.listPayments` */
export async function listPayments(billing: WithFhir, reference: string): Promise<Account> {
  const invoice = await invoiceAt(billing, reference);
  const { left, credited, notes, payments } = await standingOf(billing, invoice);
  return {
    invoice: reference,
    ...amountOf(invoice),
    left,
    credited,
    creditedCharges: creditedBy(invoice) === undefined ? notes.flatMap(chargesOn) : [],
    payments: payments.map(paymentOf).sort((a, b) => a.paidAt.localeCompare(b.paidAt) || a.number.localeCompare(b.number)),
  };
}

/** `billing.listBalances` */
export async function listBalances(billing: WithFhir, references: string[]): Promise<InvoiceBalance[]> {
  const invoices = await Promise.all(
    [...new Set(references)].map((reference) => billing.fhir.read("Invoice", splitReference(reference)[1])),
  );
  return Promise.all(
    invoices
      .flatMap((invoice) => invoice ?? [])
      .map(async (invoice) => {
        const { left, credited } = await standingOf(billing, invoice);
        return { invoice: `Invoice/${invoice.id}`, ...amountOf(invoice), left, credited };
      }),
  );
}

/** `billing.cashReport` */
export async function reportOf({ fhir }: WithFhir, day = dayShown(new Date())): Promise<CashReport> {
  const since = momentOf(Date.parse(`${day}T00:00:00Z`), hospitalZone());
  const until = momentOf(Date.parse(`${day}T00:00:00Z`) + DAY_MS, hospitalZone()) - 1;
  const clauses = [timeClause("PaymentReconciliation", "created", { since, until })];
  const found = await fhir.find({ type: "PaymentReconciliation", clauses, limit: MAX_OF_DAY });
  return cashReport(
    day,
    found.filter(({ status }) => status === "active"),
  );
}
