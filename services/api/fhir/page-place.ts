/** What a page link belongs to: a place, and who was given it there. */
import { accessOf } from "../../../mesh/access/access.ts";
import { brokerOf } from "../../../mesh/caller.ts";
import type { FhirRequest } from "./request.ts";

/**
 * The place of `packToken`: to others, and to another app of the same person, the link is none of this server's. It would tell them what was searched
 * for; what it shows is decided anew at each page, by the rights of that moment.
 * @param path behind the base: `Patient/1/_history`
 */
export function pagePlace({ caller }: Pick<FhirRequest, "caller">, path: string): string {
  const access = accessOf(brokerOf(caller));
  if (access.isOpen || caller.meta?.["as"] === undefined) return path;
  const { sub, client, scope, patient } = access.identityOf(caller);
  return `${path}\n${JSON.stringify([sub, client, scope, patient])}`;
}
