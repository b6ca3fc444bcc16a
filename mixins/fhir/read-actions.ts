/** The reading actions of an owner; see `federation/owner-contract.ts`. */
import { createHash, randomUUID } from "node:crypto";
import type { Context, Service } from "moleculer";
import type { Clause, Page, StoreQuery } from "../../fhir/search/query.ts";
import type { HistoryQuery, JoinKeysQuery, Store } from "../../store/store.ts";
import { StoreCache } from "../../store/store-cache.ts";
import { type Budget, WAIT_MS } from "../../store/too-costly.ts";
import { accessOf } from "../../mesh/access/access.ts";
import { clientOf } from "../../mesh/caller.ts";
import { timeLeft } from "../../mesh/deadline.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import { callsHandledBy } from "../../mesh/metrics.ts";
import type { Metered, TaggedPage, VersionOf } from "../../federation/owner-contract.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { fromStoreError, versionNotFound } from "../../federation/errors.ts";
import { MAX_FACTS, splitPlace } from "../../federation/facts.ts";
import { notePatients } from "../../federation/audit.ts";
import { movesInto, movesOutOf } from "../../federation/moves.ts";
import { allVersions, historyPage } from "./history-page.ts";
import { factsOf } from "./rules/gather.ts";

type This = Service & WithDirectory & { store: Store };

const READ = { cache: false, retryPolicy: { enabled: true } };

/** Runs work on a service's store and turns its errors into those of the service. */
export function guarded<Result>(service: Service, work: () => Promise<Result>): Promise<Result> {
  const refuse = (error: unknown) => Promise.reject<never>(fromStoreError(error, service.name));
  try {
    return work().catch(refuse);
  } catch (error) {
    return refuse(error);
  }
}

/** A page and, for a type with several owners, moved resources; in this order: else a moved resource could be counted that is not on the page. */
async function pageBesideMoves({ store, directory }: This, query: StoreQuery, budget: Budget): Promise<TaggedPage> {
  if (!directory.isShared(query.type)) return store.search(query, budget);
  const { counted: [came, gone] = [0, 0], ...page } = await store.search(query, budget, [movesInto(query.type), movesOutOf(query.type)]);
  return { ...page, moves: { came, gone } };
}

/** Pages within the caller's evaluation budget; reports how much of it was used. */
async function inBudget(ctx: Context<{ budgetMs?: number }>, look: (budget: Budget) => Promise<TaggedPage[]>): Promise<TaggedPage[]> {
  const { budgetMs } = ctx.params;
  const budget = budgetOf(ctx);
  const [first, ...others] = await look(budget);
  if (budgetMs === undefined || !first) return first ? [first, ...others] : [];
  return [{ ...first, spentMs: budgetMs - budget.leftMs }, ...others];
}

/** An answer within the caller's evaluation budget; reports how much of it was used. */
async function metered<Answer>(ctx: Context<{ budgetMs?: number }>, look: (budget: Budget) => Promise<Answer>): Promise<Metered<Answer>> {
  const { budgetMs } = ctx.params;
  const budget = budgetOf(ctx);
  const answer = await look(budget);
  return budgetMs === undefined ? answer : { answer, spentMs: budgetMs - budget.leftMs };
}

/** Without a budget of the caller, each question has only a limit of its own. */
const budgetOf = (ctx: Context<{ budgetMs?: number }>): Budget => ({
  leftMs: ctx.params.budgetMs ?? Number.POSITIVE_INFINITY,
  client: clientOf(ctx),
  ...(ctx.requestID && { request: ctx.requestID }),
  waitMs: Math.min(WAIT_MS, Math.max(0, timeLeft(ctx) - ANSWER_MS)),
});

/** What is left of a call's time after a question has waited for its turn, milliseconds. */
const ANSWER_MS = 1_000;

/** Queries of one call that wait for a turn at the same time: a call may bring thousands, and those of other calls would wait behind them. */
const QUERIES_AT_ONCE = 4;

const kept = new WeakMap<Store, StoreCache<Page>>();
/** Id of this process: change marks of its stores have no meaning in another. */
const PROCESS = randomUUID();

/**
 * A page of ids, cached for as long as the store does not change: many screens show the same board, and all read again when it changes.
 * @param known tag of the page that the caller already has
 */
async function keptPage(store: Store, query: StoreQuery, known: string | undefined): Promise<TaggedPage> {
  const cache = kept.get(store) ?? new StoreCache<Page>();
  kept.set(store, cache);
  const name = JSON.stringify(query);
  const mark = store.changes();
  // A page that changed while its tag was computed is only sent once more than necessary.
  const tag = mark === undefined ? undefined : createHash("sha256").update(`${PROCESS} ${mark} ${name}`).digest("base64url");
  if (tag !== undefined && tag === known) return { rows: [], more: false, tag, isSame: true };
  const page = await cache.get(store, name, () => store.search(query));
  return { ...page, ...(tag !== undefined && { tag }) };
}

/** All of them may be retried at another node. */
export const readingActions = {
  "fhir.read": {
    ...READ,
    handler(this: This, ctx: Context<{ type: string; id: string }>) {
      return guarded(this, () => this.store.read(ctx.params.type, ctx.params.id).then((found) => found ?? null));
    },
  },
  "fhir.versions": {
    ...READ,
    handler(this: This, ctx: Context<{ type: string; ids: string[] }>) {
      return guarded(this, async () => {
        const found = await this.store.readAll(ctx.params.ids.map((id) => [ctx.params.type, id]));
        return found.flatMap((it): VersionOf[] => (it ? [{ id: it.id, version: it.version, deleted: it.json === undefined }] : []));
      });
    },
  },
  "fhir.facts": {
    ...READ,
    handler(this: This, ctx: Context<{ references: string[] }>) {
      return guarded(this, () => factsOf(this.store, ctx.params.references.slice(0, MAX_FACTS)));
    },
  },

  "fhir.patientsOf": {
    ...READ,
    handler(this: This, ctx: Context<{ references: string[] }>) {
      return guarded(this, async () => {
        const found = new Set<string>();
        const all = await this.store.readAll(ctx.params.references.slice(0, MAX_FACTS).map(splitPlace));
        for (const one of all) if (one) notePatients(found, one);
        return [...found];
      });
    },
  },

  "fhir.readVersion": {
    ...READ,
    // A version never changes, so any node may answer from a cache. A missing version is not cached.
    // Only while access is open: a cached answer would be returned to any caller.
    cache: { keys: ["type", "id", "version"], enabled: (ctx: Context) => accessOf(ctx.broker).isOpen },
    handler(this: This, ctx: Context<{ type: string; id: string; version: number }>) {
      const { type, id, version } = ctx.params;
      return guarded(this, async () => {
        const found = await this.store.readVersion(type, id, version);
        if (!found) throw versionNotFound(type, id, version);
        return found;
      });
    },
  },
  "fhir.history": {
    ...READ,
    handler(this: This, ctx: Context<{ query: HistoryQuery; currentFrom?: number }>) {
      const { query, currentFrom } = ctx.params;
      return guarded(this, () => historyPage(this.store, query, currentFrom));
    },
  },
  "fhir.authors": {
    ...READ,
    handler(this: This, ctx: Context<{ type: string; ids: string[] }>) {
      return guarded(this, () => allVersions(this.store, ctx.params));
    },
  },
  "fhir.search": {
    ...READ,
    handler(this: This, ctx: Context<{ query: StoreQuery; budgetMs?: number }>) {
      const look = async (budget: Budget) => [await pageBesideMoves(this, ctx.params.query, budget)];
      return guarded(this, async () => (await inBudget(ctx, look))[0] as TaggedPage);
    },
  },
  "fhir.searchMany": {
    ...READ,
    handler(this: This, ctx: Context<{ queries: StoreQuery[]; isKept?: boolean; tags?: string[]; budgetMs?: number }>) {
      const { queries, isKept, tags = [] } = ctx.params;
      return guarded(this, () =>
        inBudget(ctx, (budget) =>
          mapConcurrent(
            queries,
            (query, index) =>
              isKept && query.want === "ids" ? keptPage(this.store, query, tags[index]) : pageBesideMoves(this, query, budget),
            QUERIES_AT_ONCE,
          ),
        ),
      );
    },
  },
  "fhir.joinKeys": {
    ...READ,
    handler(this: This, ctx: Context<JoinKeysQuery & { limit: number; after?: number; whole?: boolean; budgetMs?: number }>) {
      const { budgetMs: _, ...query } = ctx.params;
      return guarded(this, () => metered(ctx, (budget) => this.store.joinKeys(query, budget)));
    },
  },
  "fhir.joinKeysAmong": {
    ...READ,
    handler(this: This, ctx: Context<JoinKeysQuery & { among: string[]; budgetMs?: number }>) {
      const { budgetMs: _, ...query } = ctx.params;
      return guarded(this, () => metered(ctx, (budget) => this.store.joinKeysAmong(query, budget)));
    },
  },
  "fhir.count": {
    ...READ,
    handler(this: This, ctx: Context<{ type: string; clauses: Clause[]; budgetMs?: number }>) {
      const { type, clauses } = ctx.params;
      return guarded(this, () => metered(ctx, (budget) => this.store.count(type, clauses, budget)));
    },
  },
  "fhir.distinct": {
    ...READ,
    handler(this: This, ctx: Context<{ slots: number[]; limit: number }>) {
      return guarded(this, () => this.store.distinct(ctx.params.slots, ctx.params.limit));
    },
  },
  "fhir.prepared": {
    handler(this: This) {
      return guarded(this, () => this.store.prepared());
    },
  },
  "fhir.stats": {
    ...READ,
    handler(this: This) {
      return guarded(this, async () => ({
        ...(await this.store.stats()),
        handled: callsHandledBy(this),
        outbox: await this.store.outboxState(),
      }));
    },
  },
};
