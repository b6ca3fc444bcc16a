/** What has changed since a bill was made, and what to do about it: its cancellation, also that of a credit note. */
import type { billing as billingContract, OutdatedCharge } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { say } from "../../parts/notices.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf } from "../../platform/api.ts";
import { useKept } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { countText, moneyOf } from "../../platform/shown-values.ts";
import { joined, t } from "../../platform/texts.ts";
import { type Bill, isCredit, totalOf } from "./bills.ts";
import { useLines } from "./lines.ts";

const billing = actionsOf<typeof billingContract>("billing");

interface CancelProps {
  bill: Bill;
  /** What has changed since; none for a credit note. */
  changes: OutdatedCharge[];
  /** Shows its payments, or makes a credit note of it. */
  onShow: (kind: "pay" | "credit") => void;
  onClose: () => void;
  onDone: () => void;
}

/** A quantity, with its unit if it has one. */
const quantityText = (value: number, code: string | undefined): string => countText({ value, ...(code !== undefined && { code }) });

/** What has changed, in a sentence. @param what the line of the bill in words */
const changeText = ({ change, billed, present, unit }: OutdatedCharge, what: string): string =>
  change === "quantity"
    ? t("cash.change.quantity", { what, billed: quantityText(billed, unit), present: quantityText(present, unit) })
    : t(`cash.change.${change}`, { what });

const differenceText = ({ cents = 0, currency }: OutdatedCharge): string =>
  t(cents < 0 ? "cash.changeLess" : "cash.changeMore", { amount: moneyOf(Math.abs(cents), currency) });

export function Cancel({ bill: { of, patient }, changes, onShow, onClose, onDone }: CancelProps) {
  const invoice = `Invoice/${of.id}`;
  const account = useLoad(`payments of ${of.id}`, () => billing.listPayments({ invoice }));
  const { lines, loaded } = useLines(of);
  const whatOf = ({ charge, text }: OutdatedCharge) => lines.find((line) => line.charge === charge)?.text ?? text;
  const { credited = 0, payments = [] } = account.value ?? {};
  const isPaid = payments.reduce((sum, { cents }) => sum + cents, 0) !== 0;
  const isOfCredit = isCredit(of);
  const toDo = credited > 0 ? t("cash.changedCredited") : t(isPaid ? "cash.changedPaid" : "cash.changedDo");
  const canCancel = isOfCredit || !(isPaid || credited > 0);
  const row = (one: OutdatedCharge) =>
    html`<li key=${one.charge}><span>${changeText(one, whatOf(one))}</span> ${one.cents !== undefined && one.cents !== 0 && html`<strong class="nowrap">${differenceText(one)}</strong>`}</li>`;
  // Any other act would not be charged again by itself once it is credited.
  const isCreditEnough = isPaid && changes.some(({ change }) => change === "undone");
  const ways = html`<p>${toDo} ${isCreditEnough && t("cash.changedUndone")}</p>
    ${isPaid && html`<div class="buttons"><button type="button" onClick=${() => onShow("pay")}>${t("cash.payments")}</button>${isCreditEnough && html`<button type="button" onClick=${() => onShow("credit")}>${t("cash.credit")}</button>`}</div>`}`;
  return html`<${Dialog} title=${joined(t(isOfCredit ? "cash.cancelCredit" : "cash.changedWhat"), nameOf(patient))} onClose=${onClose}>
    <div class="stack">
      <p>${patient && html`<${PersonLine} patient=${patient} />`}<br /><span class="muted">${joined(of.identifier?.[0]?.value ?? "", totalOf(of))}</span></p>
      <${KnownFirst} facts=${[account, loaded]}>
        ${changes.length > 0 && html`<ul class="list">${changes.map(row)}</ul>`}
        ${!isOfCredit && ways}
        ${canCancel && html`<${CancelForm} invoice=${invoice} isOfCredit=${isOfCredit} onClose=${onClose} onDone=${onDone} />`}
      <//>
    </div>
  <//>`;
}

interface CancelFormProps {
  invoice: string;
  isOfCredit: boolean;
  onClose: () => void;
  onDone: () => void;
}

function CancelForm({ invoice, isOfCredit, onClose, onDone }: CancelFormProps) {
  const kept = `cancel ${invoice}`;
  const [reason, setReason] = useKept(kept, "reason");
  const send = async () => {
    await billing.cancelInvoice({ invoice, reason });
    say(t(isOfCredit ? "cash.creditCancelled" : "cash.isCancelled"));
    onClose();
    onDone();
  };
  const submit = t(isOfCredit ? "cash.cancelCredit" : "cash.cancelInvoice");
  return html`<${Form} draft=${kept} send=${send} submit=${submit} onCancel=${onClose}>
    ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="cancel-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
  <//>`;
}
