/** The summary of a stay for the patient: reason, duration, findings, continued medication; for printing. */
import type {
  AllergyIntolerance,
  Condition,
  DocumentReference,
  Encounter,
  FhirResource,
  Location,
  MedicationRequest,
  MedicationStatement,
  Observation,
  Patient,
  Practitioner,
  Reference,
} from "../../../../../fhir/r4.ts";
import { currentAllergies, isCurrent } from "../../../../../fhir/clinical-status.ts";
import { attendingOf } from "../../../../../fhir/open-encounters.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { authorOf } from "../../platform/authors.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Finding, Flag, foundAt, rangeOf, testKeyOf, testOf } from "../../parts/finding.ts";
import { NotKnown, Partial } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { Sheet } from "../../parts/sheet.ts";
import { type Found, readAll } from "../../platform/api.ts";
import { dateOf, momentOf } from "../../platform/clock.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { medicationText } from "../../platform/medications.ts";
import { nameOf } from "../../platform/names.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { isDraft, noteText } from "../../platform/notes.ts";
import { conceptOf } from "../../platform/shown-values.ts";
import { allergyText, noneKnownIn } from "./allergies.ts";
import type { Parts } from "./sources.ts";

const isVoid = (status: string) => ["entered-in-error", "cancelled"].includes(status);

/** Whether a time lies within the stay. */
const isWithin = ({ period }: Encounter, at: string | undefined): boolean =>
  at !== undefined && Date.parse(at) >= Date.parse(period?.start ?? "") && !(period?.end && Date.parse(at) > Date.parse(period.end));

const allergiesOf = (all: AllergyIntolerance[]) => (noneKnownIn(all) ? [t("allergies.noneKnown")] : currentAllergies(all).map(allergyText));

const problemsOf = (all: Condition[]) => all.filter(isCurrent).map(({ code }) => conceptOf(code));

const medicationOf = (all: MedicationRequest[]) =>
  all.filter(({ status }) => status === "active").map((one) => joined(medicationText(one), dosageWords(one.dosageInstruction)));

const homeMedicationOf = (all: MedicationStatement[]) =>
  all
    .filter((one) => one.status !== "entered-in-error")
    .map((one) => joined(medicationText(one), dosageWords(one.dosage), tIfAny(`taken.status.${one.status}`) ?? one.status));

/** The latest result of each test in the stay. */
function resultsOf(stay: Encounter, all: Observation[]): Observation[] {
  const within = all.filter((one) => !isVoid(one.status) && one.status !== "preliminary" && isWithin(stay, foundAt(one)));
  const tests = Map.groupBy(within, testKeyOf);
  return [...tests.values()].map(([latest]) => latest as Observation);
}

const notesOf = (stay: Encounter, all: DocumentReference[]) =>
  all.filter((one) => one.status === "current" && !isDraft(one) && noteText(one) !== "" && isWithin(stay, one.date));

interface SummaryProps {
  stay: Encounter;
  patient: Patient;
  parts: Parts;
  onClose: () => void;
}

/** A part of the sheet: unknown content is marked as such, on paper too. */
function Section<T extends FhirResource>({
  title,
  loaded,
  of,
  show,
  none = t("none"),
}: {
  title: string;
  /** What is said of an empty one. */
  none?: string;
  loaded: Loaded<Found<T>>;
  of: (all: T[]) => unknown[];
  show: (all: never[]) => unknown;
}) {
  if (loaded.error?.status === 403) return null;
  const { value } = loaded;
  if (!value) {
    return html`<h4>${title}</h4>${loaded.error ? html`<${NotKnown} loaded=${loaded} />` : html`<p class="muted">${t("loading")}</p>`}`;
  }
  const all = of(value.resources);
  return html`<h4>${title}</h4><${NotKnown} loaded=${loaded} /><${Partial} isPartial=${value.isPartial} hasMore=${value.hasMore} />
    ${all.length > 0 ? show(all as never[]) : !value.isPartial && html`<p>${none}</p>`}`;
}

export function StaySummary({ stay, patient, parts, onClose }: SummaryProps) {
  const { period, participant = [], hospitalization, reasonCode, location = [] } = stay;
  const others = participant.filter(({ individual, period: time }) => individual?.reference?.startsWith("Practitioner/") && !time?.end);
  const responsible = (attendingOf(stay) ?? others[0])?.individual;
  const place = location.at(-1)?.location;
  const references = [responsible, place].flatMap((one) => (one?.reference && !one.display ? [one.reference] : []));
  const named = useLoad(`named ${references}`, () => readAll<Practitioner | Location>(references));
  const nameIn = (of: Reference | undefined): string | undefined => {
    if (!of || of.display || named.isLoading) return of?.display;
    const known = named.value?.get(of.reference ?? "");
    if (!known) return t("notKnown.short");
    return known.resourceType === "Location" ? known.name : nameOf(known);
  };
  const disposition = hospitalization?.dischargeDisposition;
  const facts: [string, unknown][] = [
    [t("ward.admitted"), momentOf(period?.start)],
    [t("stay.left"), period?.end ? momentOf(period.end) : t("stay.notLeft")],
    [t("ward.disposition"), disposition && (tIfAny(`disposition.${disposition.coding?.[0]?.code}`) ?? conceptOf(disposition))],
    [t("ward.reason"), conceptOf(reasonCode?.[0])],
    [t("ward.physician"), nameIn(responsible)],
    [t("places.bed"), nameIn(place)],
  ];
  const list = (lines: string[]) => html`<ul>${lines.map((line) => html`<li key=${line}><bdi>${line}</bdi></li>`)}</ul>`;
  const values = (
    all: Observation[],
  ) => html`<${Wide} label=${t("results")}><table class="stacked"><thead><tr><th scope="col">${t("result.test")}</th><th scope="col" class="figure">${t("result.value")}</th><th scope="col">${t("result.range")}</th><th scope="col">${t("result.when")}</th></tr></thead>
    <tbody>${all.map((one) => html`<tr key=${one.id}><th scope="row"><bdi>${testOf(one)}</bdi></th><td class="figure"><${Finding} of=${one} /> <${Flag} of=${one} /></td><td data-label=${rangeOf(one) && t("result.range")}><bdi>${rangeOf(one)}</bdi></td><td class="nowrap">${dateOf(foundAt(one))}</td></tr>`)}</tbody></table><//>`;
  const notes = (all: DocumentReference[]) =>
    all.map(
      (one) =>
        html`<p key=${one.id} class="note-text" dir="auto">${noteText(one)}</p><p class="muted"><${Dotted} of=${[momentOf(one.date), authorOf(one, one.author?.[0], parts.notes.value?.included ?? [])]} /></p>`,
    );
  const shown = [parts.allergies, parts.problems, parts.results, parts.notes, parts.prescriptions, parts.taken];
  const isBusy = named.isLoading || shown.some(({ value, error }) => !value && !error); // nothing is printed before it is whole
  const drafts = (parts.notes.value?.resources ?? []).filter(
    (one) => isDraft(one) && one.status === "current" && isWithin(stay, one.date),
  ).length;
  return html`<${Dialog} title=${t("stay.summary")} onClose=${onClose}><div class="stack">
    ${drafts > 0 && html`<p class="not-known" role="status">${t("stay.drafts", { n: drafts })}</p>`}
    <${Sheet} isSigned title=${t("stay.summary")} patient=${patient} isBusy=${isBusy}>
      <table><tbody>${facts.filter(([, value]) => value).map(([name, value]) => html`<tr key=${name}><th scope="row">${name}</th><td><bdi>${value}</bdi></td></tr>`)}</tbody></table>
      <${Section} title=${t("allergies")} loaded=${parts.allergies} of=${allergiesOf} show=${list} none=${t("allergies.none")} />
      <${Section} title=${t("problems")} loaded=${parts.problems} of=${problemsOf} show=${list} />
      <${Section} title=${t("results")} loaded=${parts.results} of=${(all: Observation[]) => resultsOf(stay, all)} show=${values} />
      <${Section} title=${t("notes")} loaded=${parts.notes} of=${(all: DocumentReference[]) => notesOf(stay, all)} show=${notes} />
      <${Section} title=${t("stay.goesOn")} loaded=${parts.prescriptions} of=${medicationOf} show=${list} />
      <${Section} title=${t("taken")} loaded=${parts.taken} of=${homeMedicationOf} show=${list} />
    <//>
  </div><//>`;
}
