/** Invoices: unpaid ones, the oldest first, or all recent ones; paid, printed, or credited with a reason; and the cash report of a day. */
import { useState } from "preact/hooks";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { For } from "../../parts/for.ts";
import { useMore } from "../../parts/more.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { Sheet } from "../../parts/sheet.ts";

import { dateOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { moneyOf } from "../../platform/shown-values.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";
import { type Bill, bills, isCredit, leftOf, totalOf } from "./bills.ts";
import type { PartProps } from "./open.ts";
import { Credit } from "./credit.ts";
import { useLines } from "./lines.ts";
import { Pay } from "./pay.ts";
import { Report } from "./report.ts";

/** Number shown at first, and added each time. */
const STEP = 20;

export function Invoices({ turn, everyMs, patient, onChange }: PartProps) {
  const [isUnpaid, setUnpaid] = useState(true);
  const more = useMore(STEP);
  const of: Record<string, string> = patient ? { subject: `Patient/${patient.id}` } : {};
  const query = { ...of, ...(isUnpaid ? { status: "issued", _sort: "date" } : { _sort: "-date" }), _count: `${more.count}` };
  const invoices = useLoad(`invoices ${isUnpaid} ${patient?.id ?? ""}`, () => bills(query), everyMs);
  useTurn(invoices, turn);
  useTurn(invoices, more.count);
  const [open, setOpen] = useState<{ kind: "credit" | "pay" | "print"; bill: Bill } | undefined>();
  const [isReport, setReport] = useState(false);
  const row = (
    bill: Bill,
  ) => html`<li key=${bill.of.id}><span>${bill.patient && html`<${PersonLine} patient=${bill.patient} />`}<br /><span class="muted">${joined(bill.of.identifier?.[0]?.value ?? "", dateOf(bill.of.date))}</span></span>
    <span class="buttons"><strong class="nowrap">${totalOf(bill.of)}</strong> ${leftOf(bill) !== undefined && html`<span class="tag warn">${t("cash.left", { amount: leftOf(bill) ?? "" })}</span> `}${(isCredit(bill.of) || !isUnpaid) && html`<span class="tag">${isCredit(bill.of) ? t("cash.credit") : (tIfAny(`invoice.${bill.of.status}`) ?? bill.of.status)}</span>`}
      <button type="button" class="quiet" onClick=${() => setOpen({ kind: "print", bill })}>${t("print")}<${For} who=${nameOf(bill.patient)} /></button>
      ${bill.of.status === "balanced" && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "pay", bill })}>${t("cash.payments")}<${For} who=${nameOf(bill.patient)} /></button>`}
      ${bill.of.status === "issued" && html`<button type="button" onClick=${() => setOpen({ kind: "pay", bill })}>${t(isCredit(bill.of) ? "cash.payBack" : "cash.pay")}<${For} who=${nameOf(bill.patient)} /></button>`}
      ${["issued", "balanced"].includes(bill.of.status) && !isCredit(bill.of) && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "credit", bill })}>${t("cash.credit")}<${For} who=${nameOf(bill.patient)} /></button>`}</span></li>`;
  const tab = (unpaid: boolean) =>
    html`<button type="button" aria-pressed=${isUnpaid === unpaid} onClick=${() => setUnpaid(unpaid)}>${t(unpaid ? "cash.unpaid" : "cash.all")}</button>`;
  const show = ({ all, isPartial }: Awaited<ReturnType<typeof bills>>) => html`<${Partial} isPartial=${isPartial} />
    ${all.length === 0 && !isPartial && html`<p class="muted">${t(isUnpaid ? "cash.nothingToPay" : "cash.noInvoice")}</p>`}<ul class="list roomy">${all.map(row)}</ul>${more.below(all.length)}`;
  const choice = html`<div class="tabs" role="group" aria-label=${t("cash.invoices")}>${tab(true)}${tab(false)}</div>`;
  const close = () => setOpen(undefined);
  return html`<${Panel} title=${t("cash.invoices")} loaded=${invoices} show=${show} choice=${choice} id="part-invoices" actions=${html`<button type="button" onClick=${() => setReport(true)}>${t("cash.report")}</button>`} />
    ${isReport && html`<${Report} onClose=${() => setReport(false)} />`}
    ${open?.kind === "pay" && html`<${Pay} bill=${open.bill} onClose=${close} onChange=${onChange} />`}
    ${open?.kind === "print" && html`<${Print} bill=${open.bill} onClose=${close} />`}
    ${open?.kind === "credit" && html`<${Credit} bill=${open.bill} onClose=${close} onDone=${onChange} />`}`;
}

function Print({ bill, onClose }: { bill: Bill; onClose: () => void }) {
  const { of, patient, balance } = bill;
  const { lines, loaded } = useLines(of);
  return html`<${Dialog} title=${t("invoice")} onClose=${onClose}>
    <div class="stack">
      <${Sheet} hasRoll title=${joined(t(isCredit(of) ? "cash.credit" : "invoice"), of.identifier?.[0]?.value ?? "", dateOf(of.date))} patient=${patient} isBusy=${loaded.isLoading}>
        <table><tbody>${lines.map((line, index) => html`<tr key=${index}><td>${line.text}</td><td class="figure">${line.amount}</td></tr>`)}
        <tr><th scope="row">${t("cash.total")}</th><td class="figure"><strong>${totalOf(of)}</strong></td></tr>
        ${balance !== undefined && balance.credited > 0 && html`<tr><th scope="row">${t(isCredit(of) ? "cash.setOff" : "cash.isCredited")}</th><td class="figure">${moneyOf(balance.credited, balance.currency)}</td></tr>`}
        ${leftOf(bill) !== undefined && html`<tr><th scope="row">${t(isCredit(of) ? "cash.restBack" : "cash.rest")}</th><td class="figure">${leftOf(bill)}</td></tr>`}</tbody></table>
      <//>
    </div>
  <//>`;
}
