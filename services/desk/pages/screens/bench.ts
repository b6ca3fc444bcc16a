/** The bench of the laboratory: what waits for a result, and what was issued. */
import { useState } from "preact/hooks";
import type { ServiceRequest } from "../../../../fhir/r4.ts";
import { html } from "../html.ts";
import { Field } from "../parts/field.ts";
import { For } from "../parts/for.ts";
import { type Joined, searchWithPatients, type WithPatient } from "../parts/joined.ts";
import { Panel, Partial } from "../parts/panel.ts";
import { PersonLine } from "../parts/person-line.ts";
import { Wide } from "../parts/wide.ts";
import { since } from "../platform/clock.ts";
import { useLoad } from "../platform/load.ts";
import { conceptOf, nameOf, numberOf } from "../platform/names.ts";
import { t, tIfAny } from "../platform/texts.ts";
import { EnterResult } from "./bench/enter.ts";
import { Issued } from "./bench/issued.ts";

/** Asked for again after so long, milliseconds. */
const EVERY_MS = 5_000;
const URGENCY = ["stat", "asap", "urgent", "routine"];
type Order = WithPatient<ServiceRequest>;

const urgencyOf = ({ of: { priority } }: Order): number => URGENCY.indexOf(priority ?? "routine");

/** What is scanned or typed: part of a name, of the patient's number, or of the test. */
function isMeant({ of, patient }: Order, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  const words = [
    nameOf(patient),
    patient ? numberOf(patient) : "",
    conceptOf(of.code),
    ...(of.identifier ?? []).map(({ value = "" }) => value),
  ];
  return words.some((one) => one.toLowerCase().includes(wanted));
}

/** See the head of this file. */
export default function Bench() {
  const orders = useLoad(
    "orders",
    () => searchWithPatients<ServiceRequest>("ServiceRequest", { status: "active", _sort: "authored", _count: "200" }),
    EVERY_MS,
  );
  const [text, setText] = useState("");
  const [open, setOpen] = useState<Order | undefined>();
  const [turn, setTurn] = useState(0);
  const row = (one: Order) => html`<tr key=${one.of.id}>
    <td>${one.of.priority && one.of.priority !== "routine" ? html`<span class="tag bad">${tIfAny(`priority.${one.of.priority}`) ?? one.of.priority}</span>` : ""}</td>
    <th scope="row"><bdi>${conceptOf(one.of.code)}</bdi></th>
    <td>${one.patient ? html`<${PersonLine} patient=${one.patient} />` : t("person.notKnown")}</td>
    <td class="nowrap">${since(one.of.authoredOn)}</td>
    <td><button type="button" onClick=${() => setOpen(one)}>${t("bench.enter")}<${For} who=${`${conceptOf(one.of.code)}, ${nameOf(one.patient)}`} /></button></td>
  </tr>`;
  const show = ({ all, isPartial }: Joined<ServiceRequest>) => {
    const shown = all.filter((one) => isMeant(one, text)).sort((a, b) => urgencyOf(a) - urgencyOf(b));
    return html`<${Partial} isPartial=${isPartial} />
      <${Field} label=${t("bench.find")} name="bench-find" type="search" value=${text} onValue=${setText} />
      <p class="muted" role="status">${t("bench.count", { n: shown.length })}</p>
      <${Wide} label=${t("bench.waiting")}><table><thead><tr><td></td><th scope="col">${t("result.test")}</th><th scope="col">${t("chart.banner")}</th><th scope="col">${t("bench.waits")}</th><td></td></tr></thead>
      <tbody>${shown.map(row)}</tbody></table><//>`;
  };
  const done = () => {
    setOpen(undefined);
    orders.reload();
    setTurn((before) => before + 1);
  };
  return html`<${Panel} title=${t("bench.waiting")} loaded=${orders} show=${show} />
    <${Issued} turn=${turn} />
    ${open && html`<${EnterResult} order=${open} onClose=${() => setOpen(undefined)} onDone=${done} />`}`;
}
