import { Errors } from "moleculer";

/** An error that the gateway itself raises; `type` names it for code, the message is for people. */
export const httpError = (status: number, type: string, message: string, data: Record<string, unknown> = {}) =>
  new Errors.MoleculerClientError(message, status, type, data);
