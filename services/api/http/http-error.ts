import { Errors } from "moleculer";

/** An error raised by the gateway itself; `type` is for programs, the message for people. */
export const httpError = (status: number, type: string, message: string, data: Record<string, unknown> = {}) =>
  new Errors.MoleculerClientError(message, status, type, data);
