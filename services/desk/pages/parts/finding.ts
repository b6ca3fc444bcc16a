/** Result of a test in readable form: value, flag, range. */
import type { CodeableConcept, Observation, Range } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { momentOf } from "../platform/clock.ts";
import { conceptOf, quantityOf } from "../platform/shown-values.ts";
import { listed, numberIn, t, tIfAny } from "../platform/texts.ts";

/** LOINC codes of the two components of a blood pressure. */
const PRESSURES = ["8480-6", "8462-4"];
const codeOf = ({ coding = [] }: CodeableConcept) => coding.find(({ system }) => system === "http://loinc.org")?.code;

/** What results of one test have in common: the LOINC code, which may stand behind a laboratory's own; else the first code, or the words. */
export function testKeyOf({ code }: Observation): string {
  const [first] = code.coding ?? [];
  return codeOf(code) ?? (first?.code === undefined ? conceptOf(code) : `${first.system}|${first.code}`);
}

/** Name of the test; for vital signs in the page's language. */
export const testOf = ({ code }: Observation): string => tIfAny(`vital.${codeOf(code)}`) ?? conceptOf(code);

const endsOf = ({ low, high }: Range): string => [low && quantityOf(low), high && quantityOf(high)].map((end) => end ?? "").join(" – ");

/** Both blood pressures, the systolic first; undefined where there is none. */
const pressuresOf = ({ component = [] }: Observation) =>
  PRESSURES.map((code) => component.find((one) => codeOf(one.code) === code)?.valueQuantity);

/** What a curve shows of a result: its number, or both blood pressures; none of a result in words. */
export function numbersOf(of: Observation): (number | null)[] {
  const numbers = (of.valueQuantity ? [of.valueQuantity] : pressuresOf(of)).map((one) => one?.value ?? null);
  return numbers.some((one) => one !== null) ? numbers : [];
}

/** The unit of what a curve shows. */
export const unitOfNumbers = (of: Observation): string => (of.valueQuantity ?? pressuresOf(of).find(Boolean))?.unit ?? "";

/** The value of a result as text. */
export function findingOf(of: Observation): string {
  const { valueQuantity, component = [] } = of;
  if (valueQuantity) return quantityOf(valueQuantity);
  const [systolic, diastolic] = pressuresOf(of);
  if (systolic?.value !== undefined && diastolic) {
    // Rounded to whole millimetres, as blood pressures are read; monitors report thousandths.
    return quantityOf({ ...diastolic, value: Math.round(diastolic.value ?? 0) }, `${numberIn(Math.round(systolic.value))}/`);
  }
  if (component.length > 0) {
    return listed(component.map((one) => `${conceptOf(one.code)} ${one.valueQuantity ? quantityOf(one.valueQuantity) : ""}`));
  }
  return otherFinding(of);
}

/** In this order on every page: 1 : 128 is not 128 : 1. */
const leftToRight = (text: string): string => `\u2066${text}\u2069`;

/** Kinds of values that are no number with a unit; or why there is no value. */
function otherFinding(of: Observation): string {
  if (of.valueInteger !== undefined) return numberIn(of.valueInteger);
  if (of.valueBoolean !== undefined) return t(of.valueBoolean ? "yes" : "no");
  if (of.valueRange) return leftToRight(endsOf(of.valueRange));
  if (of.valueRatio) {
    return leftToRight([of.valueRatio.numerator, of.valueRatio.denominator].map((one = {}) => quantityOf(one)).join("\u00a0:\u00a0"));
  }
  if (of.valuePeriod) return [of.valuePeriod.start, of.valuePeriod.end].map(momentOf).join(" – ");
  return of.valueString ?? of.valueTime ?? (momentOf(of.valueDateTime) || conceptOf(of.valueCodeableConcept ?? of.dataAbsentReason));
}

/** The value of a result; a number is not separated from its unit by a line break. */
export const Finding = ({ of }: { of: Observation }) =>
  html`<span class=${of.valueQuantity ? "nowrap" : undefined}>${findingOf(of)}</span>`;

/** The reference range as text. */
export const rangeOf = ({ referenceRange: [range] = [] }: Observation): string => (range ? (range.text ?? endsOf(range)) : "");

/** When it was found; else when it was issued. */
export const foundAt = ({ effectiveDateTime, effectivePeriod, effectiveInstant, issued }: Observation): string | undefined =>
  effectiveDateTime ?? effectivePeriod?.end ?? effectivePeriod?.start ?? effectiveInstant ?? issued;

/** Flags that call for action at once, and those that are no anomaly. */
const [CRITICAL, FINE] = [
  ["HH", "LL", "AA"],
  ["NEG", "S", "ND"],
];

/** H, L, HH, … as a sign and a word. */
export function FlagOf({ code }: { code: string | undefined }) {
  if (code === undefined || code === "N") return null;
  const sign = /^H/.test(code) ? "↑ " : /^L/.test(code) ? "↓ " : /^A/.test(code) ? "! " : "";
  const kind = CRITICAL.includes(code) ? "tag bad" : FINE.includes(code) ? "tag" : "tag warn";
  return html`<span class=${kind}>${sign}${tIfAny(`flag.${code}`) ?? code}</span>`;
}

/** The code of the flag of a result: the first with a name; a laboratory's own codes may stand before HL7's. */
export function flagOf({ interpretation = [] }: Observation): string | undefined {
  const codes = interpretation.flatMap(({ coding = [] }) => coding.flatMap(({ code }) => code ?? []));
  return codes.find((code) => code === "N" || tIfAny(`flag.${code}`) !== undefined) ?? codes[0];
}

/** The flag of a result. */
export const Flag = ({ of }: { of: Observation }) => html`<${FlagOf} code=${flagOf(of)} />`;
