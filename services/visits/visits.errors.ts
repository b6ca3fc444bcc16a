import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

export const VISIT_ALREADY_OPEN = "VISIT_ALREADY_OPEN";

export const visitAlreadyOpen = (patient: string) =>
  new MoleculerClientError("The patient has an open visit already: close it first.", 409, VISIT_ALREADY_OPEN, { patient });

export const visitNotFound = (visit: string) =>
  new MoleculerClientError("No ambulatory visit has this id.", 404, "VISIT_NOT_FOUND", { visit });

export const visitAlreadyClosed = (visit: string) =>
  new MoleculerClientError("The visit is closed already.", 409, "VISIT_ALREADY_CLOSED", { visit });

export const visitChanged = (visit: string) =>
  new MoleculerClientError("Somebody changed the visit meanwhile: read it and try again.", 409, "VISIT_CHANGED", { visit });
