/**
 * Requirements on a client's assertion besides those of the provider: for this server alone, and for now (SMART App Launch 2.2, "Client
 * Authentication: Asymmetric"; RFC 7523). One that names other servers too could be forwarded by them.
 */
import type { errors as Errors } from "oidc-provider";
import { CLOCK_TOLERANCE_S } from "./adapter.ts";

/** Longest validity of an assertion from now on, seconds; as in SMART. */
const LONGEST_S = 300;
/** Accepted values of `typ`, which is optional. */
const KINDS = new Set([undefined, "JWT", "jwt", "client-authentication+jwt"]);

/** @returns a check that throws the provider's InvalidClientAuth for an assertion that could be used elsewhere, or at another time */
export function assertionCheck({ InvalidClientAuth }: Pick<typeof Errors, "InvalidClientAuth">) {
  return (_ctx: unknown, { aud, exp, iat }: Record<string, unknown>, { typ }: Record<string, unknown>): void => {
    const now = Date.now() / 1_000 + CLOCK_TOLERANCE_S;
    if (Array.isArray(aud) && aud.length !== 1) throw new InvalidClientAuth("aud must name this server alone");
    if (typeof exp !== "number" || exp > now + LONGEST_S) throw new InvalidClientAuth("exp must be within five minutes");
    if (iat !== undefined && !(typeof iat === "number" && iat <= now)) throw new InvalidClientAuth("iat must not be in the future");
    if (!KINDS.has(typ as string | undefined)) throw new InvalidClientAuth("typ must be JWT or client-authentication+jwt");
  };
}
