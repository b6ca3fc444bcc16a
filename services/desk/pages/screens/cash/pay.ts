/** Takes a payment for an invoice, in full or in part, by one means; shows earlier payments with their receipts, and reverses them with a reason. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../../fhir/r4.ts";
import { Means, type Paid, type Payment } from "../../../../billing/payments.contract.ts";
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { For } from "../../parts/for.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { numbersOf } from "../../platform/identity-numbers.ts";
import { useLoad } from "../../platform/load.ts";
import { moneyTyped, unitsTyped } from "../../platform/money.ts";
import { nameOf } from "../../platform/names.ts";
import { joined, leading, locale, t } from "../../platform/texts.ts";
import { type Bill, isCredit, totalOf } from "./bills.ts";
import { Receipt } from "./receipt.ts";
import { useKept } from "../../platform/drafts.ts";
import { moneyOf } from "../../platform/shown-values.ts";

const billing = actionsOf<typeof billingContract>("billing");

interface PayProps {
  bill: Bill;
  onClose: () => void;
  /** Called when something was paid, or reversed. */
  onChange: () => void;
}

export function Pay({ bill, onClose, onChange }: PayProps) {
  const { of, patient } = bill;
  const account = useLoad(`payments of ${of.id}`, () => billing.listPayments({ invoice: `Invoice/${of.id}` }));
  /** With the amount due after it, as far as known. */
  const [receipt, setReceipt] = useState<{ payment: Payment; left: number | undefined } | undefined>();
  const [taking, setTaking] = useState<Payment | undefined>();
  const changed = () => {
    account.reload();
    onChange();
  };
  const taken = (paid: Paid) => {
    const text = t(isCredit(of) ? "cash.isPaidBack" : "cash.isPaid", {
      name: nameOf(patient),
      amount: moneyOf(Math.abs(paid.cents), paid.currency),
    });
    say(text, () => billing.takeBack({ payment: paid.payment, reason: t("undo.reason") }).then(changed));
    setReceipt({ payment: paid, left: paid.left });
    changed();
  };
  const title = joined(t(isCredit(of) ? "cash.payBack" : "cash.pay"), nameOf(patient));
  if (receipt) {
    return html`<${Dialog} key="receipt" title=${t("cash.receipt")} onClose=${onClose}><${Receipt} payment=${receipt.payment} bill=${bill} left=${receipt.left} /><//>`;
  }
  const { left = 0, credited = 0, currency = "EUR", payments = [] } = account.value ?? {};
  const takenBack = new Set(payments.map(({ takesBack }) => takesBack));
  const row = (
    one: Payment,
  ) => html`<li key=${one.payment}><span>${t(`means.${one.means}`)} <span class="muted"><${Dotted} of=${[one.reference, momentOf(one.paidAt), one.number]} /></span></span>
    <span class="buttons"><strong class="nowrap">${moneyOf(one.cents, one.currency)}</strong>${takenBack.has(one.payment) && html` <span class="tag">${t("cash.takenBack")}</span>`}
      <button type="button" class="quiet" onClick=${() => setReceipt({ payment: one, left })}>${t("cash.receipt")}<${For} who=${one.number} /></button>
      ${one.takesBack === undefined && !takenBack.has(one.payment) && html`<button type="button" class="quiet" onClick=${() => setTaking(one)}>${t("cash.takeBack")}<${For} who=${one.number} /></button>`}</span></li>`;
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="stack" aria-busy=${account.isLoading}>
      <p>${patient && html`<${PersonLine} patient=${patient} />`}<br /><span class="muted">${joined(of.identifier?.[0]?.value ?? "", totalOf(of))}</span>
      ${credited > 0 && html`<br /><span class="muted">${leading(isCredit(of) ? "cash.setOff" : "cash.isCredited")} ${moneyOf(credited, currency)}</span>`}</p>
      <${NotKnown} loaded=${account} />
      ${account.value && left > 0 && !taking && html`<${Take} key=${left} invoice=${`Invoice/${of.id}`} left=${left} currency=${currency} policy=${patient ? policyOf(patient) : ""} isBack=${isCredit(of)} onTaken=${taken} onCancel=${onClose} />`}
      ${
        taking &&
        html`<${TakeBack} payment=${taking} onCancel=${() => setTaking(undefined)} onDone=${() => {
          setTaking(undefined);
          changed();
        }} />`
      }
      ${payments.length > 0 && html`<h3>${t("cash.payments")}</h3><ul class="list">${payments.map(row)}</ul>`}
    </div>
  <//>`;
}

/** The insurance number of a patient; "" if none is known. */
const policyOf = (patient: Patient): string => numbersOf(patient).find(({ kind }) => kind === "MB")?.value ?? "";

interface TakeProps {
  invoice: string;
  /** The patient's insurance number, which is proposed for a payment by the insurer. */
  policy: string;
  left: number;
  currency: string;
  isBack: boolean;
  onTaken: (paid: Paid) => void;
  onCancel: () => void;
}

function Take({ invoice, policy, left, currency, isBack, onTaken, onCancel }: TakeProps) {
  const kept = `pay ${invoice} ${left}`;
  const [amount, setAmount] = useKept(kept, "amount", moneyTyped(left, currency, locale.value));
  const [means, setMeans] = useKept(kept, "means", Means.cash) as [Means, (means: Means) => void];
  const [reference, setReference] = useKept(kept, "reference");
  const [given, setGiven] = useKept(kept, "given");
  const choose = (one: Means) => {
    setMeans(one);
    if (reference === "" || reference === policy) setReference(one === Means.insurance ? policy : "");
  };
  const cents = unitsTyped(amount, currency);
  const isGiven = means === Means.cash && !isBack && given.trim() !== "";
  const inHand = isGiven ? unitsTyped(given, currency) : undefined;
  const change = inHand === undefined ? 0 : inHand - (cents ?? 0);
  const wrong = isGiven && inHand === undefined ? t("error.AMOUNT_WRONG") : change < 0 ? t("cash.givenTooLittle") : "";
  const send = async () => {
    if (cents === undefined) throw new Refused(422, "AMOUNT_WRONG", "");
    const slip = means === Means.cash ? "" : reference.trim();
    onTaken(await billing.pay({ invoice, cents, means, ...(slip && { reference: slip }) }));
  };
  const fieldOf = { AMOUNT_WRONG: "cents", PAID_TOO_MUCH: "cents" };
  return html`<${Form} draft=${kept} send=${send} submit=${t(isBack ? "cash.payBack" : "cash.pay")} onCancel=${onCancel} fieldOf=${fieldOf}>
    ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
      <${Field} label=${t("cash.amount")} name="pay-amount" value=${amount} onValue=${setAmount} inputmode="decimal" required autofocus fault=${faultOf("cents")} hint=${t("cash.left", { amount: moneyOf(left, currency) })}><span class="unit">${currency}</span><//>
      <${Field} label=${t("cash.means")} name="pay-means" value=${means} onValue=${(one: string) => choose(one as Means)} options=${Object.values(Means).map((one) => [one, t(`means.${one}`)])} />
      ${means !== Means.cash && html`<${Field} label=${t("cash.reference")} name="pay-reference" value=${reference} onValue=${setReference} fault=${faultOf("reference")} />`}
      ${means === Means.cash && !isBack && html`<${Field} label=${t("cash.given")} name="pay-given" value=${given} onValue=${setGiven} inputmode="decimal" data-fault=${wrong} hint=${change > 0 ? t("cash.change", { amount: moneyOf(change, currency) }) : wrong}><span class="unit">${currency}</span><//>`}
    </div>`}
  <//>`;
}

function TakeBack({ payment, onCancel, onDone }: { payment: Payment; onCancel: () => void; onDone: () => void }) {
  const kept = `take back ${payment.payment}`;
  const [reason, setReason] = useKept(kept, "reason");
  const amount = moneyOf(Math.abs(payment.cents), payment.currency);
  const send = async () => {
    await billing.takeBack({ payment: payment.payment, reason });
    say(t("cash.isTakenBack", { amount }));
    onDone();
  };
  return html`<${Form} draft=${kept} send=${send} submit=${joined(t("cash.takeBack"), amount)} onCancel=${onCancel}>
    ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="take-back-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
  <//>`;
}
