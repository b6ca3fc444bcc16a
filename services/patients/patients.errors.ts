import { Errors } from "moleculer";

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
