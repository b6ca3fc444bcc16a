/** The receipt of one payment, for printing. */
import type { Payment } from "../../../../billing/payments.contract.ts";
import { html } from "../../html.ts";
import { Sheet } from "../../parts/sheet.ts";
import { dateOf, momentOf } from "../../platform/clock.ts";
import { moneyOf } from "../../platform/shown-values.ts";
import { joined, t } from "../../platform/texts.ts";
import { type Bill, isCredit, totalOf } from "./bills.ts";

interface ReceiptProps {
  payment: Payment;
  bill: Bill;
  /** The remaining amount due, in minor units; absent: unknown. */
  left: number | undefined;
}

export function Receipt({ payment, bill: { of, patient }, left }: ReceiptProps) {
  const { number, cents, currency, means, reference, cashier, paidAt, reason } = payment;
  const lines: [string, unknown][] = [
    [t("result.when"), momentOf(paidAt)],
    [t(isCredit(of) ? "cash.credit" : "invoice"), joined(of.identifier?.[0]?.value ?? "", dateOf(of.date), totalOf(of))],
    [t("cash.means"), joined(t(`means.${means}`), reference ?? "")],
    ...(reason === undefined ? [] : [[t("cash.takenBack"), html`<bdi>${reason}</bdi>`] as [string, unknown]]),
    [t("cash.amount"), html`<strong>${moneyOf(cents, currency)}</strong>`],
    ...(left === undefined ? [] : [[t(isCredit(of) ? "cash.restBack" : "cash.rest"), moneyOf(left, currency)] as [string, unknown]]),
    ...(cashier?.name === undefined ? [] : [[t("cash.cashier"), html`<bdi>${cashier.name}</bdi>`] as [string, unknown]]),
  ];
  return html`<div class="stack">
    <${Sheet} hasRoll title=${joined(t("cash.receipt"), number)} patient=${patient}>
      <table><tbody>${lines.map(([name, value]) => html`<tr key=${name}><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>
    <//>
  </div>`;
}
