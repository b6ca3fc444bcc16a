/** Records changes of accounts and roles in the audit log, like accesses to patients: who, what, to whom, and what was refused. */
import type { Context, ServiceBroker } from "moleculer";
import type { AuditEntry } from "../../federation/audit-contract.ts";
import type { AuditNotes } from "../../federation/audit-notes.ts";
import { accessOf } from "../../mesh/access/access.ts";
import { authorFrom } from "../../mesh/access/author.ts";
import { type AnyHandler, callHandler } from "../../mesh/moleculer.ts";

/** The service, as far as it is needed here. */
interface Office {
  broker: ServiceBroker;
  notes?: Pick<AuditNotes, "note">;
}

/** Characters of the parameters that are kept. */
const MAX_ASKED = 4_000;

/** The actions that change something, each recording its calls. */
export function audited<Of extends Record<string, { handler: AnyHandler }>>(actions: Of): Of {
  return Object.fromEntries(
    Object.entries(actions).map(([name, action]) => {
      const changes = (action as { rest?: string }).rest === "POST";
      return [name, changes ? { ...action, handler: noting(action.handler) } : action];
    }),
  ) as unknown as Of; // the same names; `fromEntries` loses their types
}

function noting(handler: AnyHandler): AnyHandler {
  return async function noted(this: Office, ctx: Context): Promise<unknown> {
    const note = (isDone: boolean) => {
      const entry = deedOf(this.broker, ctx, isDone);
      if (entry) this.notes?.note(entry);
    };
    try {
      const result = await callHandler(handler, this, ctx);
      note(true);
      return result;
    } catch (error) {
      note(false);
      throw error;
    }
  };
}

/** The entry; undefined with open access. */
function deedOf(broker: ServiceBroker, ctx: Context, isDone: boolean): AuditEntry | undefined {
  const by = accessOf(broker).authorOf(ctx);
  if (by === undefined) return undefined;
  const { password: _, ...asked } = ctx.params as Record<string, unknown>;
  const type = ctx.action?.name ?? "";
  const query = `${type} ${JSON.stringify(asked)}`.slice(0, MAX_ASKED);
  return { at: Date.now(), deed: "operation", isDone, by: authorFrom(by), type, query, ...(ctx.requestID && { call: ctx.requestID }) };
}
