/** The current rights of an account or program that has signed in before. */
import type { IdentityData } from "./identity-data.ts";
import type { AccountStanding } from "./identity.contract.ts";
import { ownClients } from "./provider/clients.ts";

/** Ids of the built-in apps. */
const OWN = new Set(ownClients("").map(({ _id }) => _id));

/**
 * @param who as authors are named: `Practitioner/1`, an account, a program
 * @returns null if the account, the program, or the app that was used is closed
 */
export async function standingOf(
  { accounts, clients }: Pick<IdentityData, "accounts" | "clients">,
  { who, client }: { who: string; client?: string },
): Promise<AccountStanding | null> {
  if (client !== undefined && !OWN.has(client) && !(await clients.findOne({ _id: client }))) return null;
  const named = who.includes("/") ? { practitioner: who } : { _id: who };
  const account = await accounts.findOne({ ...named, closedAt: { $exists: false } });
  if (account) return { roles: account.roles };
  const program = who.includes("/") ? null : await clients.findOne({ _id: who });
  return program && { roles: program.roles, scope: program.scope };
}
