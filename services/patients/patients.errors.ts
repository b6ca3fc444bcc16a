import { Errors } from "moleculer";
import type { GradedPatient } from "./patients.contract.ts";

const { MoleculerClientError } = Errors;

/** Type of `patientAlreadyRegistered`, for callers and for the unique key. */
export const PATIENT_ALREADY_REGISTERED = "PATIENT_ALREADY_REGISTERED";

/** `patient` is the reference of the one that has the identifier. */
export const patientAlreadyRegistered = (patient: string) =>
  new MoleculerClientError("A patient with this identifier is registered already.", 409, PATIENT_ALREADY_REGISTERED, { patient });

/** `patients` are the references of those that share the identifier, or of the first of them. */
export const identifierShared = (patients: string[]) =>
  new MoleculerClientError(
    "Several patients have this identifier: their records must be merged, then the one that is left is the person's.",
    409,
    "IDENTIFIER_SHARED",
    { patients },
  );

/** Records that are probably the same person's: ids and grades. */
export const possibleDuplicate = (candidates: GradedPatient[]) =>
  new MoleculerClientError(
    "This person is probably registered already: use that record, or say in `confirm` why it is another person.",
    409,
    "POSSIBLE_DUPLICATE",
    { candidates },
  );

/** `system` is the identifier's. */
export const identifierInvalid = (system: string) =>
  new MoleculerClientError(
    "The identifier is none that its system gives: a sign is missing or wrong, or its check digit says so. Read it again.",
    422,
    "IDENTIFIER_INVALID",
    { system },
  );

/** Nobody is merged with a record that is not active, or was replaced. */
export const patientNotActive = (patient: string) =>
  new MoleculerClientError("The record is not active, or was replaced by another: merge the one that is.", 409, "PATIENT_NOT_ACTIVE", {
    patient,
  });

/** Both have visits or stays that go on: `encounters` are those of both. */
export const mergeConflict = (encounters: string[]) =>
  new MoleculerClientError(
    "Both records have a visit or stay that goes on: end one of them first, or mark it as entered in error.",
    409,
    "MERGE_CONFLICT",
    { encounters },
  );

/** One record cannot take its own place. */
export const samePatient = (patient: string) =>
  new MoleculerClientError("The two records are one: name the record that is replaced, and the one that stays.", 409, "SAME_PATIENT", {
    patient,
  });

/** There is nothing to take back. */
export const notMerged = (patient: string) =>
  new MoleculerClientError("This record was not merged into another.", 409, "PATIENT_NOT_MERGED", { patient });

/** `patient` has taken the place of the record that the merge was into: what both merges moved is given back from the last. */
export const mergedOn = (patient: string) =>
  new MoleculerClientError("The record that took its place was replaced itself: take that merge back first.", 409, "PATIENT_MERGED_ON", {
    patient,
  });

/** Both records stay where they are while what one bears goes to the other; `source` is the one that is replaced. */
export const mergeRunning = (source: string) =>
  new MoleculerClientError(
    "What one record bears is still being moved to another: wait until that merge has ended (patients.mergeState).",
    409,
    "MERGE_RUNNING",
    { source },
  );

/** The record of the mother is closed. */
export const motherNotActive = (patient: string) =>
  new MoleculerClientError("The mother's record is not active, or was replaced: name the one that is.", 409, "MOTHER_NOT_ACTIVE", {
    patient,
  });

/** One of two dates is wrong; `patient` is the mother. */
export const bornBeforeMother = (patient: string) =>
  new MoleculerClientError("The child was not born before its mother: correct one of the two birth dates.", 422, "BORN_BEFORE_MOTHER", {
    patient,
  });

/** `patient` is the record of the child that is there. */
export const childAlreadyRegistered = (patient: string) =>
  new MoleculerClientError(
    "This child of the mother is registered already: use that record; of several of one birth say in `multipleBirth` which it is.",
    409,
    "CHILD_ALREADY_REGISTERED",
    { patient },
  );

/** Concurrent writes have changed the same record at each attempt. */
export const patientChanged = (patient: string) =>
  new MoleculerClientError("The patient's record is being changed by others: try again.", 409, "PATIENT_CHANGED", { patient });
