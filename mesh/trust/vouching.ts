/** Whose word counts on who asks: what a certificate must name for its key to sign a stamp. */
import { type Certificate, mayServe } from "./certificate.ts";

/** They have checked a token or a password. Others pass on what these have signed. */
const VOUCH_FOR_PEOPLE = ["api", "identity"];
/** Work that any service does: to ask what a rule must know, and what became of a transaction; to report. Other work is its service's own. */
const WORK_OF_ALL = new Set(["rules", "recovery", "anomalies"]);

/** Whether the key may say which person asks. */
export const mayVouchForPeople = (certificate: Certificate): boolean => VOUCH_FOR_PEOPLE.some((service) => mayServe(certificate, service));

/** Whether the key may ask in the name of the mesh's own work (`services/identity/roles/system`). */
export const mayClaimWork = (certificate: Certificate, work: string): boolean => WORK_OF_ALL.has(work) || mayServe(certificate, work);
