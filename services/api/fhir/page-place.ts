/** What a page link is bound to: a path, and the caller who got it. */
import { accessOf } from "../../../mesh/access/access.ts";
import { brokerOf } from "../../../mesh/caller.ts";
import type { FhirRequest } from "./request.ts";

/**
 * The `place` for `packToken`. For other callers, and another app of the same person, the link is invalid: it would reveal what was searched
 * for. What a page shows is decided by the caller's rights when it is requested.
 * @param path behind the base: `Patient/1/_history`
 */
export function pagePlace({ caller }: Pick<FhirRequest, "caller">, path: string): string {
  const access = accessOf(brokerOf(caller));
  if (access.isOpen || caller.meta?.["as"] === undefined) return path;
  const { sub, client, scope, patient } = access.identityOf(caller);
  return `${path}\n${JSON.stringify([sub, client, scope, patient])}`;
}
