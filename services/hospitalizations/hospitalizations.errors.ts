import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** Type of `bedOccupied`, for callers and for the unique key. */
export const BED_OCCUPIED = "BED_OCCUPIED";
/** Type of `patientAlreadyAdmitted`, for callers and for the unique key. */
export const PATIENT_ALREADY_ADMITTED = "PATIENT_ALREADY_ADMITTED";

/** 409: another patient is in the bed. */
export const bedOccupied = (bed: string) =>
  new MoleculerClientError("This bed is occupied: choose a free one.", 409, BED_OCCUPIED, { bed });

/** 409: a patient has one stay at a time. */
export const patientAlreadyAdmitted = (patient: string) =>
  new MoleculerClientError("The patient is admitted already: transfer or discharge first.", 409, PATIENT_ALREADY_ADMITTED, { patient });

/** 409: the Location is not a bed, or is closed. */
export const notABed = (bed: string) =>
  new MoleculerClientError("This location is no bed in use: name a bed that is active, in a ward that is open.", 409, "NOT_A_BED", { bed });

/** 409: the room or the ward of the bed is closed. */
export const wardClosed = (place: string) =>
  new MoleculerClientError("The room or ward of this bed is closed: choose a bed elsewhere, or open it first.", 409, "WARD_CLOSED", {
    place,
  });

/** 409: a stay can follow an open visit of the same patient only. */
export const visitNotOpen = (visit: string) =>
  new MoleculerClientError("The visit is not an open ambulatory visit of this patient: name another one, or none.", 409, "VISIT_NOT_OPEN", {
    visit,
  });

/** 404: there is no such stay. */
export const stayNotFound = (stay: string) => new MoleculerClientError("No stay has this id.", 404, "STAY_NOT_FOUND", { stay });

/** 409: the stay has ended. */
export const alreadyDischarged = (stay: string) =>
  new MoleculerClientError(
    "The patient is discharged already: undo the discharge first (hospitalizations.cancelDischarge).",
    409,
    "ALREADY_DISCHARGED",
    { stay },
  );

/** 409: a concurrent write came first; the same call may succeed. */
export const stayChanged = () =>
  new MoleculerClientError("Somebody changed the stay or the bed meanwhile: look and try again.", 409, "STAY_CHANGED");

/** 409: there is no transfer to undo. */
export const notTransferred = (stay: string) =>
  new MoleculerClientError("The patient was not transferred since the admission: there is no transfer to cancel.", 409, "NOT_TRANSFERRED", {
    stay,
  });

/** 409: only a stay that has ended can continue. */
export const notDischarged = (stay: string) =>
  new MoleculerClientError("The patient is not discharged: there is no discharge to cancel.", 409, "NOT_DISCHARGED", { stay });

/** 404: there is no such admission request. */
export const requestNotFound = (request: string) =>
  new MoleculerClientError("No request for admission has this id.", 404, "REQUEST_NOT_FOUND", { request });

/** 409: it was denied, the patient has been admitted, or it is another patient's. */
export const requestNotOpen = (request: string) =>
  new MoleculerClientError("The request is not open any more, or is another patient's: look at it again.", 409, "REQUEST_NOT_OPEN", {
    request,
  });

/** 409: no place is reserved for the patient. */
export const requestNotAccepted = (request: string) =>
  new MoleculerClientError("The request is not accepted, or not any more: look at it again.", 409, "REQUEST_NOT_ACCEPTED", { request });

/** 409: neither a bed nor a ward is given. */
export const wardMissing = () =>
  new MoleculerClientError("The destination is missing: give a bed, or a ward if the bed is not chosen yet.", 409, "WARD_MISSING");

/** 409: the patient is not on leave or, for a leave, is already. */
export const notAway = (stay: string) =>
  new MoleculerClientError("The patient is away already, or is not away: look at the stay again.", 409, "NOT_AWAY", { stay });

/** 409: the stay did not end by a death. */
export const notDead = (stay: string) =>
  new MoleculerClientError("The stay did not end by a death: cancel the discharge instead.", 409, "NOT_DEAD", { stay });

/** 409: no transfer is requested, or it was made, denied or withdrawn. */
export const transferNotAsked = (stay: string) =>
  new MoleculerClientError("There is no open request for a transfer: look at the stay again.", 409, "TRANSFER_NOT_ASKED", { stay });
