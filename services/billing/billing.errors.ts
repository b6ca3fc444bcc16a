import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 409, type of the unique key: a charge is on one invoice at most. */
export const CHARGE_INVOICED = "CHARGE_INVOICED";

/** 409: only what has ended is billed. */
export const encounterNotEnded = (encounter: string) =>
  new MoleculerClientError("The visit or stay has not ended: close or discharge it first.", 409, "ENCOUNTER_NOT_ENDED", { encounter });

/** 409: no charge is open. */
export const nothingToInvoice = (encounter: string) =>
  new MoleculerClientError("There is no open charge for this visit or stay.", 409, "NOTHING_TO_INVOICE", { encounter });

/** 409: the open charges do not have one currency. */
export const severalCurrencies = (encounter: string) =>
  new MoleculerClientError("The charges are in several currencies: one bill has one.", 409, "SEVERAL_CURRENCIES", { encounter });

/** 409: others have set the price at the same moment. */
export const priceChanged = (definition: string) =>
  new MoleculerClientError(
    "Somebody else has set this price at the same moment: look at it, and set it again if it is wrong.",
    409,
    "PRICE_CHANGED",
    {
      definition,
    },
  );

/** Type of the store's refusal of a second charge for one act. */
export const ACT_ALREADY_CHARGED = "ACT_ALREADY_CHARGED";

/** 409: others were faster; the same call may succeed. */
export const chargesChanged = (encounter: string) =>
  new MoleculerClientError("The charges changed while they were summed up: try again.", 409, "CHARGES_CHANGED", { encounter });
