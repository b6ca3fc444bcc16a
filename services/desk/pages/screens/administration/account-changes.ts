/** Changes to an account that write over nothing that others have changed and the person here has not seen. */
import type { identity as identityContract, User } from "../../../../identity/identity.contract.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { isSame } from "../../platform/merging.ts";

const identity = actionsOf<typeof identityContract>("identity");

/** A part of an account, and what becomes of it. */
interface PartChange {
  /** What an account has in this part. */
  of: (user: User) => string[];
  wanted: string[];
  /** @param version of the account, as it was read */
  change: (version: number) => Promise<User>;
}

/** These roles, and no others. */
export const rolesTo = (user: string, roles: string[]): PartChange => ({
  of: (one) => one.roles,
  wanted: roles,
  change: (version) => identity.setRoles({ user, roles, version }),
});

/** Who the person is among those who work here. @param practitioner "Practitioner/…"; absent: nobody */
export const practitionerTo = (user: string, practitioner?: string): PartChange => ({
  of: (one) => (one.practitioner ? [one.practitioner] : []),
  wanted: practitioner ? [practitioner] : [],
  change: (version) => identity.setPractitioner({ user, ...(practitioner && { practitioner }), version }),
});

/**
 * Changes one part of an account as it was seen, whatever else of it others have changed since.
 * @returns the account as it is stored; `theirs`: others have changed this part, to this, and nothing is stored
 * @throws Refused USER_CHANGED where the account is not there any more, and for what the change itself is refused for
 */
export async function changeAccount(seen: User, { of, wanted, change }: PartChange): Promise<{ stored: User } | { theirs: User }> {
  try {
    return { stored: await change(seen.version) };
  } catch (error) {
    if (!(error instanceof Refused) || error.type !== "USER_CHANGED") throw error;
    const now = (await identity.listUsers({})).find(({ id, closedAt }) => id === seen.id && !closedAt);
    if (!now) throw error;
    if (isSame(of(now), wanted)) return { stored: now }; // they want the same, or the answer was lost on its way
    return isSame(of(now), of(seen)) ? { stored: await change(now.version) } : { theirs: now };
  }
}

/** Takes a change back, unless others have changed the same since. @throws Refused USER_CHANGED then */
export async function changeBack(stored: User, part: PartChange): Promise<void> {
  if ("theirs" in (await changeAccount(stored, part))) throw new Refused(409, "USER_CHANGED", "");
}
