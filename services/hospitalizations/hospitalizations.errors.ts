import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

export const BED_OCCUPIED = "BED_OCCUPIED";
export const PATIENT_ALREADY_ADMITTED = "PATIENT_ALREADY_ADMITTED";

export const bedOccupied = (bed: string) =>
  new MoleculerClientError("Somebody lies in this bed: choose a free one.", 409, BED_OCCUPIED, { bed });

export const patientAlreadyAdmitted = (patient: string) =>
  new MoleculerClientError("The patient is admitted already: transfer or discharge first.", 409, PATIENT_ALREADY_ADMITTED, { patient });

export const notABed = (bed: string) => new MoleculerClientError("This location is no bed in use.", 409, "NOT_A_BED", { bed });

export const visitNotOpen = (visit: string) =>
  new MoleculerClientError("The visit is not an open ambulatory visit of this patient.", 409, "VISIT_NOT_OPEN", { visit });

export const stayNotFound = (stay: string) => new MoleculerClientError("No stay has this id.", 404, "STAY_NOT_FOUND", { stay });

export const alreadyDischarged = (stay: string) =>
  new MoleculerClientError("The patient is discharged already.", 409, "ALREADY_DISCHARGED", { stay });

export const stayChanged = () =>
  new MoleculerClientError("Somebody changed the stay or the bed meanwhile: look and try again.", 409, "STAY_CHANGED");
