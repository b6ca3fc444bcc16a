/** A charge that follows from no act: a private room, a copy of the record, a transport. */
import type { ChargeItem, Encounter, Patient } from "../../../../../fhir/r4.ts";
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, read, Refused, search, update } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useKept } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { unitsTyped } from "../../platform/money.ts";
import { conceptOf, moneyOf } from "../../platform/shown-values.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";

const billing = actionsOf<typeof billingContract>("billing");

/** The latest visits and stays of a patient, and the currency of the price list. */
async function choicesFor({ id }: Patient) {
  const [{ resources }, prices] = await Promise.all([
    search<Encounter>("Encounter", { subject: `Patient/${id}`, _sort: "-date", _count: "10" }),
    billing.listPrices({}),
  ]);
  return { encounters: resources, currency: prices[0]?.currency ?? "" };
}

const textOf = ({ class: kind, reasonCode, period }: Encounter): string =>
  joined(tIfAny(`encounter.${kind.code}`) ?? kind.display ?? kind.code, conceptOf(reasonCode?.[0]), momentOf(period?.start));

interface AddChargeProps {
  patient: Patient;
  onClose: () => void;
  onDone: () => void;
}

export function AddCharge({ patient, onClose, onDone }: AddChargeProps) {
  const known = useLoad(`charge ${patient.id}`, () => choicesFor(patient));
  const kept = `charge ${patient.id}`;
  const [chosen, choose] = useKept(kept, "encounter");
  const [text, setText] = useKept(kept, "text");
  const [price, setPrice] = useKept(kept, "price");
  const [typed, setCurrency] = useKept(kept, "currency");
  const encounters = known.value?.encounters ?? [];
  const encounter = chosen || (encounters[0]?.id ?? "");
  const currency = (typed || (known.value?.currency ?? "")).trim().toUpperCase();
  const send = async () => {
    const cents = unitsTyped(price, currency);
    if (cents === undefined) throw new Refused(422, "AMOUNT_WRONG", "");
    const { charge } = await billing.charge({ encounter: `Encounter/${encounter}`, text, cents, currency });
    const back = async () => {
      await update<ChargeItem>({ ...(await read<ChargeItem>(charge)), status: "entered-in-error" });
      onDone();
    };
    say(t("charge.added", { what: text, amount: moneyOf(cents, currency) }), back);
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t("charge.add")} onClose=${onClose}>
    <p><${PersonLine} patient=${patient} /></p>
    <${NotKnown} loaded=${known} />
    <${Form} draft=${kept} send=${send} submit=${t("charge.add")} onCancel=${onClose} fieldOf=${{ AMOUNT_WRONG: "cents" }}>
      ${(faultOf: (field: string) => string | undefined) => html`
        <${Field} label=${t("charge.visit")} name="charge-encounter" value=${encounter} onValue=${choose} required options=${encounters.map((one) => [one.id ?? "", textOf(one)])} fault=${faultOf("encounter")} />
        <${Field} label=${t("charge.what")} name="charge-text" value=${text} onValue=${setText} required autofocus fault=${faultOf("text")} />
        <div class="fields">
          <${Field} label=${t("prices.price")} name="charge-price" value=${price} onValue=${setPrice} inputmode="decimal" required fault=${faultOf("cents")} />
          <${Field} label=${t("prices.currency")} name="charge-currency" value=${currency} onValue=${setCurrency} required fault=${faultOf("currency")} />
        </div>`}
    <//>
  <//>`;
}
