/** Laboratory orders, and ordering. */
import { useState } from "preact/hooks";
import type { ServiceRequest } from "../../../../../fhir/r4.ts";
import type { Priority } from "../../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamedNow } from "../../parts/code-field.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { later } from "../../parts/later.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { actionsOf, type Found, Refused } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useDraft } from "../../platform/drafts.ts";
import { type KnownCode, knownTests } from "../../platform/known-codes.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { testCatalogue, testText } from "../../platform/test-names.ts";
import { language, t, tIfAny } from "../../platform/texts.ts";

const CancelOrder = later("order.cancel", () => import("./cancel-order.ts").then((it) => it.CancelOrder));

const lab = actionsOf<typeof labContract>("lab");
/** SNOMED CT's code of the category of laboratory orders. */
const LABORATORY = "108252007";
const PRIORITIES = ["routine", "urgent", "asap", "stat"] as const satisfies Priority[];

interface OrdersProps {
  loaded: Loaded<Found<ServiceRequest>>;
  patient: string;
}

/** Whether it is one that the laboratory cancels. */
const isOfLaboratory = ({ category = [] }: ServiceRequest): boolean =>
  category.some(({ coding = [] }) => coding.some(({ code }) => code === LABORATORY));

export function Orders({ loaded, patient }: OrdersProps) {
  const [cancelled, setCancelled] = useState<ServiceRequest | undefined>();
  const show = ({ resources, isPartial, hasMore }: Found<ServiceRequest>) => {
    const waiting = resources.filter(({ status }) => status === "active");
    return html`<${Partial} isPartial=${isPartial} hasMore=${hasMore} />
      ${waiting.length === 0 && !isPartial && html`<p class="muted">${t("orders.none")}</p>`}
      <ul class="list">${waiting.map(
        (
          one,
        ) => html`<li key=${one.id}><span><bdi>${conceptOf(one.code)}</bdi> <span class="muted nowrap">${momentOf(one.authoredOn)}</span></span>
          <span class="buttons">${one.priority !== undefined && one.priority !== "routine" && html`<span class="tag bad">${tIfAny(`priority.${one.priority}`) ?? one.priority}</span>`}<span class="tag">${tIfAny(`order.${one.status}`) ?? one.status}</span>
          ${isOfLaboratory(one) && offers("lab.order") && html`<button type="button" class="quiet" onClick=${() => setCancelled(one)}>${t("order.cancel")}<${For} who=${conceptOf(one.code)} /></button>`}</span></li>`,
      )}</ul>
      ${offers("lab.order") && html`<${Order} patient=${patient} onDone=${loaded.reload} />`}`;
  };
  return html`<${Panel} title=${t("orders")} loaded=${loaded} show=${show} id="part-orders" />
    ${cancelled && html`<${CancelOrder} of=${loaded.value?.resources.find(({ id }) => id === cancelled.id) ?? cancelled} onClose=${() => setCancelled(undefined)} onDone=${loaded.reload} />`}`;
}

/** The tests of the laboratory; without a catalogue those ordered before. */
async function choices(): Promise<{ codes: KnownCode[]; inCatalogue: Set<string> }> {
  const { system, tests, panels } = await testCatalogue().catch(() => ({ system: "", tests: [], panels: [] }));
  const listed = [...panels, ...tests].map(({ code, display }) => ({ system, code, display: testText({ system, code, display }) }));
  const inCatalogue = new Set(listed.map(({ code }) => code));
  const known = await knownTests();
  return { codes: [...listed, ...known.filter(({ code }) => !inCatalogue.has(code))], inCatalogue };
}

function Order({ patient, onDone }: { patient: string; onDone: () => void }) {
  const known = useLoad(`tests ${language.value}`, choices);
  const { draft, set, clear } = useDraft(`order.${patient}`, { priority: "routine" });
  const { test: text = "", priority = "" } = draft.value;
  const send = async () => {
    let inCatalogue = known.value?.inCatalogue;
    const load = async () => {
      const all = await choices();
      ({ inCatalogue } = all);
      return all.codes;
    };
    const test = await codeNamedNow(known.value?.codes, load, text);
    if (!test) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const isListed = inCatalogue?.has(test.code);
    const { order } = await (isListed
      ? lab.orderPanel({ patient, code: test.code, priority: priority as Priority })
      : lab.order({ patient, test }));
    say(t("order.sent", { what: test.display }), () => lab.cancel({ order, reason: t("undo.reason") }).then(onDone));
    clear();
    onDone();
  };
  return html`<${Form} send=${send} submit=${t("order")} label=${t("order")} isInline fieldOf=${{ CHOOSE_FROM_LIST: "test", TEST_UNKNOWN: "test" }}>
    ${(
      faultOf: (field: string) => string | undefined,
    ) => html`<div class="fields"><div><${CodeField} label=${t("result.test")} name="test" value=${text} onValue=${(typed: string) => set("test", typed)} codes=${known.value?.codes ?? []} fault=${faultOf("test")} /></div>
      <${Field} label=${t("order.priority")} name="priority" value=${priority} onValue=${(chosen: string) => set("priority", chosen)} options=${PRIORITIES.map((one) => [one, t(`priority.${one}`)])} /></div>`}
  <//>`;
}
