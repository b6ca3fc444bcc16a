/** Dates in the headers of requests: If-Modified-Since and If-Unmodified-Since (RFC 9110, 13.1.3 and 13.1.4). */
import { etagOf } from "../../../fhir/etag.ts";
import { NONE_LIVING } from "../../../fhir/preconditions.ts";
import { isType, staleVersion } from "../../../federation/errors.ts";
import { readResource } from "../../../federation/read.ts";
import type { FhirRequest } from "./request.ts";

/**
 * Whether a version is newer than a date in a header; both have whole seconds there. Undefined for text that is no date.
 * @param updated time of the version, milliseconds
 */
export function isNewer(updated: number, header: string): boolean | undefined {
  // The oldest of the three forms has no zone and means GMT as well (RFC 9110, 5.6.7).
  const date = Date.parse(/\d{4}$/.test(header) ? `${header} GMT` : header);
  return Number.isNaN(date) ? undefined : Math.floor(updated / 1000) * 1000 > date;
}

/**
 * The request of a write with If-Unmodified-Since as one with If-Match for the version that is current now, so that no other write comes between.
 * Unchanged without that header, with an If-Match beside it, and for text that is no date, as RFC 9110 says.
 * @throws 412 STALE_VERSION if the resource has changed since, or does not exist any more
 */
export async function unmodifiedSince(request: FhirRequest, type: string, id: string): Promise<FhirRequest> {
  const since = request.header("if-unmodified-since");
  if (since === undefined || isNewer(0, since) === undefined || request.header("if-match") !== undefined) return request;
  const { version, updated } = await readResource(request, type, id).catch((error: unknown) => {
    if (!isType(error, "NOT_FOUND") && !isType(error, "GONE")) throw error;
    throw staleVersion({ type, id, version: NONE_LIVING });
  });
  if (isNewer(updated, since)) throw staleVersion({ type, id, version });
  return { ...request, header: (name) => (name === "if-match" ? etagOf(version) : request.header(name)) };
}
