/** Result of a test in readable form: value, flag, range. */
import type { CodeableConcept, Observation } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { conceptOf, quantityOf } from "../platform/shown-values.ts";
import { listed, numberIn, tIfAny } from "../platform/texts.ts";

/** LOINC codes of the two components of a blood pressure. */
const PRESSURES = ["8480-6", "8462-4"];
const codeOf = ({ coding = [] }: CodeableConcept) => coding.find(({ system }) => system === "http://loinc.org")?.code;

/** Name of the test; for vital signs in the page's language. */
export const testOf = ({ code }: Observation): string => tIfAny(`vital.${codeOf(code)}`) ?? conceptOf(code);

/** The value of a result as text. */
export function findingOf({ valueQuantity, valueString, valueCodeableConcept, valueInteger, component = [] }: Observation): string {
  if (valueQuantity) return quantityOf(valueQuantity);
  const [systolic, diastolic] = PRESSURES.map((code) => component.find((one) => codeOf(one.code) === code)?.valueQuantity);
  if (systolic?.value !== undefined && diastolic) {
    // Rounded to whole millimetres, as blood pressures are read; monitors report thousandths.
    return quantityOf({ ...diastolic, value: Math.round(diastolic.value ?? 0) }, `${numberIn(Math.round(systolic.value))}/`);
  }
  if (component.length > 0) {
    return listed(component.map((one) => `${conceptOf(one.code)} ${one.valueQuantity ? quantityOf(one.valueQuantity) : ""}`));
  }
  if (valueInteger !== undefined) return numberIn(valueInteger);
  return valueString ?? conceptOf(valueCodeableConcept);
}

/** The value of a result; a number is not separated from its unit by a line break. */
export const Finding = ({ of }: { of: Observation }) =>
  html`<span class=${of.valueQuantity ? "nowrap" : undefined}>${findingOf(of)}</span>`;

/** The reference range as text. */
export const rangeOf = ({ referenceRange: [range] = [] }: Observation): string =>
  range
    ? (range.text ?? [range.low && quantityOf(range.low), range.high && quantityOf(range.high)].map((end) => end ?? "").join(" – "))
    : "";

/** H, L, HH, … as a sign and a word. */
export function FlagOf({ code }: { code: string | undefined }) {
  if (code === undefined || code === "N") return null;
  const sign = /^H/.test(code) ? "↑" : /^L/.test(code) ? "↓" : "!";
  return html`<span class=${code.length > 1 ? "tag bad" : "tag warn"}>${sign} ${tIfAny(`flag.${code}`) ?? code}</span>`;
}

/** The flag of a result. */
export const Flag = ({ of: { interpretation = [] } }: { of: Observation }) =>
  html`<${FlagOf} code=${interpretation[0]?.coding?.[0]?.code} />`;
