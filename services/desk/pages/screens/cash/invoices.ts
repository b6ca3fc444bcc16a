/** Invoices: those that are to be paid, the oldest first, or all of late; paid, printed, or credited with a reason; and the cash desk's day. */
import { useState } from "preact/hooks";
import type { ChargeItem } from "../../../../../fhir/r4.ts";
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { For } from "../../parts/for.ts";
import { useMore } from "../../parts/more.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { Sheet } from "../../parts/sheet.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { conceptOf, moneyOf, nameOf } from "../../platform/names.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";
import { type Bill, bills, isCredit, leftOf, totalOf } from "./bills.ts";
import { type PartProps, sumOf } from "./open.ts";
import { Pay } from "./pay.ts";
import { Report } from "./report.ts";
import { useKept } from "../../platform/drafts.ts";

const billing = actionsOf<typeof billingContract>("billing");

/** Shown at first, and so many more each time. */
const STEP = 20;

/** See the head of this file. */
export function Invoices({ turn, everyMs, onChange }: PartProps) {
  const [isUnpaid, setUnpaid] = useState(true);
  const more = useMore(STEP);
  const query = { ...(isUnpaid ? { status: "issued", _sort: "date" } : { _sort: "-date" }), _count: `${more.count}` };
  const invoices = useLoad(`invoices ${isUnpaid}`, () => bills(query), everyMs);
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
      ${bill.of.status === "issued" && !isCredit(bill.of) && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "credit", bill })}>${t("cash.credit")}<${For} who=${nameOf(bill.patient)} /></button>`}</span></li>`;
  const tab = (unpaid: boolean) =>
    html`<button type="button" aria-pressed=${isUnpaid === unpaid} onClick=${() => setUnpaid(unpaid)}>${t(unpaid ? "cash.unpaid" : "cash.all")}</button>`;
  const show = ({ all, isPartial }: Awaited<ReturnType<typeof bills>>) => html`<${Partial} isPartial=${isPartial} />
    <div class="tabs" role="group" aria-label=${t("cash.invoices")}>${tab(true)}${tab(false)}</div>
    ${all.length === 0 && html`<p class="muted">${t(isUnpaid ? "cash.nothingToPay" : "cash.noInvoice")}</p>`}<ul class="list roomy">${all.map(row)}</ul>${more.below(all.length)}`;
  const close = () => setOpen(undefined);
  return html`<${Panel} title=${t("cash.invoices")} loaded=${invoices} show=${show} id="part-invoices" actions=${html`<button type="button" onClick=${() => setReport(true)}>${t("cash.report")}</button>`} />
    ${isReport && html`<${Report} onClose=${() => setReport(false)} />`}
    ${open?.kind === "pay" && html`<${Pay} bill=${open.bill} onClose=${close} onChange=${onChange} />`}
    ${open?.kind === "print" && html`<${Print} bill=${open.bill} onClose=${close} />`}
    ${open?.kind === "credit" && html`<${Credit} bill=${open.bill} onClose=${close} onDone=${onChange} />`}`;
}

function Credit({ bill: { of, patient }, onClose, onDone }: { bill: Bill; onClose: () => void; onDone: () => void }) {
  const kept = `credit ${of.id}`;
  const [reason, setReason] = useKept(kept, "reason");
  const send = async () => {
    const { creditNote } = await billing.creditNote({ invoice: `Invoice/${of.id}`, reason });
    const [back] = await billing.listBalances({ invoices: [creditNote] }).catch(() => []);
    const text = back && back.left > 0 ? t("cash.creditedBack", { amount: moneyOf(back.left, back.currency) }) : t("cash.credited");
    say(text, () => billing.cancelInvoice({ invoice: creditNote, reason: t("undo.reason") }).then(onDone));
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${joined(t("cash.credit"), nameOf(patient))} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("cash.credit")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="credit-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
    <//>
  <//>`;
}

function Print({ bill, onClose }: { bill: Bill; onClose: () => void }) {
  const { of, patient, balance } = bill;
  const references = (of.lineItem ?? []).flatMap(({ chargeItemReference }) => chargeItemReference?.reference ?? []);
  const charges = useLoad(`charges ${of.id}`, () => readAll<ChargeItem>(references));
  return html`<${Dialog} title=${t("invoice")} onClose=${onClose}>
    <div class="stack">
      <${Sheet} hasRoll title=${joined(t(isCredit(of) ? "cash.credit" : "invoice"), of.identifier?.[0]?.value ?? "", dateOf(of.date))} patient=${patient} isBusy=${charges.isLoading}>
        <table><tbody>${(of.lineItem ?? []).map(
          (
            line,
            index,
          ) => html`<tr key=${index}><td>${conceptOf(line.chargeItemCodeableConcept) || conceptOf(charges.value?.get(line.chargeItemReference?.reference ?? "")?.code) || t("cash.charge", { n: index + 1 })}</td>
            <td class="figure">${line.priceComponent?.[0]?.amount && sumOf([line.priceComponent[0].amount.value ?? 0], line.priceComponent[0].amount.currency ?? "EUR")}</td></tr>`,
        )}
        <tr><th scope="row">${t("cash.total")}</th><td class="figure"><strong>${totalOf(of)}</strong></td></tr>
        ${balance !== undefined && balance.credited > 0 && html`<tr><th scope="row">${t(isCredit(of) ? "cash.setOff" : "cash.isCredited")}</th><td class="figure">${moneyOf(balance.credited, balance.currency)}</td></tr>`}
        ${leftOf(bill) !== undefined && html`<tr><th scope="row">${t(isCredit(of) ? "cash.restBack" : "cash.rest")}</th><td class="figure">${leftOf(bill)}</td></tr>`}</tbody></table>
      <//>
    </div>
  <//>`;
}
