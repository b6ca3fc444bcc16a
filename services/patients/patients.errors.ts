import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** `patient` is the reference of the one that has the identifier. */
export const patientAlreadyRegistered = (patient: string) =>
  new MoleculerClientError("A patient with this identifier is registered already.", 409, "PATIENT_ALREADY_REGISTERED", { patient });
