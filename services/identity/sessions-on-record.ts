/** Sign-ins, ended sessions, and what people change of their own sign-in, as they are put on record. */
import type { AuditedDeed, AuditEntry } from "../../federation/audit-contract.ts";
import type { StoredAccount } from "./identity.model.ts";

/** From where somebody came who was refused, by which app, and why. */
export interface RefusedProof {
  address: string;
  client?: string | undefined;
  why: string;
}

/**
 * A try to sign in, or a token or an app's proof of itself, that was refused.
 * @param account whose password it was to be, or whose grant; undefined: nobody's, as far as is known
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

/** What a person may change of the own sign-in, named as the actions of administrators are; `setPassword`: by a link. */
export type OwnChange = "changePassword" | "setPassword" | "startSecondFactor" | "endSecondFactor";

/** Somebody has changed by what they prove who they are: whoever it was, the person can see it. @param address of the client */
export function ownChangeEntry(change: OwnChange, account: StoredAccount, address: string): AuditEntry {
  return { ...sessionEntry("sign-in", account), deed: "operation", type: `identity.${change}`, address };
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
