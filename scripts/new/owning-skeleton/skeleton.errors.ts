import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** Nobody has stored it, or it was deleted. */
export const skeletonNotFound = (resource: string) =>
  new MoleculerClientError("There is no such resource.", 404, "SKELETON_NOT_FOUND", { resource });

/** The rule of the example. */
export const alreadyMarked = (resource: string) =>
  new MoleculerClientError("The resource is marked already: name another one.", 409, "ALREADY_MARKED", { resource });

/** Others were faster. */
export const skeletonChanged = (resource: string) =>
  new MoleculerClientError("Somebody changed the resource meanwhile: read it and try again.", 409, "SKELETON_CHANGED", { resource });
