/** Why a code or refresh token is not valid, for its client and the audit log; the error is always `invalid_grant` (RFC 6749, 5.2). */

/** By reason, the `error_description` for clients: ASCII without quotation marks, as RFC 6749 requires. */
export const GRANT_REFUSALS = {
  expired: "It has expired: sign in again.",
  used: "It was used before, so another person may have it: all tokens of this sign-in have ended. Sign in again.",
  ended: "Its sign-in has ended: sign in again.",
  unknown: "It is not from this server, or its sign-in has ended: sign in again.",
} as const;

/** A reason. */
export type GrantRefusal = keyof typeof GRANT_REFUSALS;

/** The provider's internal reason (`error_detail`), by reason. */
const DETAILS: readonly [RegExp, GrantRefusal][] = [
  [/^grant (?:is expired|not found)$/, "ended"],
  [/ is expired$/, "expired"],
  [/ already (?:used|consumed)$|^used more than once$/, "used"],
  [/ not found\)?$/, "unknown"],
];

/** The reason; undefined: another one, such as another app's token, which clients are not told. */
export const grantRefusalOf = (detail: unknown): GrantRefusal | undefined =>
  typeof detail === "string" ? DETAILS.find(([words]) => words.test(detail))?.[1] : undefined;
