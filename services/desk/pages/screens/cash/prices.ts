/** The price list: what a visit, a day of a stay, a result of the laboratory and a unit of a medication cost. */
import type { ChargeItemDefinition, Medication } from "../../../../../fhir/r4.ts";
import type { billing as billingContract, Price } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamedNow } from "../../parts/code-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf, read, Refused, search, update } from "../../platform/api.ts";
import { useKept } from "../../platform/drafts.ts";
import type { KnownCode } from "../../platform/known-codes.ts";
import { useLoad } from "../../platform/load.ts";
import { moneyTyped, unitsTyped } from "../../platform/money.ts";
import { conceptOf, moneyOf } from "../../platform/shown-values.ts";
import { nameIn, testCatalogue } from "../../platform/test-names.ts";
import { language, locale, t } from "../../platform/texts.ts";

const billing = actionsOf<typeof billingContract>("billing");

const CLASSES = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/** Limit of the hospital's medications. */
const MAX_MEDICATIONS = "1000";

/** What can have a price: visits and days of stays by their class, the laboratory's tests, the hospital's medications. */
async function knownActs(): Promise<KnownCode[]> {
  const classes = (["AMB", "EMER", "IMP"] as const).map((code) => {
    const name = t(`encounter.${code}`);
    return { system: CLASSES, code, display: code === "IMP" ? t("prices.aDay", { what: name }) : name };
  });
  const [{ system, tests }, { resources }] = await Promise.all([
    testCatalogue(),
    search<Medication>("Medication", { status: "active", "lot-number:missing": "true", _count: MAX_MEDICATIONS }),
  ]);
  const medications = resources.flatMap(({ code }) => {
    const { system: of = "", code: coded } = code?.coding?.[0] ?? {};
    return coded === undefined ? [] : [{ system: of, code: coded, display: conceptOf(code) }];
  });
  return [...classes, ...tests.map((one) => ({ system, code: one.code, display: nameIn(language.value, one) })), ...medications];
}

const isOf = (act: { system: string; code: string }, { code }: Price): boolean => code.system === act.system && code.code === act.code;

/** Takes a first price away again, unless others have changed it since: from then on the act is not charged. */
async function withdraw(definition: string, version: number): Promise<void> {
  await update<ChargeItemDefinition>({ ...(await read<ChargeItemDefinition>(definition)), status: "retired" }, `${version}`);
}

export function Prices({ onClose }: { onClose: () => void }) {
  const acts = useLoad(`acts ${language.value}`, knownActs);
  const prices = useLoad("prices", () => billing.listPrices({}));
  const known = prices.value ?? [];
  const kept = "price";
  const [what, setWhat] = useKept(kept, "what");
  const [price, setPrice] = useKept(kept, "price");
  const [typed, setCurrency] = useKept(kept, "currency");
  const currency = (typed || (known[0]?.currency ?? "")).trim().toUpperCase();
  const nameOf = ({ code }: Price): string => acts.value?.find((one) => isOf(one, { code } as Price))?.display ?? code.display ?? code.code;
  const choose = (name: string) => {
    setWhat(name);
    document.getElementById("field-price-price")?.focus();
  };
  const send = async () => {
    const act = await codeNamedNow(acts.value, knownActs, what);
    if (!act) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const cents = unitsTyped(price, currency);
    if (cents === undefined) throw new Refused(422, "AMOUNT_WRONG", "");
    const before = known.find((one) => isOf(act, one));
    const asked = { code: act, cents, currency, ...(before && { version: before.version }) };
    const { definition, version } = await billing.setPrice(asked).catch((refusal) => {
      prices.reload(); // what others have set is shown
      throw refusal;
    });
    const back = () =>
      before
        ? billing.setPrice({ code: before.code, cents: before.cents, currency: before.currency, version })
        : withdraw(definition, version);
    say(t("prices.set", { what: act.display, amount: moneyOf(cents, currency) }), () => back().then(prices.reload));
    setWhat("");
    setPrice("");
    prices.reload();
    document.getElementById("field-price-what")?.focus();
  };
  const row = (one: Price) => html`<li key=${one.definition}><span><bdi>${nameOf(one)}</bdi></span>
    <span class="buttons"><strong class="nowrap">${moneyOf(one.cents, one.currency)}</strong>
      <button type="button" class="quiet" onClick=${() => change(one)}>${t("change")}<${For} who=${nameOf(one)} /></button></span></li>`;
  const change = (one: Price) => {
    setPrice(moneyTyped(one.cents, one.currency, locale.value));
    setCurrency(one.currency);
    choose(nameOf(one));
  };
  const fieldOf = { CHOOSE_FROM_LIST: "what", AMOUNT_WRONG: "cents" };
  return html`<${Dialog} title=${t("prices")} onClose=${onClose}><div class="stack">
    <p class="hint">${t("prices.about")}</p>
    <${Form} draft=${kept} send=${send} submit=${t("store")} fieldOf=${fieldOf}>
      ${(
        faultOf: (field: string) => string | undefined,
      ) => html`<${CodeField} label=${t("prices.what")} name="price-what" value=${what} onValue=${setWhat} codes=${acts.value ?? []} autofocus fault=${faultOf("what")} />
        <div class="fields">
          <${Field} label=${t("prices.price")} name="price-price" value=${price} onValue=${setPrice} inputmode="decimal" required fault=${faultOf("cents")} />
          <${Field} label=${t("prices.currency")} name="price-currency" value=${currency} onValue=${setCurrency} required fault=${faultOf("currency")} />
        </div>`}
    <//>
    <${NotKnown} loaded=${acts} /><${NotKnown} loaded=${prices} />
    <ul class="list">${known.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))).map(row)}</ul>
  </div><//>`;
}
