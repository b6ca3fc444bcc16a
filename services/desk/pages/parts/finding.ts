/** What a test has found, as people read it: value, flag, range. */
import type { Observation } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { conceptOf, quantityOf } from "../platform/names.ts";
import { tIfAny } from "../platform/texts.ts";

/** The value of a result, in words. */
export function findingOf({ valueQuantity, valueString, valueCodeableConcept, valueInteger, component = [] }: Observation): string {
  if (valueQuantity) return quantityOf(valueQuantity);
  if (component.length > 0) {
    return component.map((one) => `${conceptOf(one.code)} ${one.valueQuantity ? quantityOf(one.valueQuantity) : ""}`).join(", ");
  }
  return valueString ?? conceptOf(valueCodeableConcept) ?? `${valueInteger ?? ""}`;
}

/** The range that it is held against, in words. */
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
