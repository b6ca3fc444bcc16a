/**
 * What a client's assertion must be beside what the provider looks at: for this server alone, and for now (SMART App Launch 2.2, "Client Authentication:
 * Asymmetric"; RFC 7523). One that names other servers too could be sent on by them.
 */
import type { errors as Errors } from "oidc-provider";
import { CLOCK_TOLERANCE_S } from "./adapter.ts";

/** Longest that an assertion may be good from now on, seconds; as SMART has it. */
const LONGEST_S = 300;
/** Kinds that it may say to be: none is needed. */
const KINDS = new Set([undefined, "JWT", "jwt", "client-authentication+jwt"]);

/** @returns throws the provider's InvalidClientAuth for an assertion that could be used elsewhere, or at another time */
export function assertionCheck({ InvalidClientAuth }: Pick<typeof Errors, "InvalidClientAuth">) {
  return (_ctx: unknown, { aud, exp, iat }: Record<string, unknown>, { typ }: Record<string, unknown>): void => {
    const now = Date.now() / 1_000 + CLOCK_TOLERANCE_S;
    if (Array.isArray(aud) && aud.length !== 1) throw new InvalidClientAuth("aud must name this server alone");
    if (typeof exp !== "number" || exp > now + LONGEST_S) throw new InvalidClientAuth("exp must be within five minutes");
    if (iat !== undefined && !(typeof iat === "number" && iat <= now)) throw new InvalidClientAuth("iat must not be in the future");
    if (!KINDS.has(typ as string | undefined)) throw new InvalidClientAuth("typ must be JWT or client-authentication+jwt");
  };
}
