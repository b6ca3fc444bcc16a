/** Records changes of accounts and roles in the audit log, like accesses to patients: who, what, to whom, and what was refused. */
import type { Context, ServiceBroker } from "moleculer";
import type { AuditEntry } from "../../federation/audit-contract.ts";
import type { AuditNotes } from "../../federation/audit-notes.ts";
import type { Author } from "../../mesh/access/author-contract.ts";
import { accessOf } from "../../mesh/access/access.ts";
import { authorFrom } from "../../mesh/access/author.ts";
import { type AnyHandler, callHandler } from "../../mesh/moleculer.ts";
import { type OperatorNotes, operatorHere } from "./operator-notes.ts";

/** The service, as far as it is needed here. */
interface Office {
  broker: ServiceBroker;
  notes?: Pick<AuditNotes, "note">;
  /** In a program that works on the store for the operator, and where accesses are on record. */
  operatorNotes?: Pick<OperatorNotes, "note"> | undefined;
}

/** Names of actions that change nothing. */
const READS = /^(?:list|current)[A-Z]/;
/** Characters of the parameters that are kept. */
const MAX_ASKED = 4_000;

/** The actions that change something, each recording its calls. */
export function audited<Of extends Record<string, { handler: AnyHandler }>>(actions: Of): Of {
  return Object.fromEntries(
    Object.entries(actions).map(([name, action]) => {
      return [name, READS.test(name) ? action : { ...action, handler: noting(action.handler) }];
    }),
  ) as unknown as Of; // the same names; `fromEntries` loses their types
}

function noting(handler: AnyHandler): AnyHandler {
  return async function noted(this: Office, ctx: Context): Promise<unknown> {
    const { operatorNotes, broker, notes } = this;
    const note = async (isDone: boolean): Promise<void> => {
      if (operatorNotes) return operatorNotes.note(deedOf(operatorHere(), ctx, isDone));
      const by = accessOf(broker).authorOf(ctx);
      if (by !== undefined) notes?.note(deedOf(authorFrom(by), ctx, isDone)); // undefined with open access
    };
    let result: unknown;
    try {
      result = await callHandler(handler, this, ctx);
    } catch (error) {
      await note(false);
      throw error;
    }
    await note(true);
    return result;
  };
}

function deedOf(by: Author, ctx: Context, isDone: boolean): AuditEntry {
  const { password: _, ...asked } = ctx.params as Record<string, unknown>;
  const type = ctx.action?.name ?? "";
  const query = `${type} ${JSON.stringify(asked)}`.slice(0, MAX_ASKED);
  return { at: Date.now(), deed: "operation", isDone, by, type, query, ...(ctx.requestID && { call: ctx.requestID }) };
}
