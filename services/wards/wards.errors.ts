import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** Type of `wardAlreadyOpen`, for callers and for the unique key. */
export const WARD_ALREADY_OPEN = "WARD_ALREADY_OPEN";

/** `step` is the place of the refused deletion in its write. */
export const bedOccupied = (bed: string, step: number) =>
  new MoleculerClientError("Somebody lies in this bed: discharge or transfer the patient, then delete it.", 409, "BED_OCCUPIED", {
    bed,
    step,
  });

/** 409: active wards have names of their own. */
export const wardAlreadyOpen = () =>
  new MoleculerClientError("An open ward has this name already: choose another, or close that one first.", 409, WARD_ALREADY_OPEN);
