/** Audit entries of sign-ins, ended sessions, and changes that people make of their own sign-in. */
import type { AuditedDeed, AuditEntry } from "../../federation/audit-contract.ts";
import type { StoredAccount } from "./identity.model.ts";

/** A refused attempt: from where, by which app, and why. */
export interface RefusedProof {
  address: string;
  client?: string | undefined;
  why: string;
}

/**
 * The entry of a refused attempt to sign in, or of a refused token or proof of an app.
 * @param account whose password or grant it was supposed to be; undefined if unknown
 */
export function refusedProof(
  deed: AuditedDeed & ("sign-in" | "token"),
  account: StoredAccount | null | undefined,
  { address, client, why }: RefusedProof,
): AuditEntry {
  const app = client === undefined ? {} : { client };
  const by = account ? sessionEntry("sign-in", account, app).by : { who: "", role: "", ...app };
  return { at: Date.now(), deed, isDone: false, by, address, why };
}

/** Changes that people make of their own sign-in, named like the actions of administrators; `setPassword`: by a link. */
export type OwnChange = "changePassword" | "setPassword" | "startSecondFactor" | "endSecondFactor";

/** The entry of a change of an account's sign-in, which shows the person if another has made it. @param address of the client */
export function ownChangeEntry(change: OwnChange, account: StoredAccount, address: string): AuditEntry {
  return { ...sessionEntry("sign-in", account), deed: "operation", type: `identity.${change}`, address };
}

/** @param client the app to which a person signs in */
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
