/** The audit entry of a notification that contains a resource: whoever receives it has read the resource. */
import { entryText, isOfPatients, notePatients, patientsOf } from "../../federation/audit.ts";
import type { Author } from "../../mesh/access/author-contract.ts";

/** What was sent: a version of a resource, because of an event. */
interface Sent {
  subscription: string;
  type: string;
  id: string;
  event: string;
  json: string;
}

/**
 * The entry as text; undefined if the resource concerns no patient. The same for each attempt to send one notification, so that they count as one.
 * @param by the author of the Subscription
 */
export function sentEntry(by: Author, { subscription, type, id, event, json }: Sent): string | undefined {
  if (!isOfPatients(type)) return undefined;
  const found = new Set<string>();
  notePatients(found, { type, id, json });
  return entryText(
    { at: Date.now(), deed: "read", isDone: true, type, ...patientsOf(found) },
    { by: JSON.stringify(by), query: `PUT ${type}/${id} by Subscription/${subscription}`, work: `${subscription}/${event}` },
  );
}
