import { Errors } from "moleculer";

/** 503: this node stops; the caller repeats the request at another. */
export const ledgerStops = () =>
  new Errors.MoleculerRetryableError("This node of the ledger is stopping: send the entry again.", 503, "LEDGER_STOPS");
