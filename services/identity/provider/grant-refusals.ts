/** Why a code or a refresh token is no good, as its client and the record are told; the error is `invalid_grant` for all (RFC 6749, 5.2). */

/** By reason: what the client hears as `error_description`, which RFC 6749 has in ASCII without quotation marks. */
export const GRANT_REFUSALS = {
  expired: "It has run out: sign in again.",
  used: "It was used before: all that came of this sign-in has ended, as somebody else may have it. Sign in again.",
  ended: "The sign-in that it came of has ended: sign in again.",
  unknown: "It is none of ours, or the sign-in that it came of has ended: sign in again.",
} as const;

/** A reason. */
export type GrantRefusal = keyof typeof GRANT_REFUSALS;

/** What the provider says to itself (`error_detail`), by the reason. */
const DETAILS: readonly [RegExp, GrantRefusal][] = [
  [/^grant (?:is expired|not found)$/, "ended"],
  [/ is expired$/, "expired"],
  [/ already (?:used|consumed)$|^used more than once$/, "used"],
  [/ not found\)?$/, "unknown"],
];

/** The reason; undefined: another one, such as another app's token, of which the client hears no more. */
export const grantRefusalOf = (detail: unknown): GrantRefusal | undefined =>
  typeof detail === "string" ? DETAILS.find(([words]) => words.test(detail))?.[1] : undefined;
