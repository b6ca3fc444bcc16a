/** Changes of an account that do not overwrite changes by others which the person has not seen. */
import type { identity as identityContract, User } from "../../../../identity/identity.contract.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { isSame } from "../../platform/merging.ts";

const identity = actionsOf<typeof identityContract>("identity");

/** A change of one part of an account. */
interface PartChange {
  /** The part's values in an account. */
  of: (user: User) => string[];
  wanted: string[];
  /** @param version of the account that was read */
  change: (version: number) => Promise<User>;
}

/** Sets the roles. */
export const rolesTo = (user: string, roles: string[]): PartChange => ({
  of: (one) => one.roles,
  wanted: roles,
  change: (version) => identity.setRoles({ user, roles, version }),
});

/** Sets the person's Practitioner. @param practitioner "Practitioner/…"; absent: none */
export const practitionerTo = (user: string, practitioner?: string): PartChange => ({
  of: (one) => (one.practitioner ? [one.practitioner] : []),
  wanted: practitioner ? [practitioner] : [],
  change: (version) => identity.setPractitioner({ user, ...(practitioner && { practitioner }), version }),
});

/**
 * Changes one part of an account as it was seen, even if others have changed other parts since.
 * @returns the stored account; `theirs`: others have changed this part, and nothing was stored
 * @throws Refused USER_CHANGED if the account no longer exists, and the refusals of the change itself
 */
export async function changeAccount(seen: User, { of, wanted, change }: PartChange): Promise<{ stored: User } | { theirs: User }> {
  try {
    return { stored: await change(seen.version) };
  } catch (error) {
    if (!(error instanceof Refused) || error.type !== "USER_CHANGED") throw error;
    const now = (await identity.listUsers({})).find(({ id, closedAt }) => id === seen.id && !closedAt);
    if (!now) throw error;
    if (isSame(of(now), wanted)) return { stored: now }; // others have done the same, or the answer was lost
    return isSame(of(now), of(seen)) ? { stored: await change(now.version) } : { theirs: now };
  }
}

/** Undoes a change, unless others have changed the same since. @throws Refused USER_CHANGED then */
export async function changeBack(stored: User, part: PartChange): Promise<void> {
  if ("theirs" in (await changeAccount(stored, part))) throw new Refused(409, "USER_CHANGED", "");
}
