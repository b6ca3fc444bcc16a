/** Writes repairs through the FHIR API of the system that runs. */
import type { ResourceRepair } from "./proposals.ts";
import { shortOf } from "../../import/client.ts";

/** A write of one resource takes milliseconds; a gateway that starts, some seconds. */
const ANSWER_MS = 30_000;

/** The scope that is asked for: to read and change the types that are put right, nothing else. */
export const scopeFor = (types: Iterable<string>): string =>
  ["openid", "fhirUser", ...[...new Set(types)].map((type) => `user/${type}.ru`)].join(" ");

/**
 * @param base of FHIR
 * @param token absent where who asks need not sign in
 * @returns writes one repair, and says why it is refused
 */
export function putter(base: string, token?: () => Promise<string>): (repair: ResourceRepair) => Promise<string | undefined> {
  return async ({ reference, version, next }) => {
    const headers = {
      "Content-Type": "application/fhir+json",
      "If-Match": `W/"${version}"`,
      Prefer: "return=minimal",
      ...(token && { Authorization: `Bearer ${await token()}` }),
    };
    const init = { method: "PUT", headers, body: JSON.stringify(next), signal: AbortSignal.timeout(ANSWER_MS) };
    const response = await fetch(`${base}/${reference}`, init).catch((error: unknown) => error as Error);
    if (response instanceof Error) return `nobody answers at ${base} (${response.message})`;
    if (response.ok) return undefined;
    return shortOf(response.status, await response.json().catch(() => undefined));
  };
}
