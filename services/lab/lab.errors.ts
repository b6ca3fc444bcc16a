import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 404: there is no such order. */
export const orderNotFound = (order: string) => new MoleculerClientError("No lab order has this id.", 404, "ORDER_NOT_FOUND", { order });

/** 409: an order gets one result. */
export const orderNotActive = (order: string) =>
  new MoleculerClientError("The order is not active any more: it has its result, or was revoked.", 409, "ORDER_NOT_ACTIVE", { order });

/** 409: others were faster; the same call may succeed. */
export const orderChanged = (order: string) =>
  new MoleculerClientError("Somebody changed the order meanwhile: read it and try again.", 409, "ORDER_CHANGED", { order });
