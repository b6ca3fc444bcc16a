/**
 * A keyed request is one that its client may repeat (`Idempotency-Key`). Its writes are prepared, as parts of one transaction, and
 * committed together with the answer that is kept for it. It is sent with all calls of the request, in their `meta`, and the prepared parts
 * are returned the same way: Moleculer merges the meta of an answered call into its caller's.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { type Context, Errors } from "moleculer";
import type { KeyedPart } from "./keyed-request-contract.ts";
import { middleware } from "./moleculer.ts";

/** What a keyed request carries. */
export interface KeyedRequest {
  /** Id of the transaction of all its writes; it begins with the gateway's node id. */
  tx: string;
  /** meta.lastUpdated of its writes, milliseconds since 1970. */
  at: number;
}

/** The meta of all calls of one request. */
export type RequestMeta = { work?: string; keyed?: KeyedRequest } & Record<string, unknown>;

/** Prefix of a part's name in the meta: each part has its own, so that concurrent calls do not overwrite each other's. */
const PART = "part ";

/** A new id of a part. */
export const newPart = ({ tx }: KeyedRequest): string => `${tx}.${randomBytes(6).toString("hex")}`;
/** The transaction of a part; any other id is its own transaction. */
export function transactionOfPart(tx: string): string {
  const end = tx.lastIndexOf(".");
  return end > tx.lastIndexOf("~") ? tx.slice(0, end) : tx;
}

/** Keyed requests that this process has begun, with their parts, whose names need not be sent with every further call. */
const begun = new WeakMap<KeyedRequest, KeyedPart[]>();

/** Begins a keyed request: from now on its writes are only prepared. */
export function beginKeyed(meta: RequestMeta, keyed: KeyedRequest): void {
  begun.set(keyed, []);
  meta.keyed = keyed;
}

/** Ends it: later writes are committed at once. @returns all prepared parts */
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

/** Notes a prepared part, for the coordinator. */
export function notePart(meta: RequestMeta, part: KeyedPart): void {
  const parts = meta.keyed && begun.get(meta.keyed);
  if (parts) parts.push(part);
  else meta[`${PART}${part.tx} ${part.owner}`] = part.isFirst === true;
}

type KeyedCall = Context<unknown, RequestMeta & { keyed: KeyedRequest }>;

/** Emptied when the call has ended: work that is still running then writes on its own behalf. */
const current = new AsyncLocalStorage<{ call: KeyedCall | undefined }>();

/** The current call if it belongs to a keyed request, otherwise undefined. */
export const keyedCall = (): KeyedCall | undefined => current.getStore()?.call;

/** Moleculer's middleware that makes the keyed request known to the writes of a handler. */
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

/** The error of a write that cannot be prepared until the request's answer is kept. */
export const notKeyable = () =>
  new Errors.MoleculerClientError(
    "This cannot be held to one effect: send it without Idempotency-Key.",
    501,
    "IDEMPOTENCY_KEY_NOT_SUPPORTED",
  );
