/** Writes repairs through the FHIR API of the running system. */
import type { ResourceRepair } from "./proposals.ts";
import { shortOf } from "../../import/client.ts";

/** Time limit of an answer, milliseconds: a write takes milliseconds, a starting gateway some seconds. */
const ANSWER_MS = 30_000;

/** The scope that is requested: to read and update the types under repair, nothing else. */
export const scopeFor = (types: Iterable<string>): string =>
  ["openid", "fhirUser", ...[...new Set(types)].map((type) => `user/${type}.ru`)].join(" ");

/**
 * @param base FHIR base URL
 * @param token absent where no sign-in is needed
 * @returns a function that writes one repair, and returns the reason if it is refused
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
