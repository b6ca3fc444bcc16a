/** The census: patients in the wards at midnight, occupancy, and lengths of completed stays. */
import { useRef, useState } from "preact/hooks";
import type { Census, CensusDay, LengthOfStay } from "../../../wards/census.contract.ts";
import type { wards as wardsContract } from "../../../wards/wards.contract.ts";
import { html } from "../html.ts";
import { Curve } from "../parts/curve.ts";
import { DateField } from "../parts/date-field.ts";
import { Field } from "../parts/field.ts";
import { sayFault } from "../parts/notices.ts";
import { Panel } from "../parts/panel.ts";
import { Wide } from "../parts/wide.ts";
import { actionsOf, getText } from "../platform/api.ts";
import { dateOf, day } from "../platform/clock.ts";
import { type Loaded, useLoad } from "../platform/load.ts";
import { saveFile } from "../platform/saving.ts";
import { numberIn, t, type TextKey } from "../platform/texts.ts";

const wards = actionsOf<typeof wardsContract>("wards");
/** Number of days shown at first. */
const FIRST_DAYS = 7;
/** Figures of a line, in their order. */
const HEADS: readonly TextKey[] = [
  "census.beds",
  "census.there",
  "census.occupancy",
  "census.away",
  "census.admissions",
  "census.in",
  "census.out",
  "census.discharges",
  "census.deaths",
];
/** Everything that the service returns at once. */
const ALL = "";

const percent = (part: number | undefined): string => (part === undefined ? "–" : numberIn(part, { style: "percent" }));
const sumOf = (days: CensusDay[], of: (one: CensusDay) => number): number => days.reduce((sum, one) => sum + of(one), 0);

export default function CensusPage() {
  const [from, setFrom] = useState(day(FIRST_DAYS - 1));
  const [to, setTo] = useState(day(0));
  const [ward, setWard] = useState(ALL);
  const known = useLoad(`census ${from} ${to}`, () => wards.census({ from, to }));
  const names = useRef(new Map<string, string>()); // those of the last answer, while the next is on its way
  if (known.value) names.current = new Map(known.value.days.map((one) => [one.ward, one.name]));
  const save = async () => {
    try {
      const query = new URLSearchParams({ from, to, ...(ward && { ward }) });
      saveFile(`census ${from} ${to}.csv`, await getText(`/api/wards/censusCsv?${query}`), "text/csv");
    } catch (error) {
      sayFault(error);
    }
  };
  return html`<section class="panel no-print" aria-label=${t("census")}>
      <div class="fields">
        <${DateField} label=${t("census.from")} name="census-from" max=${to} value=${from} onValue=${setFrom} required />
        <${DateField} label=${t("census.to")} name="census-to" min=${from} max=${day(0)} value=${to} onValue=${setTo} required />
        <${Field} label=${t("ward.which")} name="census-ward" value=${ward} onValue=${setWard} options=${[[ALL, t("census.hospital")], ...names.current]} />
      </div>
      <div class="buttons"><button type="button" onClick=${save}>${t("census.csv")}</button><button type="button" onClick=${() => print()}>${t("print")}</button></div>
    </section>
    <${Days} known=${known} ward=${ward} />
    <${Stays} known=${known} ward=${ward} />`;
}

interface PartProps {
  known: Loaded<Census>;
  ward: string;
}

/** For the hospital: a line per ward on the last day, and a total; for a ward: a line per day. */
function Days({ known, ward }: PartProps) {
  const line = (name: string, days: CensusDay[], isTotal = false) => {
    const [beds, there] = [sumOf(days, (one) => one.beds), sumOf(days, (one) => one.atMidnight)];
    const figures = [
      numberIn(beds),
      numberIn(there),
      percent(beds > 0 ? there / beds : undefined),
      ...(["away", "admissions", "transfersIn", "transfersOut", "discharges", "deaths"] as const).map((of) =>
        numberIn(sumOf(days, (one) => one[of])),
      ),
    ];
    return html`<tr key=${name} class=${isTotal ? "total" : ""}><th scope="row" class=${ward === ALL ? "" : "nowrap"}><bdi>${name}</bdi></th>${figures.map((text, index) => html`<td key=${index} class="figure" data-label=${HEADS[index] && t(HEADS[index])}>${text}</td>`)}</tr>`;
  };
  const show = ({ days, to }: Census) => {
    const own = days.filter((one) => one.ward === ward);
    const last = days.filter((one) => one.day === to);
    if (days.length === 0) return html`<p class="muted">${t("ward.none")}</p>`;
    const heads = HEADS.map((head) => t(head));
    const points = own.flatMap((one) =>
      one.occupancy === undefined ? [] : [{ at: Date.parse(one.day), values: [Math.round(one.occupancy * 100)] }],
    );
    return html`${ward !== ALL && points.length > 1 && html`<${Curve} points=${points} label=${t("census.occupancy")} unit="%" />`}
      <${Wide} label=${t("census.days")}><table class="stacked of-figures"><thead><tr><th scope="col">${ward === ALL ? t("ward.which") : t("day")}</th>${heads.map((head) => html`<th key=${head} scope="col" class="figure">${head}</th>`)}</tr></thead>
      <tbody>${ward === ALL ? html`${last.map((one) => line(one.name, [one]))}${line(t("census.hospital"), last, true)}` : own.map((one) => line(dateOf(one.day), [one]))}</tbody></table><//>`;
  };
  const title = ward === ALL && known.value ? t("census.onDay", { day: dateOf(known.value.to) }) : t("census.days");
  return html`<${Panel} title=${title} loaded=${known} show=${show} />`;
}

function Stays({ known, ward }: PartProps) {
  const show = ({ stays }: Census) => {
    const shown = stays.filter((one) => ward === ALL || one.ward === ward);
    if (shown.length === 0) return html`<p class="muted">${t("census.nobodyLeft")}</p>`;
    const days = (value: number) => numberIn(value, { maximumFractionDigits: 1 });
    return html`<${Wide} label=${t("census.stays")}><table class="stacked"><thead><tr><th scope="col">${t("ward.which")}</th><th scope="col" class="figure">${t("census.discharges")}</th><th scope="col" class="figure">${t("census.mean")}</th><th scope="col" class="figure">${t("census.median")}</th></tr></thead>
      <tbody>${shown.map((one: LengthOfStay) => html`<tr key=${one.ward}><th scope="row"><bdi>${one.name}</bdi></th><td class="figure" data-label=${t("census.discharges")}>${numberIn(one.discharges)}</td><td class="figure" data-label=${t("census.mean")}>${days(one.meanDays)}</td><td class="figure" data-label=${t("census.median")}>${days(one.medianDays)}</td></tr>`)}</tbody></table><//>`;
  };
  return html`<${Panel} title=${t("census.stays")} loaded=${known} show=${show} />`;
}
