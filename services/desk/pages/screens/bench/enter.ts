/** Enters the values of an order in two steps: typed, then reviewed with their flags and released. What is not shown cannot be released. */
import { useState } from "preact/hooks";
import type { Patient } from "../../../../../fhir/r4.ts";
import type { BenchOrder, Catalogue } from "../../../../lab/bench.contract.ts";
import type { Finding, lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { numberTyped, plainNumber, requireOneWay } from "../../platform/numbers.ts";
import { testText } from "../../platform/test-names.ts";
import { t } from "../../platform/texts.ts";
import { unitOf } from "../../platform/units.ts";
import { EnteredValues, type Review, reviewOf, reviewOfOrder } from "./entered-values.ts";

const lab = actionsOf<typeof labContract>("lab");

/** What was typed: a number in any notation, as text if its digits tell more than its value ("13.50"); else words ("<5" is the laboratory's). */
function readAs(text: string): number | string {
  const [number, plain] = [numberTyped(text), plainNumber(text)];
  if (number !== undefined) return String(number) === plain ? number : plain;
  return /^\s*[<>≤≥]/.test(text) ? plain : text.trim();
}

/** A number, or a bound, with its unit; or words. */
export function findingIn(value: string, unit: string): Finding {
  const read = readAs(value);
  const isNumber = typeof read === "number" || /^(?:[<>≤≥]=?\s*)?\d+(?:\.\d+)?$/.test(read);
  return isNumber && unit.trim() !== "" ? { value: read, unit: unit.trim() } : { text: `${value} ${unit}`.trim() };
}

interface EnterProps {
  order: BenchOrder;
  patient: Patient | undefined;
  /** Codes of the values to enter. */
  tests: string[];
  catalogue: Catalogue;
  onClose: () => void;
  onDone: () => void;
}

export function EnterDialog({ order, patient, tests, catalogue, onClose, onDone }: EnterProps) {
  const [own, setOwn] = useState<Review | undefined>();
  const [wasEntered, setWasEntered] = useState(order.state === "entered");
  const before = useLoad(`entered ${order.order}`, () => reviewOfOrder(order.order, tests), 0, wasEntered);
  const review = own ?? before.value;
  const { draft, set, clear } = useDraft(`result.${order.order}`);
  const leave = () => {
    clear();
    onClose();
  };
  const testOf = (code: string) => catalogue.tests.find((one) => one.code === code);
  /** The report that is shown, or that there was none; undefined while it is not known. */
  const seenNow = () => (review ? { version: review.version } : wasEntered ? {} : { version: 0 });
  /** Others have entered or changed values since: theirs are to be reviewed. */
  const orShowCurrent = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused && error.type === "ORDER_CHANGED") showCurrent();
      throw error;
    }
  };
  const enter = async () => {
    tests.forEach((code, index) => {
      requireOneWay(draft.value[code] ?? "", `results[${index}].value`);
    });
    const values = tests.flatMap((code) => {
      const value = draft.value[code]?.trim();
      const unit = testOf(code) ? undefined : draft.value[`${code}.unit`]?.trim();
      return value ? [{ code, value: readAs(value), ...(unit && { unit }) }] : [];
    });
    if (values.length === 0) throw new Refused(422, "NOTHING_ENTERED", "");
    const entered = await orShowCurrent(() => lab.enter({ order: order.order, results: values, ...seenNow() }));
    setOwn(reviewOf(entered, catalogue.system));
    onDone();
  };
  const showCurrent = () => {
    setOwn(undefined);
    setWasEntered(true);
    before.reload();
  };
  const release = async () => {
    const missing = draft.value["missing"];
    const seen = review && { version: review.version, values: review.values.map(({ id, version }) => ({ observation: id, version })) };
    await orShowCurrent(() => lab.release({ order: order.order, ...seen, ...(missing && { missingReason: missing }) }));
    say(t("bench.issued"));
    leave();
    onDone();
  };
  const field = (code: string, faultOf: (field: string) => string | undefined, index: number) => {
    const test = testOf(code);
    const unit = html`<span class="unit"><bdi>${unitOf(test?.unit ?? "")}</bdi></span>`;
    return html`<${Field} key=${code} label=${testText(test ? { system: catalogue.system, ...test } : { ...order.test, code })} name=${`value-${code}`} value=${draft.value[code] ?? ""} onValue=${(text: string) => set(code, text)} inputmode="decimal" autofocus=${index === 0} fault=${faultOf(`results[${index}].value`)}>${unit}<//>
      ${!test && html`<${Field} label=${t("result.unit")} name=${`unit-${code}`} value=${draft.value[`${code}.unit`] ?? ""} onValue=${(text: string) => set(`${code}.unit`, text)} />`}`;
  };
  return html`<${Dialog} title=${testText(order.test)} onClose=${onClose}>
    <div class="stack">
      <p>${patient && html`<${PersonLine} patient=${patient} />`} <bdi class="number">${order.accession}</bdi></p>
      <${Form} send=${enter} submit=${t(own || wasEntered ? "bench.enterAgain" : "bench.enterValues")} onCancel=${leave} isInline=${false} fieldOf=${{ NOTHING_ENTERED: "results[0].value" }}>
        ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">${tests.map((code, index) => field(code, faultOf, index))}</div>`}
      <//>
      ${wasEntered && !own && html`<${NotKnown} loaded=${before} />`}
      ${
        review &&
        html`<${EnteredValues} review=${review} />
        <${Form} send=${release} submit=${t("bench.release")}>
          ${(faultOf: (field: string) => string | undefined) => html`${review.missing.length > 0 && html`<${Field} label=${t("bench.missing")} name="missing" value=${draft.value["missing"] ?? ""} onValue=${(text: string) => set("missing", text)} fault=${faultOf("missingReason")} required />`}`}
        <//>`
      }
    </div>
  <//>`;
}
