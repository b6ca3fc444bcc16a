/**
 * Invoices: unpaid ones, the oldest first, all recent ones, or those of them whose acts have changed since; paid, printed, credited or cancelled with a
 * reason; and the cash report of a day.
 */
import { useState } from "preact/hooks";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { For } from "../../parts/for.ts";
import { useMore } from "../../parts/more.ts";
import { NotKnown, Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { Sheet } from "../../parts/sheet.ts";

import { dateOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { moneyOf } from "../../platform/shown-values.ts";
import { joined, numberIn, t, tIfAny } from "../../platform/texts.ts";
import { type Bill, bills, changesOf, inForce, isCredit, leftOf, totalOf } from "./bills.ts";
import { Cancel } from "./cancel.ts";
import type { PartProps } from "./open.ts";
import { Credit } from "./credit.ts";
import { useLines } from "./lines.ts";
import { Pay } from "./pay.ts";
import { Report } from "./report.ts";

/** Number shown at first, and added each time. */
const STEP = 20;
/** The newest bills among which those are found whose acts have changed since. */
const MAX_COMPARED = 200;

/** Which invoices are shown. */
type Kind = "unpaid" | "all" | "changed";

/** The search for them. */
function queryOf(kind: Kind, count: number): Record<string, string> {
  if (kind === "unpaid") return { status: "issued", _sort: "date", _count: `${count}` };
  return kind === "all" ? { _sort: "-date", _count: `${count}` } : { status: "issued,balanced", _sort: "-date", _count: `${MAX_COMPARED}` };
}

const TITLE = { unpaid: "cash.unpaid", all: "cash.all", changed: "cash.changedTab" } as const;
const EMPTY = { unpaid: "cash.nothingToPay", all: "cash.noInvoice", changed: "cash.nothingChanged" } as const;

const isCreditInForce = ({ of }: Bill): boolean => isCredit(of) && ["issued", "balanced"].includes(of.status);

export function Invoices({ turn, everyMs, patient, onChange }: PartProps) {
  const [kind, setKind] = useState<Kind>("unpaid");
  const more = useMore(STEP);
  const of: Record<string, string> = patient ? { subject: `Patient/${patient.id}` } : {};
  const name = `${kind} ${patient?.id ?? ""}`;
  const invoices = useLoad(`invoices ${name}`, () => bills({ ...of, ...queryOf(kind, more.count) }), everyMs);
  useTurn(invoices, turn);
  useTurn(invoices, more.count);
  // Asked for apart: who pays does not wait for it.
  const compared = inForce(invoices.value?.all ?? []);
  const changes = useLoad(`changes ${name}`, () => changesOf(compared), everyMs);
  useTurn(changes, `${turn} ${compared.join()}`);
  const changesIn = ({ of: { id } }: Bill) => changes.value?.of.get(`Invoice/${id}`) ?? [];
  const [open, setOpen] = useState<{ kind: "cancel" | "credit" | "pay" | "print"; bill: Bill; isAsked?: boolean } | undefined>();
  const [isReport, setReport] = useState(false);
  const row = (
    bill: Bill,
  ) => html`<li key=${bill.of.id}><span>${bill.patient && html`<${PersonLine} patient=${bill.patient} />`}<br /><span class="muted">${joined(bill.of.identifier?.[0]?.value ?? "", dateOf(bill.of.date))}</span></span>
    <span class="buttons"><strong class="nowrap">${totalOf(bill.of)}</strong> ${leftOf(bill) !== undefined && html`<span class="tag warn">${t("cash.left", { amount: leftOf(bill) ?? "" })}</span> `}${changesIn(bill).length > 0 && html`<span class="tag warn">⚠ ${t("cash.changed")}</span> `}${(isCredit(bill.of) || kind !== "unpaid") && html`<span class="tag">${isCredit(bill.of) ? t("cash.credit") : (tIfAny(`invoice.${bill.of.status}`) ?? bill.of.status)}</span>`}
      <button type="button" class="quiet" onClick=${() => setOpen({ kind: "print", bill })}>${t("print")}<${For} who=${nameOf(bill.patient)} /></button>
      ${bill.of.status === "balanced" && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "pay", bill })}>${t("cash.payments")}<${For} who=${nameOf(bill.patient)} /></button>`}
      ${bill.of.status === "issued" && html`<button type="button" onClick=${() => setOpen({ kind: "pay", bill })}>${t(isCredit(bill.of) ? "cash.payBack" : "cash.pay")}<${For} who=${nameOf(bill.patient)} /></button>`}
      ${["issued", "balanced"].includes(bill.of.status) && !isCredit(bill.of) && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "credit", bill, isAsked: true })}>${t("cash.credit")}<${For} who=${nameOf(bill.patient)} /></button>`}
      ${(changesIn(bill).length > 0 || isCreditInForce(bill)) && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "cancel", bill })}>${t(isCredit(bill.of) ? "cash.cancelCredit" : "cash.changedWhat")}<${For} who=${nameOf(bill.patient)} /></button>`}</span></li>`;
  const tab = (one: Kind) =>
    html`<button type="button" aria-pressed=${kind === one} onClick=${() => setKind(one)}>${t(TITLE[one])}</button>`;
  const show = ({ all, isPartial }: Awaited<ReturnType<typeof bills>>) => {
    const isCompared = changes.value?.compared === compared.join();
    const shown = kind === "changed" ? all.filter((bill) => changesIn(bill).length > 0) : all;
    const isKnown = !isPartial && (kind !== "changed" || (isCompared && !changes.value?.isPartial));
    return html`<${Partial} isPartial=${isPartial} /><${NotKnown} loaded=${changes} />
    ${changes.value?.isPartial && html`<p class="not-known" role="status"><span aria-hidden="true">?</span> ${t("cash.changesNotKnown")}</p>`}
    ${kind === "changed" && !isCompared && !changes.error && html`<p class="muted" aria-busy="true">${t("loading")}</p>`}
    ${shown.length === 0 && isKnown && html`<p class="muted">${t(EMPTY[kind], { n: numberIn(MAX_COMPARED) })}</p>`}<ul class="list roomy">${shown.map(row)}</ul>${kind !== "changed" && more.below(all.length)}`;
  };
  const choice = html`<div class="tabs" role="group" aria-label=${t("cash.invoices")}>${tab("unpaid")}${tab("all")}${tab("changed")}</div>`;
  const close = () => setOpen(undefined);
  return html`<${Panel} title=${t("cash.invoices")} loaded=${invoices} show=${show} choice=${choice} id="part-invoices" actions=${html`<button type="button" onClick=${() => setReport(true)}>${t("cash.report")}</button>`} />
    ${isReport && html`<${Report} onClose=${() => setReport(false)} />`}
    ${open?.kind === "pay" && html`<${Pay} bill=${open.bill} onClose=${close} onChange=${onChange} />`}
    ${open?.kind === "print" && html`<${Print} bill=${open.bill} onClose=${close} />`}
    ${open?.kind === "cancel" && html`<${Cancel} bill=${open.bill} changes=${changesIn(open.bill)} onShow=${(other: "pay" | "credit") => setOpen({ kind: other, bill: open.bill })} onClose=${close} onDone=${onChange} />`}
    ${open?.kind === "credit" && html`<${Credit} bill=${open.bill} onShowChanges=${open.isAsked && changesIn(open.bill).length > 0 ? () => setOpen({ kind: "cancel", bill: open.bill }) : undefined} onClose=${close} onDone=${onChange} />`}`;
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
