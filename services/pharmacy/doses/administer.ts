/** Records the outcome of a dose, and undoes a record. */
import type { Context } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { whoAsks } from "../../../mesh/access/access.ts";
import type { OccurrenceTime } from "../../../mesh/occurrence-time-contract.ts";
import type { Medication, Patient } from "../../../fhir/r4.ts";
import type { WithDirectory } from "../../../federation/directory.ts";
import { isType } from "../../../federation/errors.ts";
import type { WithFhir } from "../../../mixins/fhir/fhir.ts";
import { occurrenceTime, withLateReason } from "../../../mixins/fhir/occurrence-time.ts";
import { readIfServed } from "../../../mixins/fhir/domain-references.ts";
import { type Administration, DoseOutcome, type DoseRecord } from "../doses.contract.ts";
import {
  administrationChanged,
  administrationNotFound,
  DOSE_RECORDED,
  doseReasonMissing,
  doseRecorded,
  prescriptionNotActive,
  prescriptionNotFound,
} from "../pharmacy.errors.ts";
import { prescribedMedication } from "../pharmacy.model.ts";
import { administrationOf, cancelAdministration, checkRights, plannedDose, recordOf } from "./administration.model.ts";

type Pharmacy = WithFhir & WithDirectory;

/** Carries out `pharmacy.administer`; its contract names the errors. */
export async function administer(
  { fhir, directory }: Pharmacy,
  ctx: Context<DoseRecord & OccurrenceTime & { prescription: string }>,
): Promise<Administration> {
  const { prescription, due, outcome, reason } = ctx.params;
  const request = await fhir.require("MedicationRequest", prescription, prescriptionNotFound);
  if (request.status !== "active" && request.status !== "completed") throw prescriptionNotActive(prescription);
  if (outcome !== DoseOutcome.given && reason === undefined) throw doseReasonMissing();
  const at = occurrenceTime(ctx.params, { now: new Date(), after: { what: prescription, time: request.authoredOn } });
  const record = { ...ctx.params, ...(due !== undefined && { due: plannedDose(request, due) }) };
  if (outcome === DoseOutcome.given) {
    const mesh = { caller: ctx, directory: directory };
    const patient = record.scanned && (await readIfServed<Patient>(mesh, request.subject.reference ?? ""));
    const { medicationCodeableConcept: coded, medicationReference: stored } = prescribedMedication(request);
    const isStored = coded === undefined && stored?.reference !== undefined;
    const medication = isStored ? (await readIfServed<Medication>(mesh, stored.reference ?? ""))?.code : coded;
    checkRights(request, { patient, medication }, record, at);
  }
  const performer = whoAsks(ctx);
  const by = { at, ...(performer !== undefined && { performer }) };
  const made = withLateReason(administrationOf(timeOrderedId(), request, record, by), ctx.params);
  const { version } = await fhir.create(made).catch((error: unknown) => {
    throw isType(error, DOSE_RECORDED) ? doseRecorded(prescription) : error;
  });
  return recordOf(made, version);
}

/** Carries out `pharmacy.cancelAdministration`. @throws 404 ADMINISTRATION_NOT_FOUND; 409 ADMINISTRATION_OVER, ADMINISTRATION_CHANGED */
export async function takeBack({ fhir }: Pharmacy, ctx: Context<{ administration: string; reason: string }>): Promise<Administration> {
  const { administration: reference, reason } = ctx.params;
  const before = await fhir.require("MedicationAdministration", reference, administrationNotFound);
  const taken = cancelAdministration(before, reason);
  const { version } = await fhir.update(taken).catch((error: unknown) => {
    throw isType(error, "STALE_VERSION") ? administrationChanged(reference) : error;
  });
  return recordOf(taken, version);
}
