import { Errors } from "moleculer";

/** 503: this node stops; the caller repeats the request at another. */
export const ledgerStops = () => new Errors.MoleculerRetryableError("The ledger stops here: tell it again.", 503, "LEDGER_STOPS");
