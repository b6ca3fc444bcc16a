/** Actions by which administrators see and change the rights of roles. */
import type { Context, ServiceBroker } from "moleculer";
import { accessOf } from "../../../mesh/access/access.ts";
import { systemIdentity } from "../../../mesh/access/identity.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { identity } from "../identity.contract.ts";
import type { RoleBook } from "./role-book.ts";

/** The service, as far as these actions need it. */
interface Office {
  broker: ServiceBroker;
  roleBook: RoleBook;
}

type Given<Name extends keyof typeof identity> = Context<Parameters<(typeof identity)[Name]>[1]>;

const ROLE = { type: "string", pattern: /^[a-z][a-z0-9-]{0,39}$/ } as const;
const VERSION = { type: "number", integer: true, min: 0, max: 1_000_000 } as const;
const REASON = { type: "string", trim: true, min: 1, max: 1_000 } as const;
const LETTERS = { type: "string", pattern: /^c?r?u?d?s?$/ } as const;

/** The operator of the system. */
export const OPERATOR = systemIdentity("operator").sub;

/** The caller's account; a program that works on the store itself acts for the operator. */
export function askedBy(broker: ServiceBroker, caller: Caller): string {
  const access = accessOf(broker);
  return access.isOpen ? OPERATOR : access.identityOf(caller).sub;
}

/** Actions of `identity`, by name. */
export const roleActions = {
  listRoles: {
    rest: "GET" as const,
    summary: "All roles, and what each may do",
    params: { $$strict: true as const },
    handler(this: Office) {
      return this.roleBook.list();
    },
  },

  changeRole: {
    rest: "POST" as const,
    summary: "Make a role, or change what it may do; what makes it one of the widest waits for another administrator",
    params: {
      role: ROLE,
      version: VERSION,
      reason: REASON,
      says: { type: "string", trim: true, min: 1, max: 300 } as const,
      types: { type: "record", key: { type: "string", pattern: /^(\*|[A-Z][A-Za-z]{1,63})$/ }, value: LETTERS } as const,
      actions: { type: "array", max: 500, items: { type: "string", max: 100 } } as const,
      onBehalf: { type: "boolean", optional: true } as const,
      secondFactor: { type: "boolean", optional: true } as const,
      $$strict: true as const,
    },
    handler(this: Office, ctx: Given<"changeRole">) {
      const { role, version, reason, ...to } = ctx.params;
      return this.roleBook.change({ role, version, reason, to, by: askedBy(this.broker, ctx) });
    },
  },

  resetRole: {
    rest: "POST" as const,
    summary: "Have a role as its file says again",
    params: { role: ROLE, version: VERSION, reason: REASON, $$strict: true as const },
    handler(this: Office, ctx: Given<"resetRole">) {
      return this.roleBook.change({ ...ctx.params, to: undefined, by: askedBy(this.broker, ctx) });
    },
  },

  confirmRole: {
    rest: "POST" as const,
    summary: "Confirm a change of a role that somebody else has made",
    params: { role: ROLE, version: VERSION, $$strict: true as const },
    handler(this: Office, ctx: Given<"confirmRole">) {
      return this.roleBook.confirm(ctx.params.role, ctx.params.version, askedBy(this.broker, ctx));
    },
  },

  rejectRole: {
    rest: "POST" as const,
    summary: "Reject a change of a role that waits, or take back one's own",
    params: { role: ROLE, version: VERSION, $$strict: true as const },
    handler(this: Office, ctx: Given<"rejectRole">) {
      return this.roleBook.reject(ctx.params.role, ctx.params.version, askedBy(this.broker, ctx));
    },
  },

  listRoleChanges: {
    rest: "GET" as const,
    summary: "Who has changed which role, when and why",
    params: { role: { ...ROLE, optional: true } as const, $$strict: true as const },
    handler(this: Office, { params }: Given<"listRoleChanges">) {
      return this.roleBook.changes(params.role);
    },
  },

  currentRoles: {
    whoMay: "anyone" as const, // contains nothing about people, and a node that has just started calls it before it knows any role
    params: { $$strict: true as const },
    handler(this: Office) {
      return this.roleBook.current();
    },
  },
};
