/** Sign-ins and ended sessions, as they are put on record. */
import type { AuditedDeed, AuditEntry } from "../../federation/audit-contract.ts";
import type { StoredAccount } from "./identity.model.ts";

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
