import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 404: there is no such prescription. */
export const prescriptionNotFound = (prescription: string) =>
  new MoleculerClientError("No prescription has this id.", 404, "PRESCRIPTION_NOT_FOUND", { prescription });

/** 409: only an active prescription of a coded medication and a quantity is dispensed. */
export const prescriptionNotActive = (prescription: string) =>
  new MoleculerClientError(
    "The prescription is not active, or names no medication by code and no quantity.",
    409,
    "PRESCRIPTION_NOT_ACTIVE",
    { prescription },
  );

/** 409: a severe allergy to the medication is recorded. */
export const allergyRecorded = (allergy: string) =>
  new MoleculerClientError(
    "A severe allergy to this medication is recorded: prescribe another, or override it with the reason why.",
    409,
    "ALLERGY_RECORDED",
    { allergy },
  );

/** 409: the stock holds less than was asked for. */
export const outOfStock = (prescription: string) =>
  new MoleculerClientError("There is not so much of this medication in stock.", 409, "OUT_OF_STOCK", { prescription });

/** 409: all dispensing together stays within what was prescribed. */
export const moreThanPrescribed = (prescription: string) =>
  new MoleculerClientError("More than was prescribed would have been dispensed.", 409, "MORE_THAN_PRESCRIBED", { prescription });

/** 404: there is no such dispense. */
export const dispenseNotFound = (dispense: string) =>
  new MoleculerClientError("No dispense has this id.", 404, "DISPENSE_NOT_FOUND", { dispense });

/** 409: only what was handed out is undone. */
export const dispenseNotCompleted = (dispense: string) =>
  new MoleculerClientError("The dispense was not handed out, or is undone already.", 409, "DISPENSE_NOT_COMPLETED", { dispense });

/** 409: others were faster; the same call may succeed. */
export const dispenseChanged = (dispense: string) =>
  new MoleculerClientError("Somebody changed the dispense meanwhile: look at it and try again.", 409, "DISPENSE_CHANGED", { dispense });

/** 409: all that is given back of a dispense stays within what was handed out. */
export const moreThanDispensed = (dispense: string) =>
  new MoleculerClientError("More would be given back than was handed out.", 409, "MORE_THAN_DISPENSED", { dispense });

/** 409: no more leaves the shelf than lies on it. */
export const stockTooLow = () =>
  new MoleculerClientError("There is not so much on the shelf by the books: count it.", 409, "STOCK_TOO_LOW");

/** 409: the books say something else than what a count was compared with. */
export const stockChanged = () => new MoleculerClientError("The stock changed while it was counted: count again.", 409, "STOCK_CHANGED");
