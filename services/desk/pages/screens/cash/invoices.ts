/** Invoices of late: printed, or credited with a reason. */
import { useState } from "preact/hooks";
import type { ChargeItem, Invoice } from "../../../../../fhir/r4.ts";
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { For } from "../../parts/for.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../../parts/joined.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { conceptOf, nameOf } from "../../platform/names.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";
import { sumOf } from "./open.ts";

const billing = actionsOf<typeof billingContract>("billing");
type Bill = WithPatient<Invoice>;

const totalOf = ({ totalNet, totalGross }: Invoice): string => {
  const { value = 0, currency = "EUR" } = totalNet ?? totalGross ?? {};
  return sumOf([value], currency);
};
/** Of a credit note it is below zero. */
const isCredit = ({ totalNet, totalGross }: Invoice): boolean => (totalNet?.value ?? totalGross?.value ?? 0) < 0;

/** @param turn another one: something was billed, or taken back */
export function Invoices({ turn, onChange }: { turn: number; onChange: () => void }) {
  const invoices = useLoad("invoices", () => searchWithPatients<Invoice>("Invoice", { _sort: "-date", _count: "20" }));
  useTurn(invoices, turn);
  const [open, setOpen] = useState<{ kind: "credit" | "print"; bill: Bill } | undefined>();
  const row = (
    bill: Bill,
  ) => html`<li key=${bill.of.id}><span>${bill.patient && html`<${PersonLine} patient=${bill.patient} />`}<br /><span class="muted">${bill.of.identifier?.[0]?.value} · ${dateOf(bill.of.date)}</span></span>
    <span class="buttons"><strong class="nowrap">${totalOf(bill.of)}</strong> <span class="tag">${isCredit(bill.of) ? t("cash.credit") : (tIfAny(`invoice.${bill.of.status}`) ?? bill.of.status)}</span>
      <button type="button" class="quiet" onClick=${() => setOpen({ kind: "print", bill })}>${t("print")}<${For} who=${nameOf(bill.patient)} /></button>
      ${bill.of.status === "issued" && !isCredit(bill.of) && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "credit", bill })}>${t("cash.credit")}<${For} who=${nameOf(bill.patient)} /></button>`}</span></li>`;
  const show = ({ all, isPartial }: Joined<Invoice>) => html`<${Partial} isPartial=${isPartial} />
    ${all.length === 0 && html`<p class="muted">${t("none")}</p>`}<ul class="list">${all.map(row)}</ul>`;
  const close = () => setOpen(undefined);
  const done = () => {
    close();
    onChange();
  };
  return html`<${Panel} title=${t("cash.invoices")} loaded=${invoices} show=${show} />
    ${open?.kind === "print" && html`<${Print} bill=${open.bill} onClose=${close} />`}
    ${open?.kind === "credit" && html`<${Credit} bill=${open.bill} onClose=${close} onDone=${done} />`}`;
}

function Credit({ bill: { of, patient }, onClose, onDone }: { bill: Bill; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const send = async () => {
    const { creditNote } = await billing.creditNote({ invoice: `Invoice/${of.id}`, reason });
    say(t("cash.credited"), () => billing.cancelInvoice({ invoice: creditNote, reason: t("undo.reason") }).then(onDone));
    onDone();
  };
  return html`<${Dialog} title=${joined(t("cash.credit"), nameOf(patient))} onClose=${onClose}>
    <${Form} send=${send} submit=${t("cash.credit")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="credit-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
    <//>
  <//>`;
}

function Print({ bill: { of, patient }, onClose }: { bill: Bill; onClose: () => void }) {
  const references = (of.lineItem ?? []).flatMap(({ chargeItemReference }) => chargeItemReference?.reference ?? []);
  const charges = useLoad(`charges ${of.id}`, () => readAll<ChargeItem>(references));
  return html`<${Dialog} title=${t("invoice")} onClose=${onClose}>
    <div class="stack">
      <div class="print report"><h3>${joined(t(isCredit(of) ? "cash.credit" : "invoice"), of.identifier?.[0]?.value ?? "", dateOf(of.date))}</h3><p>${patient && html`<${PersonLine} patient=${patient} />`}</p>
        <table><tbody>${(of.lineItem ?? []).map(
          (
            line,
            index,
          ) => html`<tr key=${index}><td>${conceptOf(line.chargeItemCodeableConcept) || conceptOf(charges.value?.get(line.chargeItemReference?.reference ?? "")?.code) || t("cash.charge", { n: index + 1 })}</td>
            <td class="figure">${line.priceComponent?.[0]?.amount && sumOf([line.priceComponent[0].amount.value ?? 0], line.priceComponent[0].amount.currency ?? "EUR")}</td></tr>`,
        )}
        <tr><th scope="row">${t("cash.total")}</th><td class="figure"><strong>${totalOf(of)}</strong></td></tr></tbody></table></div>
      <div class="buttons"><button type="button" class="main" onClick=${() => print()}>${t("print")}</button></div>
    </div>
  <//>`;
}
