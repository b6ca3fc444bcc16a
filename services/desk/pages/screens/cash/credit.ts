/** A credit note for a whole bill, or for some of its lines. */
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { useKept, useKeptChoices } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { moneyOf } from "../../platform/shown-values.ts";
import { joined, t } from "../../platform/texts.ts";
import { type Bill, totalOf } from "./bills.ts";
import { type Line, useLines } from "./lines.ts";

const billing = actionsOf<typeof billingContract>("billing");

interface CreditProps {
  bill: Bill;
  /** Shows what has changed since it was billed; absent: nothing is known to have. */
  onShowChanges?: (() => void) | undefined;
  onClose: () => void;
  onDone: () => void;
}

export function Credit({ bill: { of, patient }, onShowChanges, onClose, onDone }: CreditProps) {
  const kept = `credit ${of.id}`;
  const [reason, setReason] = useKept(kept, "reason");
  const { lines, loaded } = useLines(of);
  const account = useLoad(`credited of ${of.id}`, () => billing.listPayments({ invoice: `Invoice/${of.id}` }));
  const { creditedCharges = [] } = account.value ?? {};
  const charges = lines.flatMap(({ charge }) => charge ?? []);
  const [staying, setStaying] = useKeptChoices(kept, "staying");
  const send = async () => {
    const left = charges.filter((one) => !creditedCharges.includes(one));
    const given = left.filter((one) => !staying.includes(one));
    if (charges.length > 0 && left.length === 0) throw new Refused(409, "NOTHING_TO_CREDIT", "");
    if (given.length === 0) throw new Refused(422, "CHOOSE_CHARGES", "");
    const named = given.length < charges.length ? { charges: given } : {};
    const { creditNote } = await billing.creditNote({ invoice: `Invoice/${of.id}`, reason, ...named }).catch((error: unknown) => {
      account.reload(); // another person may have credited one of these
      throw error;
    });
    const [back] = await billing.listBalances({ invoices: [creditNote] }).catch(() => []);
    const text = back && back.left > 0 ? t("cash.creditedBack", { amount: moneyOf(back.left, back.currency) }) : t("cash.credited");
    say(text, () => billing.cancelInvoice({ invoice: creditNote, reason: t("undo.reason") }).then(onDone));
    onClose();
    onDone();
  };
  const toggle = (charge: string) => setStaying(staying.includes(charge) ? staying.filter((one) => one !== charge) : [...staying, charge]);
  const choice = ({ charge = "", text, amount }: Line) => {
    const isCredited = creditedCharges.includes(charge);
    return html`<label key=${charge} class="choice"><input type="checkbox" checked=${!isCredited && !staying.includes(charge)} disabled=${isCredited} onChange=${() => toggle(charge)} /> <bdi>${text}</bdi> <span class="nowrap">${amount}</span> ${isCredited && html`<span class="tag">${t("cash.isCredited")}</span>`}</label>`;
  };
  const named = lines.filter(({ charge }) => charge !== undefined);
  return html`<${Dialog} title=${joined(t("cash.credit"), nameOf(patient))} onClose=${onClose}>
    <p>${patient && html`<${PersonLine} patient=${patient} />`}<br /><span class="muted">${joined(of.identifier?.[0]?.value ?? "", totalOf(of))}</span></p>
    ${onShowChanges && html`<p class="not-known"><span aria-hidden="true">⚠</span> ${t("cash.changed")} <button type="button" class="quiet" onClick=${onShowChanges}>${t("cash.changedWhat")}</button></p>`}
    <${KnownFirst} facts=${[account, loaded]}><${Form} draft=${kept} send=${send} submit=${t("cash.credit")} onCancel=${onClose} fieldOf=${{ CHOOSE_CHARGES: "charges", CHARGE_CREDITED: "charges" }}>
      ${(faultOf: (field: string) => string | undefined) => html`
        ${
          named.length > 1 &&
          html`<fieldset aria-describedby=${faultOf("charges") && "credit-charges-fault"}><legend>${t("cash.creditWhat")}</legend><div class="stack">${named.map(choice)}</div>
          ${faultOf("charges") && html`<p class="fault" role="alert" id="credit-charges-fault">${faultOf("charges")}</p>`}</fieldset>`
        }
        <${Field} label=${t("reason")} name="credit-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
    <//><//>
  <//>`;
}
