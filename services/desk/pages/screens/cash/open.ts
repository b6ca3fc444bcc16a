/** Charges that are not on an invoice yet. */
import { useState } from "preact/hooks";
import type { ChargeItem, Encounter, FhirResource, Patient } from "../../../../../fhir/r4.ts";
import type { billing as billingContract } from "../../../../billing/billing.contract.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { For } from "../../parts/for.ts";
import { later } from "../../parts/later.ts";
import { useMore } from "../../parts/more.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, readAll, search } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { sumInUnits } from "../../../../../fhir/minor-units.ts";
import { conceptOf, moneyOf } from "../../platform/shown-values.ts";
import { listed, t } from "../../platform/texts.ts";

const AddCharge = later("charge.add", () => import("./add-charge.ts").then((it) => it.AddCharge));
const Prices = later("prices", () => import("./prices.ts").then((it) => it.Prices));

const billing = actionsOf<typeof billingContract>("billing");

/** A visit or stay with its unbilled charges, or what a patient owes outside of any. */
interface Account {
  /** Absent: outside of any. */
  encounter: string | undefined;
  /** "Patient/…" */
  subject: string;
  visit: Encounter | undefined;
  patient: Patient | undefined;
  charges: ChargeItem[];
}

/** Charges in one search. */
const MAX_CHARGES = "500";

/** Accounts, and whether there are further charges, which were not read. */
interface Accounts {
  all: Account[];
  isPartial: boolean;
  hasMore: boolean;
}

/** @param patient whose; undefined: everybody's */
async function accounts(patient: Patient | undefined): Promise<Accounts> {
  const of: Record<string, string> = patient ? { subject: `Patient/${patient.id}` } : {};
  const { resources, isPartial, hasMore } = await search<ChargeItem>("ChargeItem", { ...of, status: "billable", _count: MAX_CHARGES });
  const byWhat = Map.groupBy(resources, ({ context, subject }) => context?.reference ?? subject.reference ?? "");
  const references = resources
    .flatMap(({ context, subject }) => [context?.reference, subject.reference])
    .filter((one) => one !== undefined);
  const known = await readAll<FhirResource>(references);
  const all = [...byWhat.values()].map((charges) => {
    const encounter = charges[0]?.context?.reference;
    const subject = charges[0]?.subject.reference ?? "";
    const visit = known.get(encounter ?? "") as Encounter | undefined;
    return { encounter, subject, charges, visit, patient: known.get(subject) as Patient | undefined };
  });
  return { all, isPartial, hasMore };
}

/** Prices of charges; undefined for one that has no amount or no currency. */
const pricesOf = (charges: ChargeItem[]): ({ value: number; currency: string } | undefined)[] =>
  charges.map(({ priceOverride: { value, currency } = {} }) =>
    value === undefined || currency === undefined ? undefined : { value, currency },
  );

/** Sum of charges in minor units, as the bill will have it; undefined if they are in several currencies, or one has no price. */
function centsOf(charges: ChargeItem[]): number | undefined {
  const prices = pricesOf(charges);
  const currency = prices[0]?.currency;
  if (currency === undefined || prices.some((price) => price?.currency !== currency)) return undefined;
  return sumInUnits(
    prices.map((price) => price?.value ?? 0),
    currency,
  );
}

/** Sum of charges in words. */
function totalOf(charges: ChargeItem[]): string {
  const prices = pricesOf(charges);
  if (prices.includes(undefined)) return t("cash.noPrice");
  const currency = prices[0]?.currency ?? "";
  const cents = centsOf(charges);
  return cents === undefined ? t("cash.several") : moneyOf(cents, currency);
}

/** A sum of amounts in one currency. */
export const sumOf = (amounts: number[], currency: string): string => moneyOf(sumInUnits(amounts, currency), currency);

/** Number shown at first, and added each time. */
const STEP = 20;

/** Whether it can be billed. */
const hasEnded = ({ encounter, visit }: Account): boolean =>
  encounter === undefined || visit?.status === "finished" || visit?.status === "cancelled";

/** What can be billed now comes first. */
const endedFirst = (all: Account[]): Account[] => all.toSorted((a, b) => Number(hasEnded(b)) - Number(hasEnded(a)));

/** Properties of the parts of the page. */
export interface PartProps {
  /** Changes when something was billed, paid or undone. */
  turn: number;
  /** Interval of reading, milliseconds. */
  everyMs: number;
  /** Whose accounts and bills; undefined: everybody's. */
  patient: Patient | undefined;
  onChange: () => void;
}

export function Open({ turn, everyMs, patient: chosen, onChange }: PartProps) {
  const [asked, setAsked] = useState<"prices" | "charge" | undefined>();
  const open = useLoad(`open charges ${chosen?.id ?? ""}`, () => accounts(chosen), everyMs);
  useTurn(open, turn);
  const bill = async ({ encounter, subject, patient, charges }: Account) => {
    const isWhole = open.value?.isPartial === false && !open.value.hasMore;
    const shown = isWhole ? centsOf(charges) : undefined;
    try {
      const sum = shown !== undefined && { cents: shown };
      const { invoice, cents, currency } = await (encounter === undefined
        ? billing.invoicePatient({ patient: subject, ...sum })
        : billing.invoice({ encounter, ...sum }));
      const back = () => billing.cancelInvoice({ invoice, reason: t("undo.reason") }).then(onChange);
      say(t("cash.billed", { name: nameOf(patient), amount: moneyOf(cents, currency) }), back);
    } catch (error) {
      sayFault(error);
    }
    onChange();
  };
  const more = useMore(STEP, Number.POSITIVE_INFINITY);
  const account = (one: Account) => html`<li key=${one.encounter ?? one.subject}>
    <span>${one.patient ? html`<${PersonLine} patient=${one.patient} />` : t("person.notKnown")}<br />
      <span class="muted"><${Dotted} of=${[dateOf(one.visit?.period?.start), listed(one.charges.map(({ code }) => conceptOf(code)))]} /></span></span>
    <span class="buttons"><strong class="nowrap">${totalOf(one.charges)}</strong>
    ${
      hasEnded(one)
        ? html`<button type="button" onClick=${() => bill(one)}>${t("cash.bill")}<${For} who=${nameOf(one.patient)} /></button>`
        : html`<span class="tag">${t("cash.notEnded")}</span>`
    }</span>
  </li>`;
  const show = ({ all, isPartial, hasMore }: Accounts) => html`<${Partial} isPartial=${isPartial} />
    ${hasMore && html`<p class="not-known" role="status"><span aria-hidden="true">…</span> ${t("cash.moreCharges", { n: MAX_CHARGES })}</p>`}
    ${all.length === 0 && !isPartial && html`<p class="muted">${t("cash.nothingToBill")}</p>`}<ul class="list roomy">${endedFirst(all).slice(0, more.count).map(account)}</ul>${all.length > more.count && more.below(all.length)}`;
  const actions = html`<button type="button" class="quiet" onClick=${() => setAsked("prices")}>${t("prices")}</button>
    ${chosen && html`<button type="button" onClick=${() => setAsked("charge")}>${t("charge.add")}</button>`}`;
  const close = () => setAsked(undefined);
  return html`<${Panel} title=${t("cash.open")} loaded=${open} show=${show} actions=${actions} />
    ${asked === "prices" && html`<${Prices} onClose=${close} />`}
    ${asked === "charge" && chosen && html`<${AddCharge} patient=${chosen} onClose=${close} onDone=${onChange} />`}`;
}
