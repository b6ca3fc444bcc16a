/** The laboratory bench: ordered, collected, entered and released; critical values first. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Patient } from "../../../../fhir/r4.ts";
import type { BenchOrder, Catalogue } from "../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../lab/lab.contract.ts";
import { html } from "../html.ts";
import { Field } from "../parts/field.ts";
import { For } from "../parts/for.ts";
import { useMore } from "../parts/more.ts";
import { Panel } from "../parts/panel.ts";
import { PersonLine } from "../parts/person-line.ts";
import { Wide } from "../parts/wide.ts";
import { actionsOf, readAll } from "../platform/api.ts";
import { since } from "../platform/clock.ts";
import { useNews } from "../platform/live.ts";
import { useLoad } from "../platform/load.ts";
import { isScanned, nameOf, numberOf } from "../platform/names.ts";
import { testCatalogue, testText } from "../platform/test-names.ts";
import { numberIn, t, tIfAny } from "../platform/texts.ts";
import { whereaboutsOf } from "../platform/whereabouts.ts";
import { CollectDialog } from "./bench/collect.ts";
import { Critical } from "./bench/critical.ts";
import { EnterDialog } from "./bench/enter.ts";
import { Issued } from "./bench/issued.ts";
import { atStation, StationChoice, testsOf, useStation } from "./bench/station.ts";

const lab = actionsOf<typeof labContract>("lab");

/** Orders shown at first, and added each time; the field above finds any of them. */
const STEP = 50;
/** Orders shown at most: more than the worklist has. */
const MAX_SHOWN = 2_000;

/** An order with its patient. */
interface Shown extends BenchOrder {
  record: Patient | undefined;
  /** Where an admitted patient lies. */
  place: string | undefined;
}

interface Work {
  orders: Shown[];
  catalogue: Catalogue;
}

async function work(): Promise<Work> {
  const [orders, catalogue] = await Promise.all([lab.worklist({}), testCatalogue()]);
  const patients = orders.map(({ patient }) => patient);
  const [records, places] = await Promise.all([readAll<Patient>(patients), whereaboutsOf(patients)]);
  return { orders: orders.map((one) => ({ ...one, record: records.get(one.patient), place: places.get(one.patient) })), catalogue };
}

/** The specimen for an order. */
const tubeOf = (order: BenchOrder, catalogue: Catalogue): string | undefined =>
  catalogue.tests.find(({ code }) => code === testsOf(order, catalogue)[0])?.specimen;

/** Orders that share a tube: of the same patient, with the same specimen. */
const together = (order: Shown, { orders, catalogue }: Work): Shown[] =>
  orders.filter((one) => one.state === "ordered" && one.patient === order.patient && tubeOf(one, catalogue) === tubeOf(order, catalogue));

const nameOfTest = ({ test }: BenchOrder): string => testText(test);

/** Whether an order matches what was scanned or typed: a tube's number, part of a name, of the patient's number, of the test, or of the ward. */
function isMeant(one: Shown, text: string): boolean {
  const ofPatient = [nameOf(one.record), one.record ? numberOf(one.record) : "", one.place ?? ""];
  const words = [one.accession ?? "", ...ofPatient, nameOfTest(one), one.test.display ?? ""];
  return words.some((word) => word.toLowerCase().includes(text.trim().toLowerCase()));
}

const STATES = ["ordered", "collected", "entered"] as const satisfies BenchOrder["state"][];

/** @param part initial filter by state */
export default function Bench({ part }: { part?: string }) {
  const live = useNews("types=Observation,ServiceRequest", () => changed());
  const known = useLoad("worklist", work, live.everyMs);
  const [text, setText] = useState("");
  const [state, setState] = useState(STATES.find((one) => one === part) ?? "");
  const [station, chooseStation] = useStation();
  const [open, setOpen] = useState<{ kind: "collect" | "enter"; order: Shown } | undefined>();
  const [turn, setTurn] = useState(0);
  const more = useMore(STEP, MAX_SHOWN);
  /** What was scanned before the list contained it. */
  const scanned = useRef("");
  useEffect(() => {
    const [only, ...others] = known.value?.orders.filter((one) => isMeant(one, text)) ?? [];
    if (scanned.current === "" || scanned.current !== text || !only || others.length > 0) return;
    scanned.current = "";
    setOpen({ kind: "enter", order: only });
  }, [known.value, text]);
  const close = () => setOpen(undefined);
  const changed = () => {
    known.reload();
    setTurn((before) => before + 1);
  };
  const row = (one: Shown) => html`<tr key=${one.order}>
    <td>${one.priority !== "routine" && html`<span class="tag bad">${tIfAny(`priority.${one.priority}`)}</span>`} <span class="tag">${t(`bench.state.${one.state}`)}</span></td>
    <th scope="row"><bdi>${nameOfTest(one)}</bdi> <bdi class="number">${one.accession}</bdi></th>
    <td>${one.place && html`<bdi class="tag place">${one.place}</bdi> `}${one.record ? html`<${PersonLine} patient=${one.record} />` : t("person.notKnown")}</td>
    <td class="nowrap">${since(one.orderedAt)}</td>
    <td class="nowrap">${one.state === "ordered" && html`<button type="button" class="quiet" onClick=${() => setOpen({ kind: "collect", order: one })}>${t("bench.collect")}<${For} who=${`${nameOfTest(one)}, ${nameOf(one.record)}`} /></button>`}
      <button type="button" onClick=${() => setOpen({ kind: "enter", order: one })}>${t(one.state === "entered" ? "bench.release" : "bench.enter")}<${For} who=${`${nameOfTest(one)}, ${nameOf(one.record)}`} /></button></td>
  </tr>`;
  const show = ({ orders: all, catalogue }: Work) => {
    const meant = all.filter((one) => isMeant(one, text));
    const orders = atStation(all, catalogue, station);
    const shown = atStation(meant, catalogue, station).filter((one) => state === "" || one.state === state);
    const onKeyDown = (event: KeyboardEvent) => {
      const [only] = meant; // a scanned tube is opened whatever the filter
      if (event.key !== "Enter" && !(event.key === "Tab" && isScanned(text))) return;
      event.preventDefault(); // otherwise it would submit the form of the dialog that opens
      if (only && meant.length === 1) setOpen({ kind: "enter", order: only });
      else scanned.current = text;
    };
    const tab = (one: BenchOrder["state"] | "") =>
      html`<button key=${one} type="button" aria-pressed=${state === one} onClick=${() => setState(one)}>${one === "" ? t("bench.all") : t(`bench.todo.${one}`)} ${numberIn(one === "" ? orders.length : orders.filter((order) => order.state === one).length)}</button>`;
    return html`<div class="fields"><div onKeyDown=${onKeyDown}><${Field} label=${t("bench.find")} name="bench-find" type="search" value=${text} onValue=${setText} /></div>
        <${StationChoice} orders=${all} catalogue=${catalogue} station=${station} onChoose=${chooseStation} /></div>
      <div class="tabs" role="group" aria-label=${t("bench.waiting")}>${(["", ...STATES] as const).map(tab)}</div>
      <p class="muted" role="status">${t("bench.count", { n: shown.length })}</p>
      ${
        shown.length > 0 &&
        html`<${Wide} label=${t("bench.waiting")}><table class="stacked"><thead><tr><td></td><th scope="col">${t("result.test")}</th><th scope="col">${t("chart.banner")}</th><th scope="col">${t("bench.waits")}</th><td></td></tr></thead>
      <tbody>${shown.slice(0, more.count).map(row)}</tbody></table><//>
      ${shown.length > more.count && more.below(shown.length)}`
      }`;
  };
  return html`<${Critical} isTold turn=${turn} everyMs=${live.everyMs} />
    <${Panel} title=${t("bench.waiting")} loaded=${known} show=${show} />
    <${Issued} turn=${turn} />
    ${open?.kind === "collect" && known.value && html`<${CollectDialog} orders=${together(open.order, known.value)} patient=${open.order.record} place=${open.order.place} onClose=${close} onDone=${changed} />`}
    ${open?.kind === "enter" && known.value && html`<${EnterDialog} order=${open.order} patient=${open.order.record} tests=${testsOf(open.order, known.value.catalogue)} catalogue=${known.value.catalogue} onClose=${close} onDone=${changed} />`}`;
}
