/** The entries of a merge's transactions. */
import type { FhirResource, Patient, Stored } from "../../../fhir/r4.ts";
import type { TransactionEntry } from "../../transactions/transactions.contract.ts";
import { patientNotActive } from "../patients.errors.ts";
import { isClosed, replacementOf } from "../patients.model.ts";
import { replaced, replacing } from "./merge.model.ts";

type Record = Stored<Patient>;

/** Whether the source says that the target has replaced it. */
export const isReplacedBy = (source: Record, target: Record): boolean => replacementOf(source) === `Patient/${target.id}`;

/** Whether both records say that one has replaced the other; one that was merged in another system, and came by an import, may say so alone. */
export const isMarkedBy = (source: Record, target: Record): boolean =>
  isReplacedBy(source, target) &&
  target.link?.some(({ type, other }) => type === "replaces" && other.reference === `Patient/${source.id}`) === true;

/** @throws 409 PATIENT_NOT_ACTIVE unless the target is in force, and the source is, or was replaced by the target elsewhere */
export function requireInForce(source: Record, target: Record): void {
  if (isClosed(source) && !isReplacedBy(source, target)) throw patientNotActive(`Patient/${source.id}`);
  if (isClosed(target)) throw patientNotActive(`Patient/${target.id}`);
}

/** What marks both records. @param confirm why they are one person, if there were doubts */
export function marking(source: Record, target: Record, confirm: string | undefined): TransactionEntry[] {
  const stays = entryOf(replacing(target, source, confirm));
  return isReplacedBy(source, target) ? [stays] : [entryOf(replaced(source, `Patient/${target.id}`)), stays];
}

/** The content of a resource as text. */
export const contentOf = ({ meta: _, ...content }: Stored): string => JSON.stringify(content);

/** The entry that stores a resource, if it is still in the version that was read. */
export function entryOf(resource: (FhirResource | Stored) & { id?: string }): TransactionEntry {
  return {
    resource,
    request: { method: "PUT", url: `${resource.resourceType}/${resource.id}`, ifMatch: `W/"${resource.meta?.versionId}"` },
  };
}
