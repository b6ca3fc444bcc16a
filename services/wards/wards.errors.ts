import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** Type of `wardAlreadyOpen`, for callers and for the unique key. */
export const WARD_ALREADY_OPEN = "WARD_ALREADY_OPEN";

/** Type of `bedNameTaken`, for callers and for the unique key. */
export const BED_NAME_TAKEN = "BED_NAME_TAKEN";

/** 409: the beds of a room have names of their own. */
export const bedNameTaken = () =>
  new MoleculerClientError("A bed of this room has this name already: choose another.", 409, BED_NAME_TAKEN);

/** 409: active wards have names of their own. */
export const wardAlreadyOpen = () =>
  new MoleculerClientError("An open ward has this name already: choose another, or close that one first.", 409, WARD_ALREADY_OPEN);
