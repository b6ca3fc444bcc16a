import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

export const WARD_ALREADY_OPEN = "WARD_ALREADY_OPEN";

export const wardAlreadyOpen = () =>
  new MoleculerClientError("An open ward has this name already: choose another, or close that one first.", 409, WARD_ALREADY_OPEN);
