/** When a medication as needed was given last, and from when on it may be given again. */
import { countedOf, earliestFor, type GivenDose, limitsOf } from "../../../../../fhir/dose-limits.ts";
import type { MedicationAdministration, MedicationRequest } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { dateOf, day, momentOf, now, timeOf } from "../../platform/clock.ts";
import { medicationOf, searchNaming } from "../../platform/medications.ts";
import { t } from "../../platform/texts.ts";

/** How far back doses are looked for, days; and the limit of one search. */
const LAST_DAYS = 7;
const MAX_FOUND = "1000";

/** Doses that were given. */
export interface Given {
  /** By prescription, "MedicationRequest/…", with those of the same medication by others; the latest first. */
  by: Map<string, GivenDose[]>;
  isPartial: boolean;
}

const referenceTo = ({ id }: MedicationRequest): string => `MedicationRequest/${id}`;

/** The dose of a record, if it counts for a prescription. */
function countedFor(of: MedicationRequest, record: MedicationAdministration): GivenDose[] {
  const at = Date.parse(record.effectiveDateTime ?? record.effectivePeriod?.start ?? "");
  if (Number.isNaN(at)) return [];
  if (record.request?.reference === referenceTo(of)) return [{ at, dose: record.dosage?.dose }];
  const { medicationReference, dosageInstruction: [dosage] = [] } = of;
  const by = { medicationCodeableConcept: medicationOf(of), medicationReference, route: dosage?.route };
  const given = medicationOf(record);
  const named = { ...record, ...(given && { medicationCodeableConcept: given }) };
  const counted = record.subject.reference === of.subject.reference ? countedOf(named, by) : undefined;
  return counted ? [{ at, ...counted }] : [];
}

/** The doses that were given by these prescriptions, and of the same medications, those of the last days. */
export async function givenBy(prescriptions: readonly MedicationRequest[]): Promise<Given> {
  if (prescriptions.length === 0) return { by: new Map(), isPartial: false };
  const codes = prescriptions.flatMap((one) => medicationOf(one)?.coding?.flatMap(({ code }) => code ?? []) ?? []);
  const patients = prescriptions.flatMap(({ subject }) => subject.reference ?? []);
  const wanted: Record<string, string>[] = [{ request: prescriptions.map(referenceTo).join(",") }];
  if (codes.length > 0) {
    const [patient, code] = [patients, codes].map((all) => [...new Set(all)].join(","));
    wanted.push({ patient: patient ?? "", code: code ?? "" }, { patient: patient ?? "", "medication.code": code ?? "" });
  }
  const common = { status: "completed,in-progress", "effective-time": `ge${day(LAST_DAYS)}`, _sort: "-effective-time", _count: MAX_FOUND };
  const found = await Promise.all(
    wanted.map((one) => searchNaming<MedicationAdministration>("MedicationAdministration", { ...one, ...common })),
  );
  const records = [...new Map(found.flatMap(({ resources }) => resources.map((one) => [one.id, one]))).values()];
  const latestFirst = (of: MedicationRequest) => records.flatMap((one) => countedFor(of, one)).sort((a, b) => b.at - a.at);
  return {
    by: new Map(prescriptions.map((one) => [referenceTo(one), latestFirst(one)])),
    isPartial: found.some(({ isPartial, hasMore }) => isPartial || hasMore),
  };
}

/** The time of an instant, with its day unless that is today. */
function momentText(at: number): string {
  const [moment, present] = [at, now.value].map((one) => new Date(one).toISOString());
  return dateOf(moment) === dateOf(present) ? timeOf(at) : momentOf(moment);
}

interface LastGivenProps {
  of: MedicationRequest;
  /** The latest first. */
  given: readonly GivenDose[];
}

export function LastGiven({ of, given }: LastGivenProps) {
  const [last] = given;
  if (!last) return html`<span class="muted">${t("round.notGivenYet")}</span>`;
  const limits = limitsOf(of.dosageInstruction?.[0]);
  const next = earliestFor({ at: now.value }, given, limits);
  const isEarly = next !== undefined && next > now.value;
  return html`<span class="muted">${t("round.lastGiven", { at: momentText(last.at) })}</span>
    ${isEarly && html` <span class="tag warn">${t("round.nextFrom", { at: momentText(next) })}</span>`}
    ${limits.length > 0 && next === now.value && html` <span class="tag good">${t("round.mayBeGiven")}</span>`}`;
}
