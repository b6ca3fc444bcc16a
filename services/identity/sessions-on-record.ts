/** Sign-ins and ended sessions, as they are put on record. */
import type { AuditedDeed, AuditEntry } from "../../federation/audit-contract.ts";
import type { StoredAccount } from "./identity.model.ts";

/** A try to sign in that was refused. @param account absent: there is no such */
export function refusedSignIn(
  account: StoredAccount | undefined,
  { address, client, why }: { address: string; client: string; why: string },
): AuditEntry {
  const by = account ? sessionEntry("sign-in", account, { client }).by : { who: "", role: "", client };
  return { at: Date.now(), deed: "sign-in", isDone: false, by, address, why };
}

/** A token, or an app's proof of itself, that was refused. @param accountId whose grant it was, if that is known */
export function refusedGrant(request: {
  address: string;
  client?: string | undefined;
  accountId?: string | undefined;
  why: string;
}): AuditEntry {
  const { address, client, accountId = "", why } = request;
  return {
    at: Date.now(),
    deed: "token",
    isDone: false,
    by: { who: accountId, role: "", ...(client !== undefined && { client }) },
    address,
    why,
  };
}

/** @param client the app that a person signs in to */
export function sessionEntry(
  deed: AuditedDeed & ("sign-in" | "sign-out"),
  account: StoredAccount,
  { isDone = true, client }: { isDone?: boolean; client?: string } = {},
): AuditEntry {
  const { _id, name, practitioner, roles } = account;
  return {
    at: Date.now(),
    deed,
    isDone,
    by: { who: practitioner ?? _id, name, role: roles.join(" "), ...(client !== undefined && { client }) },
  };
}
