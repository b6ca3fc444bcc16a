/** Which certificates may sign stamps for which identities. */
import { type Certificate, mayServe } from "./certificate.ts";

/** Services that check tokens and passwords. Others pass on the stamps that these have signed. */
const VOUCH_FOR_PEOPLE = ["api", "identity"];
/** Work of any service: questions for rules and about transactions, and reports. Other work belongs to one service. */
const WORK_OF_ALL = new Set(["rules", "recovery", "anomalies"]);

/** Whether the key may sign stamps for people. */
export const mayVouchForPeople = (certificate: Certificate): boolean => VOUCH_FOR_PEOPLE.some((service) => mayServe(certificate, service));

/** Whether the key may sign stamps for the mesh's own work of this name (`services/identity/roles/system`). */
export const mayClaimWork = (certificate: Certificate, work: string): boolean => WORK_OF_ALL.has(work) || mayServe(certificate, work);
