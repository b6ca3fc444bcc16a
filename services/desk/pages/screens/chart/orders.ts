/** Orders to the laboratory, and ordering. */
import { useState } from "preact/hooks";
import type { ServiceRequest } from "../../../../../fhir/r4.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamed } from "../../parts/code-field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { actionsOf, type Found, Refused } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { knownTests } from "../../platform/known-codes.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { offers } from "../../platform/menu.ts";
import { conceptOf } from "../../platform/names.ts";
import { t, tIfAny } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

interface OrdersProps {
  loaded: Loaded<Found<ServiceRequest>>;
  patient: string;
}

/** See the head of this file. */
export function Orders({ loaded, patient }: OrdersProps) {
  const show = ({ resources, isPartial }: Found<ServiceRequest>) => {
    const waiting = resources.filter(({ status }) => status === "active");
    return html`<${Partial} isPartial=${isPartial} />
      ${waiting.length === 0 && html`<p class="muted">${t("none")}</p>`}
      <ul class="list">${waiting.map(
        (
          one,
        ) => html`<li key=${one.id}><span><bdi>${conceptOf(one.code)}</bdi> <span class="muted">${momentOf(one.authoredOn)}</span></span>
          <span class="tag">${tIfAny(`order.${one.status}`) ?? one.status}</span></li>`,
      )}</ul>
      ${offers("lab.order") && html`<${Order} patient=${patient} onDone=${loaded.reload} />`}`;
  };
  return html`<${Panel} title=${t("orders")} loaded=${loaded} show=${show} />`;
}

function Order({ patient, onDone }: { patient: string; onDone: () => void }) {
  const tests = useLoad("tests", knownTests);
  const [text, setText] = useState("");
  const send = async () => {
    const test = codeNamed(tests.value ?? [], text);
    if (!test) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const { order } = await lab.order({ patient, test });
    say(t("order.sent", { what: test.display }), () => lab.cancel({ order, reason: t("undo.reason") }).then(onDone));
    setText("");
    onDone();
  };
  return html`<${Form} send=${send} submit=${t("order")} label=${t("order")} isInline fieldOf=${{ CHOOSE_FROM_LIST: "test" }}>
    ${(faultOf: (field: string) => string | undefined) => html`<${CodeField} label=${t("order.test")} name="test" value=${text} onValue=${setText} codes=${tests.value ?? []} fault=${faultOf("test")} />`}
  <//>`;
}
