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

/** 404: there is no such result. */
export const resultNotFound = (observation: string) =>
  new MoleculerClientError("No result of the laboratory has this id.", 404, "RESULT_NOT_FOUND", { observation });

/** 409: only what is final is corrected. */
export const resultNotFinal = (observation: string) =>
  new MoleculerClientError("The result is not final, or was cancelled: enter it, do not correct it.", 409, "RESULT_NOT_FINAL", {
    observation,
  });

/** 409: others were faster; the same call may succeed. */
export const resultChanged = (observation: string) =>
  new MoleculerClientError("Somebody changed the result or its report meanwhile: read it and try again.", 409, "RESULT_CHANGED", {
    observation,
  });
