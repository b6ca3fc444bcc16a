/** How much, how and when: the fields of a new prescription for its dosage, and what they ask for. */
import { isAsNeeded, repeatOf } from "../../../../../fhir/timing.ts";
import type { Dosage, Quantity } from "../../../../../fhir/r4.ts";
import { ROUTES } from "../../../../pharmacy/doses.contract.ts";
import { type Children, html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { NumberField } from "../../parts/number-field.ts";
import { TimeField } from "../../parts/time-field.ts";
import { Refused } from "../../platform/api.ts";
import { daysAfter, momentOf, nextInstantOf } from "../../platform/clock.ts";
import { amountIn, requireOneWay } from "../../platform/numbers.ts";
import { routeText } from "../../platform/routes.ts";
import { conceptOf, typedIn } from "../../platform/shown-values.ts";
import { t } from "../../platform/texts.ts";

type ValueOf = (name: string) => string;

/** An amount as it was typed; undefined if the field is empty. @throws Refused NO_AMOUNT, NUMBER_IN_TWO_WAYS; beside the field */
function amountOf(value: ValueOf, name: string) {
  const text = value(name);
  requireOneWay(text, name);
  const amount = amountIn(text);
  if (text && !amount) throw new Refused(422, "NO_AMOUNT", "", { fields: [{ field: name }] });
  return amount;
}

/** The dosage as `pharmacy.prescribe` takes it. @throws Refused NO_AMOUNT, NUMBER_IN_TWO_WAYS */
export function askedDosage(value: ValueOf) {
  const [dose, isNeeded] = [amountOf(value, "dose"), value("asNeeded") !== ""];
  const from = value("first") && !isNeeded ? nextInstantOf(value("first")) : new Date().toISOString();
  const [often, hours, days] = ["often", "hours", "days"].map((name) => Number(value(name)));
  const until = days && !isNeeded ? { until: daysAfter(from, days) } : {};
  const timing = isNeeded
    ? hours && { frequency: 1, period: hours, periodUnit: "h" as const, from }
    : often && { frequency: often, period: 1, periodUnit: "d" as const, from, ...until };
  const maxPerDay = isNeeded ? amountOf(value, "maxPerDay") : undefined;
  return {
    dosage: value("dosage"),
    ...(dose && { dose }),
    ...(value("route") && { route: value("route") }),
    ...(timing && { timing }),
    ...(isNeeded && { asNeeded: true, ...(value("for").trim() && { asNeededFor: value("for") }) }),
    ...(maxPerDay && { maxPerDay }),
  };
}

const typedAmount = ({ value, unit, code }: Quantity = {}): string =>
  value === undefined ? "" : `${typedIn(value)} ${unit ?? code ?? ""}`.trim();

/** The fields for the dosage of an earlier prescription; of its times what is given each day, not when it began. */
export function typedDosage(of: Dosage | undefined): Record<string, string> {
  const { frequency, period, periodUnit } = repeatOf(of?.timing) ?? {};
  const isNeeded = of !== undefined && isAsNeeded(of);
  const name = Object.entries(ROUTES).find(([, code]) => of?.route?.coding?.some((one) => one.code === code))?.[0] ?? of?.route?.text ?? "";
  const { numerator, denominator } = of?.maxDosePerPeriod ?? {};
  const isDaily = denominator?.value === 1 && denominator.code === "d";
  return {
    dosage: of?.text ?? "",
    dose: typedAmount(of?.doseAndRate?.[0]?.doseQuantity),
    route: Object.hasOwn(ROUTES, name) ? name : "",
    asNeeded: isNeeded ? "yes" : "",
    for: conceptOf(of?.asNeededCodeableConcept),
    often: !isNeeded && frequency !== undefined && period === 1 && periodUnit === "d" ? `${frequency}` : "",
    hours: isNeeded && (frequency ?? 1) === 1 && period !== undefined && periodUnit === "h" ? `${period}` : "",
    maxPerDay: isDaily ? typedAmount(numerator) : "",
  };
}

interface DosageFieldsProps {
  value: ValueOf;
  set: (name: string, text: string) => void;
  faultOf: (field: string) => string | undefined;
  /** A field beside the last one. */
  children: Children;
}

export function DosageFields({ value, set, faultOf, children }: DosageFieldsProps) {
  const isNeeded = value("asNeeded") !== "";
  const isTimed = Number(value("often")) > 0;
  const of = (name: string) => ({ name, value: value(name), onValue: (text: string) => set(name, text), fault: faultOf(name) });
  const routes = [["", t("route.none")], ...Object.keys(ROUTES).map((one) => [one, routeText(one)])];
  const needsDose = isNeeded ? value("maxPerDay") !== "" : isTimed;
  const needed = () => html`<div class="fields">
      <${Field} ...${of("for")} label=${t("prescribe.for")} fault=${faultOf("asNeededFor")} />
      <${NumberField} ...${of("hours")} label=${t("prescribe.hours")} min="0.25" max="100" step="any" fault=${faultOf("timing.period")} />
      <${Field} ...${of("maxPerDay")} label=${t("prescribe.most")} hint=${t("dose.hint")} />
      ${children}
    </div>`;
  const timed = () => html`<div class="fields">
      <${NumberField} ...${of("often")} label=${t("timing.often")} min="1" max="24" hint=${t("timing.hint")} fault=${faultOf("timing.frequency")} required=${value("days") !== "" || value("first") !== ""} />
      <${TimeField} ...${of("first")} label=${t("prescribe.first")} textOf=${(time: string) => momentOf(nextInstantOf(time))} fault=${faultOf("timing.from")} />
      <${NumberField} ...${of("days")} label=${t("prescribe.days")} min="1" max="365" hint=${t("prescribe.days.hint")} fault=${faultOf("timing.until")} />
      ${children}
    </div>`;
  return html`<${Field} ...${of("dosage")} label=${t("dosage")} required />
    <div class="fields">
      <${Field} ...${of("dose")} label=${t("dose")} hint=${t("dose.hint")} required=${needsDose} />
      <${Field} ...${of("route")} label=${t("route")} options=${routes} />
    </div>
    <label class="choice"><input type="checkbox" name="asNeeded" checked=${isNeeded} onChange=${() => set("asNeeded", isNeeded ? "" : "yes")} /> ${t("prescribe.asNeeded")}</label>
    ${isNeeded ? needed() : timed()}`;
}
