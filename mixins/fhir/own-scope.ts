/**
 * What an app may reach by the actions of a service: its role permits the action, and the app's scopes the types that the action reads and
 * writes by the service itself. What the action asks of other services is guarded there.
 */
import type { Service } from "moleculer";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { accessOf, notAllowed } from "../../mesh/access/access.ts";
import { currentCall } from "../../mesh/access/current-call.ts";
import type { Interaction } from "../../mesh/access/roles.ts";

/** Interactions that show resources: for an action it does not matter how it has found them. */
const SHOWING = ["r", "s"] as const;

/**
 * Requires that the app on whose behalf an action of this service runs was granted all resources of the type. A part of them does not suffice: what
 * an action finds decides what it does.
 * @throws 403 NOT_ALLOWED
 */
export function requireScope({ broker, name }: Pick<Service, "broker" | "name">, type: string, does: "read" | Interaction): void {
  const call = currentCall();
  // Of other services, an action may run at the same time in this process.
  if (!call?.action?.name?.startsWith(`${name}.`)) return;
  const access = accessOf(broker);
  const rights = access.rightsOf(access.identityOf(call));
  const wanted = does === "read" ? SHOWING : [does];
  if (!wanted.some((one) => rights.isInScope(type, one))) throw notAllowed(`${WORDS[does]} ${type}`);
}

const WORDS = { read: "read", c: "create", r: "read", u: "update", d: "delete", s: "search" };
const LETTERS = { create: "c", update: "u", delete: "d" } as const;

/** The same for steps of a write. */
export function requireScopeOf(service: Pick<Service, "broker" | "name">, steps: readonly OwnerStep[]): void {
  for (const step of steps)
    if (step.op in LETTERS && "type" in step) requireScope(service, step.type, LETTERS[step.op as keyof typeof LETTERS]);
}
