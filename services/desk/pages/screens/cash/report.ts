/** The cash report of a day: receipts and refunds by cashier and means, and each payment; for printing. */
import { useState } from "preact/hooks";
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import type { CashReport, CashSum, Payment } from "../../../../billing/payments.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { DateField } from "../../parts/date-field.ts";
import { NotKnown } from "../../parts/panel.ts";
import { Sheet } from "../../parts/sheet.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { dateOf, timeOf, today } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { moneyOf } from "../../platform/shown-values.ts";
import { joined, numberIn, t } from "../../platform/texts.ts";

const billing = actionsOf<typeof billingContract>("billing");

const total = (sums: CashSum[]): number => sums.reduce((sum, { cents }) => sum + cents, 0);

export function Report({ onClose }: { onClose: () => void }) {
  const [day, setDay] = useState(today());
  const report = useLoad(`cash report ${day}`, () => billing.cashReport({ day }));
  return html`<${Dialog} title=${t("cash.report")} onClose=${onClose}>
    <div class="stack" aria-busy=${report.isLoading}>
      <${DateField} label=${t("day")} name="report-day" value=${day} max=${today()} onValue=${setDay} required />
      <${NotKnown} loaded=${report} />
      ${report.value && html`<${Day} report=${report.value} />`}
    </div>
  <//>`;
}

function Day({ report: { day, sums, payments } }: { report: CashReport }) {
  const currencies = [...Map.groupBy(sums, ({ currency }) => currency)];
  return html`<${Sheet} title=${joined(t("cash.report"), dateOf(day))}>
    ${payments.length === 0 && html`<p>${t("cash.noPayments")}</p>`}
    ${currencies.map(([currency, of]) => html`<${Sums} key=${currency} currency=${currency} sums=${of} />`)}
    ${payments.length > 0 && html`<${Payments} payments=${payments} />`}
  <//>`;
}

function Sums({ currency, sums }: { currency: string; sums: CashSum[] }) {
  const row = ({
    cashier,
    means,
    count,
    takenBack,
    cents,
  }: CashSum) => html`<tr key=${`${cashier?.name} ${means}`}><th scope="row"><bdi>${cashier?.name ?? "–"}</bdi></th><td>${t(`means.${means}`)}</td>
    <td class="figure">${numberIn(count)}</td><td class="figure">${numberIn(takenBack)}</td><td class="figure nowrap">${moneyOf(cents, currency)}</td></tr>`;
  const byMeans = [...Map.groupBy(sums, ({ means }) => means)];
  return html`<table><thead><tr><th scope="col">${t("cash.cashier")}</th><th scope="col">${t("cash.means")}</th><th scope="col" class="figure">${t("cash.payments")}</th><th scope="col" class="figure">${t("cash.takenBack")}</th><th scope="col" class="figure">${t("cash.amount")}</th></tr></thead>
    <tbody>${sums.map(row)}
      ${byMeans.map(([means, of]) => html`<tr key=${means}><th scope="row" colspan="4">${joined(t("cash.total"), t(`means.${means}`))}</th><td class="figure nowrap">${moneyOf(total(of), currency)}</td></tr>`)}
      <tr><th scope="row" colspan="4">${t("cash.total")}</th><td class="figure nowrap"><strong>${moneyOf(total(sums), currency)}</strong></td></tr></tbody></table>`;
}

function Payments({ payments }: { payments: Payment[] }) {
  const row = ({
    payment,
    number,
    paidAt,
    means,
    reference,
    cashier,
    cents,
    currency,
    reason,
  }: Payment) => html`<tr key=${payment}><th scope="row" class="nowrap"><bdi>${number}</bdi></th><td>${timeOf(paidAt)}</td><td><bdi>${cashier?.name ?? "–"}</bdi></td>
    <td>${joined(t(`means.${means}`), reference ?? "", reason ?? "")}</td><td class="figure nowrap">${moneyOf(cents, currency)}</td></tr>`;
  return html`<${Wide} label=${t("cash.payments")}><table aria-label=${t("cash.payments")}><thead><tr><th scope="col">${t("cash.receipt")}</th><th scope="col">${t("result.when")}</th><th scope="col">${t("cash.cashier")}</th><th scope="col">${t("cash.means")}</th><th scope="col" class="figure">${t("cash.amount")}</th></tr></thead>
    <tbody>${payments.map(row)}</tbody></table><//>`;
}
