/**
 * What each caller gets from an owner's reading actions: resources that the caller may not see are treated as if they did not exist. This is
 * decided here, once, for all ways in: reads, searches, chains, counts, and what bundles and operations read.
 */
import type { Context, Service } from "moleculer";
import { asGuarded, requireMayCall } from "../../mesh/access/guard.ts";
import type { AuthorsPage, HistoryPage } from "../../federation/owner-contract.ts";
import { versionNotFound } from "../../federation/errors.ts";
import { type AnyHandler, callHandler } from "../../mesh/moleculer.ts";
import type { Clause, KeyRow, StoreQuery } from "../../fhir/search/query.ts";
import type { StoredResource } from "../../store/store.ts";
import { entryText } from "../../federation/audit.ts";
import { beforeAnswer } from "../../federation/audit-before-answer.ts";
import { type AuditLog, auditContextOf, seenBy } from "./audit-log.ts";
import { guarded as stored } from "./read-actions.ts";
import { isVisible, narrowed, type Sight, sightOf, visibleSlots } from "./sight.ts";

type Actions = Record<string, { handler: AnyHandler }>;
/** Answers a guarded call with the parameters of its contract. @param ask the handler, with these parameters instead of the caller's */
type Guard = (sight: Sight, params: never, ask: (params: object) => Promise<unknown>) => Promise<unknown>;

const NO_PAGE = { rows: [], more: false };

/** Guards by action; actions without a guard here are for the mesh's own work. */
const GUARDS: Record<string, Guard> = {
  "fhir.read": async (sight, params: { type: string }, ask) => {
    if (sight.reach(params.type, "r") === "none") return null;
    const found = (await ask(params)) as StoredResource | null;
    return found && isVisible(sight, found) ? found : null;
  },
  "fhir.readVersion": async (sight, params: { type: string; id: string; version: number }, ask) => {
    const unseen = () => versionNotFound(params.type, params.id, params.version);
    if (sight.reach(params.type, "r") === "none") throw unseen();
    const found = (await ask(params)) as StoredResource;
    if (!isVisible(sight, found)) throw unseen();
    return found;
  },
  "fhir.history": async (sight, params: { query: { type?: string; id?: string } }, ask) => {
    const { type, id } = params.query;
    const interaction = id === undefined ? "s" : "r";
    if (type !== undefined && sight.reach(type, interaction) === "none") return { versions: [], more: false } satisfies HistoryPage;
    const page = (await ask(params)) as HistoryPage;
    return { ...page, versions: page.versions.filter((version) => isVisible(sight, version, interaction)) };
  },
  "fhir.authors": async (sight, params: { type: string; ids: string[] }, ask) => {
    if (sight.reach(params.type, "r") === "none") return { versions: [], more: false } satisfies AuthorsPage;
    const { versions, more } = (await ask(params)) as { versions: StoredResource[]; more: boolean };
    const seen = versions.filter((version) => isVisible(sight, version));
    return { versions: seen.map(({ json: _, ...version }) => version), more } satisfies AuthorsPage;
  },
  "fhir.search": async (sight, params: { query: StoreQuery }, ask) => {
    const query = narrowed(sight, params.query);
    return query ? ask({ ...params, query }) : NO_PAGE;
  },
  "fhir.searchMany": async (sight, params: { queries: StoreQuery[]; tags?: string[] }, ask) => {
    const queries = params.queries.map((query) => narrowed(sight, query));
    const tags = params.tags?.filter((_, index) => queries[index] !== undefined);
    const asked = { ...params, ...(tags && { tags }), queries: queries.filter((query) => query !== undefined) };
    const answers = (await ask(asked)) as unknown[];
    return queries.map((query) => (query ? answers.shift() : NO_PAGE));
  },
  "fhir.count": async (sight, params: { type: string; clauses: Clause[] }, ask) => {
    const question = narrowed(sight, params);
    return question ? ask(question) : 0;
  },
  "fhir.joinKeys": async (sight, params: { type: string; clauses: Clause[] }, ask) => {
    const question = narrowed(sight, params);
    return question ? ask(question) : { values: [] };
  },
  "fhir.joinKeysAmong": async (sight, params: { type: string; clauses: Clause[] }, ask) => {
    const question = narrowed(sight, params);
    return question ? ask(question) : [];
  },
  "fhir.distinct": async (sight, params: { slots: number[] }, ask) => {
    const slots = visibleSlots(sight, params.slots);
    return slots.length > 0 ? ask({ ...params, slots }) : ([] satisfies KeyRow[]);
  },
};

/** Whether a search by the caller may find resources of any patient. */
function mayFindAnybody(sight: Sight, { type, query }: { type?: string; query?: { type?: string } }): boolean {
  const reach = sight.reach(type ?? query?.type ?? "", "s");
  return reach === "all" || (reach !== "none" && reach.every(({ patient }) => patient === undefined));
}

/** The actions, each behind its guard. */
export function guardReads<Of extends Actions>(actions: Of): Of {
  return Object.fromEntries(
    Object.entries(actions).map(([name, action]) => [name, { ...action, handler: guarded(name, action.handler, GUARDS[name]) }]),
  ) as unknown as Of; // the same names; `fromEntries` loses their types
}

function guarded(name: string, handler: AnyHandler, guard: Guard | undefined): AnyHandler {
  const shown = async (sight: Sight, service: Service & { audit: AuditLog }, ctx: Context): Promise<unknown> => {
    const asked = ctx.params as never;
    const answer = await (guard as Guard)(sight, asked, async (params) => {
      ctx.params = params;
      return callHandler(handler, service, ctx);
    });
    const context = auditContextOf(ctx, { isRead: true });
    const seen = context && seenBy(name, asked, answer, mayFindAnybody(sight, asked));
    // Nothing is shown before it is recorded in the audit log.
    if (seen) {
      await beforeAnswer(
        ctx.meta,
        stored(service, () => service.audit.note(entryText(seen, context))),
      );
    }
    return answer;
  };
  return asGuarded(function guardRead(this: Service & { audit: AuditLog }, ctx: Context): unknown {
    if (!guard) requireMayCall(ctx, "system");
    const sight = guard && sightOf(ctx);
    return sight ? shown(sight, this, ctx) : callHandler(handler, this, ctx);
  });
}
