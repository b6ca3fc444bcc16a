import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 404: there is no such prescription. */
export const prescriptionNotFound = (prescription: string) =>
  new MoleculerClientError("No prescription has this id.", 404, "PRESCRIPTION_NOT_FOUND", { prescription });

/** 409: only an active prescription with a coded medication can be dispensed. */
export const prescriptionNotActive = (prescription: string) =>
  new MoleculerClientError(
    "The prescription is not active, or names its medication by no code: prescribe anew.",
    409,
    "PRESCRIPTION_NOT_ACTIVE",
    { prescription },
  );

/** 404: the patient has no such MedicationStatement. */
export const statementNotFound = (statement: string) =>
  new MoleculerClientError("This patient has no such MedicationStatement.", 404, "STATEMENT_NOT_FOUND", { statement });

/** 409: a severe allergy to the medication is recorded. */
export const allergyRecorded = (allergy: string) =>
  new MoleculerClientError(
    "A severe allergy to this medication is recorded: prescribe another, or override it with the reason why.",
    409,
    "ALLERGY_RECORDED",
    { allergy },
  );

/** 409: the stock is less than the requested quantity. */
export const outOfStock = (prescription: string) =>
  new MoleculerClientError(
    "There is not enough of this medication in stock: dispense less, name another place or lot, or record the delivery first.",
    409,
    "OUT_OF_STOCK",
    { prescription },
  );

/** 409: it is not the version that the person has read. */
export const prescriptionChanged = (prescription: string) =>
  new MoleculerClientError("Somebody changed the prescription meanwhile: look at it and try again.", 409, "PRESCRIPTION_CHANGED", {
    prescription,
  });

/** 409: all dispenses together must not exceed the prescription. */
export const moreThanPrescribed = (prescription: string) =>
  new MoleculerClientError("More would be dispensed than was prescribed: dispense less, or prescribe anew.", 409, "MORE_THAN_PRESCRIBED", {
    prescription,
  });

/** 404: there is no such dispense. */
export const dispenseNotFound = (dispense: string) =>
  new MoleculerClientError("No dispense has this id.", 404, "DISPENSE_NOT_FOUND", { dispense });

/** 409: only a completed dispense can be undone. */
export const dispenseNotCompleted = (dispense: string) =>
  new MoleculerClientError("The dispense was not handed out, or is undone already: name one that was.", 409, "DISPENSE_NOT_COMPLETED", {
    dispense,
  });

/** 409: a concurrent write came first; the same call may succeed. */
export const dispenseChanged = (dispense: string) =>
  new MoleculerClientError("Somebody changed the dispense meanwhile: look at it and try again.", 409, "DISPENSE_CHANGED", { dispense });

/** 409: all returns together must not exceed the dispense. */
export const moreThanDispensed = (dispense: string) =>
  new MoleculerClientError(
    "More would be returned than was handed out: return at most what the dispense still has.",
    409,
    "MORE_THAN_DISPENSED",
    { dispense },
  );

/** 409: no more can be taken than is in stock. */
export const stockTooLow = () => new MoleculerClientError("The recorded stock is too low: count the shelf.", 409, "STOCK_TOO_LOW");

/** 409: the recorded stock has changed since the count. */
export const stockChanged = () => new MoleculerClientError("The stock changed while it was counted: count again.", 409, "STOCK_CHANGED");

/** Type of `doseRecorded`, for callers and for the unique key. */
export const DOSE_RECORDED = "DOSE_RECORDED";

/** 409: a dose is recorded once. */
export const doseRecorded = (prescription: string) =>
  new MoleculerClientError("This dose is on record already: look at the list again.", 409, DOSE_RECORDED, { prescription });

/** 409: the wristband is another patient's. */
export const wrongPatient = (prescription: string) =>
  new MoleculerClientError(
    "Wrong patient: the wristband belongs to another patient than the prescription. Do not give it.",
    409,
    "WRONG_PATIENT",
    {
      prescription,
    },
  );

/** 409: the package is of another medication. */
export const wrongMedication = (prescription: string) =>
  new MoleculerClientError("Wrong medication: the package is not what is prescribed. Do not give it.", 409, "WRONG_MEDICATION", {
    prescription,
  });

/** 409: wristband and package were not scanned. */
export const notScanned = (prescription: string) =>
  new MoleculerClientError("Scan wristband and package first, or say in `override` why not.", 409, "NOT_SCANNED", { prescription });

/** 409: the dose or route differs from the prescription. */
export const doseDiffers = (prescription: string) =>
  new MoleculerClientError("Dose or route is not as prescribed: correct it, or say in `override` why.", 409, "DOSE_DIFFERS", {
    prescription,
  });

/** 409: more than an hour before or after the scheduled time. */
export const doseOutOfTime = (prescription: string) =>
  new MoleculerClientError("It is not the time of this dose: wait, or say in `override` why.", 409, "DOSE_OUT_OF_TIME", { prescription });

/** 409: as needed, but not yet again. */
export const doseTooEarly = (prescription: string) =>
  new MoleculerClientError(
    "It was given too short a time ago, or too often: wait, or give the reason (`limitReason`, or the extension urn:openward:limit-reason).",
    409,
    "DOSE_TOO_EARLY",
    { prescription },
  );

/** 409: above the largest amount in a period. */
export const doseOverMaximum = (prescription: string) =>
  new MoleculerClientError(
    "More would be given than the prescription allows in its period: give less, wait, or give the reason (`limitReason`, or the extension urn:openward:limit-reason).",
    409,
    "DOSE_OVER_MAXIMUM",
    { prescription },
  );

/** 409: no dose could be given, or the maximum could not be compared. */
export const maximumImpossible = () =>
  new MoleculerClientError(
    "The maximum of a day does not fit the dose: give a dose that is not above it, both in units of one kind.",
    409,
    "DOSE_MAXIMUM_IMPOSSIBLE",
  );

/** 409: no dose is scheduled at this time. */
export const doseNotDue = (prescription: string) =>
  new MoleculerClientError("The prescription has no dose at this time: look at the list again, or leave out `due`.", 409, "DOSE_NOT_DUE", {
    prescription,
  });

/** 409: a dose that was not given needs a reason. */
export const doseReasonMissing = () => new MoleculerClientError("Say in `reason` why the dose was not given.", 409, "DOSE_REASON_MISSING");

/** 404: there is no such record. */
export const administrationNotFound = (administration: string) =>
  new MoleculerClientError("No dose on record has this id.", 404, "ADMINISTRATION_NOT_FOUND", { administration });

/** 409: the record is already entered in error. */
export const administrationOver = (administration: string) =>
  new MoleculerClientError("The record was taken back already: record the dose anew.", 409, "ADMINISTRATION_OVER", { administration });

/** 409: a concurrent write came first; the same call may succeed. */
export const administrationChanged = (administration: string) =>
  new MoleculerClientError("Somebody changed the record meanwhile: read it and try again.", 409, "ADMINISTRATION_CHANGED", {
    administration,
  });

/** 409: the timing is impossible: doses too close, or an end before the beginning. */
export const timingImpossible = () =>
  new MoleculerClientError(
    "The schedule is not possible: `until` must be after `from`, and doses at least 15 minutes apart.",
    409,
    "TIMING_IMPOSSIBLE",
  );

/** 409: neither a ward nor a patient is given. */
export const wardOrPatient = () =>
  new MoleculerClientError("Name a ward or a patient whose doses you want.", 409, "WARD_OR_PATIENT_MISSING");

/** 409: an expired lot cannot be dispensed. */
export const lotExpired = (lot: string) =>
  new MoleculerClientError("This lot has expired: take another, and withdraw this one.", 409, "LOT_EXPIRED", { lot });

/** 409: a blocked lot cannot be dispensed. */
export const lotBlocked = (lot: string) =>
  new MoleculerClientError("This lot is blocked: take another, or release it first.", 409, "LOT_BLOCKED", { lot });

/** 409: a lot has one expiry date. */
export const lotDiffers = (lot: string) =>
  new MoleculerClientError(
    "This lot is on the shelf with another date of expiry: correct the date, or that delivery.",
    409,
    "LOT_DIFFERS",
    {
      lot,
    },
  );

/** 409: an expiry date needs a lot. */
export const lotMissing = () => new MoleculerClientError("Name the lot that has this date of expiry.", 409, "LOT_MISSING");

/** 409: a transfer needs two places. */
export const samePlace = () => new MoleculerClientError("Both places are the same: name two different ones.", 409, "SAME_PLACE");

/** 409: a concurrent write came first; the same call may succeed. */
export const reorderLevelChanged = () =>
  new MoleculerClientError("Somebody has set the reorder level meanwhile: look at it and try again.", 409, "REORDER_LEVEL_CHANGED");

/** 409: the lot is not blocked by the pharmacy. */
export const lotNotBlocked = (lot: string) =>
  new MoleculerClientError("This lot is not blocked by the pharmacy: name a lot that is.", 409, "LOT_NOT_BLOCKED", { lot });

/** 409: a concurrent write came first; the same call may succeed. */
export const lotChanged = (lot: string) =>
  new MoleculerClientError("Somebody has blocked or released the lot meanwhile: look at it and try again.", 409, "LOT_CHANGED", { lot });
