/** Dose records, and the five rights. Plain data in, plain data out; time is passed in. */
import { numberOf } from "../../../fhir/json.ts";
import type { CodeableConcept, MedicationAdministration, MedicationRequest, Patient } from "../../../fhir/r4.ts";
import type { KeyOf, KeysByFacts } from "../../../mixins/fhir/rules/unique-keys.ts";
import { placeOf, sharedPlaceOf } from "../../../mixins/fhir/rules/common.ts";
import { type Administration, DoseOutcome, type DoseRecord } from "../doses.contract.ts";
import {
  administrationOver,
  DOSE_RECORDED,
  doseDiffers,
  doseNotDue,
  doseOutOfTime,
  notScanned,
  wrongMedication,
  wrongPatient,
} from "../pharmacy.errors.ts";
import { inSpiteOfLimit, limitedRequest, minuteKeys } from "../dose-limit-rule.ts";
import { codesOf, prescribedMedication } from "../pharmacy.model.ts";
import { fromStockOf } from "../stock/taking.ts";
import { routeOf } from "./dosage.ts";
import { doseName, dueBetween, scheduleOf } from "./schedule.ts";

/** URL of an extension of a MedicationAdministration, a dateTime: when the dose was due. */
const DUE = "urn:openward:dose-due";
const OUTCOME = "urn:openward:dose-outcome";
/** Time before and after it is due within which a dose counts as given on time, milliseconds. */
const IN_TIME_MS = 3_600_000;

/**
 * Checks right patient, medication, dose, route and time of a dose that was given.
 * @throws 409 WRONG_PATIENT, WRONG_MEDICATION regardless of `override`; NOT_SCANNED, DOSE_DIFFERS, DOSE_OUT_OF_TIME
 */
export function checkRights(
  request: MedicationRequest & { id: string },
  { patient, medication }: { patient: Patient | undefined; medication: CodeableConcept | undefined },
  given: DoseRecord,
  at: Date,
): void {
  const { scanned, override, due, dose, route } = given;
  const reference = `MedicationRequest/${request.id}`;
  if (scanned) {
    const numbers = patient?.identifier?.flatMap(({ value }) => value ?? []) ?? [];
    if (![placeOf(request.subject), ...numbers].includes(scanned.patient)) throw wrongPatient(reference);
    const codes = codesOf(medication).flatMap(({ system, code }) => [code, `${system}|${code}`]);
    if (!codes.includes(scanned.medication)) throw wrongMedication(reference);
  }
  if (override !== undefined) return;
  if (!scanned) throw notScanned(reference);
  const [dosage] = request.dosageInstruction ?? [];
  const ordered = dosage?.doseAndRate?.[0]?.doseQuantity;
  const isOther = dose && (numberOf(ordered?.value) !== dose.value || (ordered?.unit ?? ordered?.code) !== dose.unit);
  if (isOther || (route !== undefined && dosage?.route?.text !== undefined && route !== dosage.route.text)) throw doseDiffers(reference);
  if (due !== undefined && Math.abs(at.getTime() - Date.parse(due)) > IN_TIME_MS) throw doseOutOfTime(reference);
}

/** The scheduled time of a dose. @throws 409 DOSE_NOT_DUE if the prescription has no dose then */
export function plannedDose(request: MedicationRequest & { id: string }, due: string): string {
  const [schedule, moment] = [scheduleOf(request), Date.parse(due)];
  if (!schedule || !dueBetween(schedule, moment, moment).includes(moment)) throw doseNotDue(`MedicationRequest/${request.id}`);
  return new Date(moment).toISOString();
}

/** The MedicationAdministration of a dose. @param performer the signed-in person, "Practitioner/…" */
export function administrationOf(
  id: string,
  request: MedicationRequest & { id: string },
  { outcome, due, dose, route, reason, override, limitReason, fromStock }: DoseRecord,
  { at, performer }: { at: Date; performer?: string },
): MedicationAdministration & { id: string } {
  const [dosage] = request.dosageInstruction ?? [];
  const quantity = dose
    ? { value: dose.value, unit: dose.unit, system: "http://unitsofmeasure.org", code: dose.unit }
    : dosage?.doseAndRate?.[0]?.doseQuantity;
  const prescribed = [dosage?.route?.text, ...(dosage?.route?.coding ?? []).map(({ display }) => display)];
  const concept = route === undefined || prescribed.includes(route) ? dosage?.route : routeOf(route);
  const isGiven = outcome === DoseOutcome.given;
  const extension = [
    ...(due === undefined ? [] : [{ url: DUE, valueDateTime: due }]),
    ...(isGiven && fromStock ? [fromStockOf(fromStock)] : []),
    ...(isGiven && limitReason !== undefined ? [inSpiteOfLimit(limitReason)] : []),
  ];
  const why = { coding: [{ system: OUTCOME, code: outcome }], ...(reason !== undefined && { text: reason }) };
  return {
    resourceType: "MedicationAdministration",
    id,
    status: isGiven ? "completed" : "not-done",
    ...(!isGiven && { statusReason: [why] }),
    ...prescribedMedication(request),
    subject: request.subject,
    ...(request.encounter && { context: request.encounter }),
    effectiveDateTime: at.toISOString(),
    ...(performer !== undefined && { performer: [{ actor: { reference: performer } }] }),
    request: { reference: `MedicationRequest/${request.id}` },
    // R4 mad-1: a dosage has a dose.
    ...(isGiven &&
      quantity && {
        dosage: {
          ...(dosage?.text !== undefined && { text: dosage.text }),
          ...(concept && { route: concept }),
          dose: quantity,
        },
      }),
    ...(extension.length > 0 && { extension }),
    ...(override !== undefined && { note: [{ time: at.toISOString(), text: override }] }),
  };
}

/** A record as entered in error: the dose is due again. @throws 409 ADMINISTRATION_OVER */
export function cancelAdministration<Of extends MedicationAdministration>(administration: Of, reason: string): Of {
  if (administration.status === "entered-in-error") throw administrationOver(`MedicationAdministration/${administration.id}`);
  return { ...administration, status: "entered-in-error", note: [...(administration.note ?? []), { text: reason }] };
}

/** When the dose was due; undefined: it was not scheduled. */
export const dueOf = ({ extension = [] }: MedicationAdministration): string | undefined =>
  extension.find(({ url }) => url === DUE)?.valueDateTime;

/** One record per dose that was due, whoever writes it; records in error do not count. */
function dueKeys(administration: MedicationAdministration): KeyOf[] {
  const [due, request] = [dueOf(administration), sharedPlaceOf(administration.request)];
  if (due === undefined || request === undefined || administration.status === "entered-in-error") return [];
  const says = "This dose is on record already: correct that record, or give the time of another dose.";
  return [{ key: `dose:${doseName(request, due)}`, error: DOSE_RECORDED, says, at: "MedicationAdministration.request" }];
}

/** Unique keys: one record per dose that was due, and one dose in a minute by a prescription with limits. */
export const doseKeys: KeysByFacts<MedicationAdministration> = {
  about: limitedRequest,
  keys: (administration, facts) => [...dueKeys(administration), ...minuteKeys(administration, facts)],
};

/** A record as callers get it. */
export function recordOf(it: MedicationAdministration & { id: string }, version: number): Administration {
  const dueAt = dueOf(it);
  const performer = it.performer?.[0]?.actor.reference;
  const code = it.statusReason?.[0]?.coding?.find(({ system }) => system === OUTCOME)?.code as DoseOutcome | undefined;
  const outcome = it.status === "completed" ? DoseOutcome.given : (code ?? DoseOutcome.missed);
  return {
    administration: `MedicationAdministration/${it.id}`,
    version,
    prescription: it.request?.reference ?? "",
    patient: it.subject.reference ?? "",
    outcome: it.status === "entered-in-error" ? "cancelled" : outcome,
    ...(dueAt !== undefined && { dueAt }),
    at: it.effectiveDateTime ?? "",
    ...(performer !== undefined && { performer }),
  };
}
