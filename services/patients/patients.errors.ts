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

/** The record of the mother is closed. */
export const motherNotActive = (patient: string) =>
  new MoleculerClientError("The mother's record is not active, or was replaced: name the one that is.", 409, "MOTHER_NOT_ACTIVE", {
    patient,
  });

/** Others write the same record faster than it could be read. */
export const patientChanged = (patient: string) =>
  new MoleculerClientError("The patient's record is being changed by others: try again.", 409, "PATIENT_CHANGED", { patient });
