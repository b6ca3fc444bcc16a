/**
 * A keyed request: one that its client may send again (`Idempotency-Key`). What it writes is prepared, under parts of one transaction id, and
 * becomes true together with the answer that is kept for it. It goes along with all calls of the request, in their `meta`, and what was
 * prepared comes back the same way: Moleculer merges the meta of a call that was answered into its caller's.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { type Context, Errors } from "moleculer";
import type { KeyedPart } from "./keyed-request-contract.ts";
import { middleware } from "./moleculer.ts";

/** What a keyed request takes along. */
export interface KeyedRequest {
  /** Id of the transaction that all that it writes belongs to; it begins with the gateway's node id. */
  tx: string;
  /** meta.lastUpdated of what it writes, milliseconds since 1970. */
  at: number;
}

/** What goes along with all calls of one request. */
export type RequestMeta = { work?: string; keyed?: KeyedRequest } & Record<string, unknown>;

/** How a part is named in the meta: each has a name of its own, so that calls side by side do not overwrite one another's. */
const PART = "part ";

/** A new id of a part. */
export const newPart = ({ tx }: KeyedRequest): string => `${tx}.${randomBytes(6).toString("hex")}`;
/** The transaction that a part belongs to; any other id is its own. */
export function transactionOfPart(tx: string): string {
  const end = tx.lastIndexOf(".");
  return end > tx.lastIndexOf("~") ? tx.slice(0, end) : tx;
}

/** What this process has begun itself, with its parts: their names need not travel with every further call. */
const begun = new WeakMap<KeyedRequest, KeyedPart[]>();

/** Begins a keyed request: from now on what it writes is prepared only. */
export function beginKeyed(meta: RequestMeta, keyed: KeyedRequest): void {
  begun.set(keyed, []);
  meta.keyed = keyed;
}

/** Ends it: what is written from now on is written at once. All that was prepared for it. */
export function endKeyed(meta: RequestMeta): KeyedPart[] {
  const parts = (meta.keyed && begun.get(meta.keyed)) ?? [];
  delete meta.keyed;
  for (const [name, isFirst] of Object.entries(meta)) {
    if (!name.startsWith(PART)) continue;
    delete meta[name];
    const [, tx = "", owner = ""] = name.split(" ");
    parts.push({ tx, owner, ...(isFirst === true && { isFirst }) });
  }
  return parts;
}

/** Notes what was prepared, for the coordinator that decides on it. */
export function notePart(meta: RequestMeta, part: KeyedPart): void {
  const parts = meta.keyed && begun.get(meta.keyed);
  if (parts) parts.push(part);
  else meta[`${PART}${part.tx} ${part.owner}`] = part.isFirst === true;
}

type KeyedCall = Context<unknown, RequestMeta & { keyed: KeyedRequest }>;

/** Emptied when the call has ended: what it leaves running writes on its own account. */
const current = new AsyncLocalStorage<{ call: KeyedCall | undefined }>();

/** The call of a keyed request that is handled at this moment; undefined for all others. */
export const keyedCall = (): KeyedCall | undefined => current.getStore()?.call;

/** Moleculer's middleware by which a handler's writes know the keyed request that they are for. */
export const KnowKeyedRequest = middleware({
  name: "KnowKeyedRequest",
  localAction(next: (ctx: Context) => Promise<unknown>) {
    return (ctx: Context) => {
      const isKeyed = (ctx as KeyedCall).meta.keyed !== undefined;
      if (!isKeyed && keyedCall() === undefined) return next(ctx);
      const held = { call: isKeyed ? (ctx as KeyedCall) : undefined };
      return current.run(held, () =>
        next(ctx).finally(() => {
          held.call = undefined;
        }),
      );
    };
  },
});

/** A write that cannot be held until the request's answer is kept. */
export const notKeyable = () =>
  new Errors.MoleculerClientError(
    "This cannot be held to one effect: send it without Idempotency-Key.",
    501,
    "IDEMPOTENCY_KEY_NOT_SUPPORTED",
  );
