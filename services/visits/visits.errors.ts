import { Errors } from "moleculer";
import { OVERBOOKED } from "./visits.contract.ts";

const { MoleculerClientError } = Errors;

/** Type of `visitAlreadyOpen`, for callers and for the unique key. */
export const VISIT_ALREADY_OPEN = "VISIT_ALREADY_OPEN";

/** 409: a patient has one open visit at a time. */
export const visitAlreadyOpen = (patient: string) =>
  new MoleculerClientError("The patient has an open visit already: close it first.", 409, VISIT_ALREADY_OPEN, { patient });

/** 404: there is no such visit. */
export const visitNotFound = (visit: string) =>
  new MoleculerClientError("No ambulatory visit has this id.", 404, "VISIT_NOT_FOUND", { visit });

/** 404: there is no such appointment. */
export const appointmentNotFound = (appointment: string) =>
  new MoleculerClientError("No appointment has this id.", 404, "APPOINTMENT_NOT_FOUND", { appointment });

/** 409: no patient is expected for it. */
export const appointmentNotBooked = (appointment: string) =>
  new MoleculerClientError(
    "This appointment expects no patient: it was kept or cancelled, or names no patient.",
    409,
    "APPOINTMENT_NOT_BOOKED",
    {
      appointment,
    },
  );

/** 409: a concurrent write came first; read the appointment again. */
export const appointmentChanged = (appointment: string) =>
  new MoleculerClientError("Somebody changed the appointment meanwhile: read it and try again.", 409, "APPOINTMENT_CHANGED", {
    appointment,
  });

/** 409: the practitioner has another appointment at this time. */
export const practitionerBusy = (appointment: string) =>
  new MoleculerClientError(
    `The practitioner has another appointment at this time: choose another, or say in the extension ${OVERBOOKED} why both are booked.`,
    409,
    "PRACTITIONER_BUSY",
    { appointment },
  );

/** Type of the refusal of a second appointment in one Slot, for the unique key. */
export const SLOT_TAKEN = "SLOT_TAKEN";

/** 409: the visit has ended. */
export const visitAlreadyClosed = (visit: string) =>
  new MoleculerClientError(
    "The visit is closed already: reopen it first (visits.reopen), or open another one.",
    409,
    "VISIT_ALREADY_CLOSED",
    { visit },
  );

/** 409: a concurrent write came first; read the visit again. */
export const visitChanged = (visit: string) =>
  new MoleculerClientError("Somebody changed the visit meanwhile: read it and try again.", 409, "VISIT_CHANGED", { visit });

/** 409: only a closed visit can be reopened. */
export const visitNotClosed = (visit: string) =>
  new MoleculerClientError("The visit is open, or was cancelled: there is no closing to undo.", 409, "VISIT_NOT_CLOSED", { visit });
