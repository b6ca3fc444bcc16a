/**
 * An owner records which resources a person has seen before it answers: in a store of its process, whose relay brings the entries to the ledger
 * (audit-batches.ts). What a person has written is recorded with the write.
 */
import { randomUUID } from "node:crypto";
import type { Context } from "moleculer";
import { auditEvent, type AuditContext, entryText, isOfPatients, MAX_NAMED, notePatients, patientsOf } from "../../federation/audit.ts";
import type { AuditEntry } from "../../federation/audit-contract.ts";
import { PROVENANCE } from "../../federation/version-authors.ts";
import { type AuthorsPage, type OwnerStep, writesResource } from "../../federation/owner-contract.ts";
import { namedPatients } from "../../fhir/search/named-patients.ts";
import type { Clause, Page, StoreQuery } from "../../fhir/search/query.ts";
import { accessOf } from "../../mesh/access/access.ts";
import { isSystem, type Identity } from "../../mesh/access/identity.ts";
import type { Write } from "../../store/writes.ts";
import type { StoredResource } from "../../store/store.ts";
import { ID_PATTERN } from "../../fhir/ids.ts";
import type { AuditBatches, Recorder } from "./audit-batches.ts";

/** The caller to record; undefined when access is open, and for the mesh's own work. @param isRead a read: the mesh's own are shown to no one */
export function auditContextOf(ctx: Context, { isRead }: { isRead: boolean }): AuditContext | undefined {
  const access = accessOf(ctx.broker);
  if (access.isOpen) return undefined;
  const identity = access.identityOf(ctx) as Identity;
  if (isSystem(identity) && (isRead || identity.for === undefined)) return undefined;
  const { asked, work, from } = ctx.meta as { asked?: unknown; work?: unknown; from?: unknown };
  return {
    by: access.authorOf(ctx) as string,
    ...(typeof asked === "string" && { query: asked }),
    ...(ctx.requestID && { call: ctx.requestID }),
    ...(typeof work === "string" && { work }),
    ...(typeof from === "string" && { from }),
  };
}

/** A Patient reference within the parameters of an action. */
const PATIENT = new RegExp(String.raw`\bPatient/${ID_PATTERN}`, "g");

/** The audit entries of one owner: written to its outbox together with the write that they are about, or in batches before an answer. */
export class AuditLog {
  readonly #recorder: Recorder;
  readonly #batches: AuditBatches;

  /** @param batches which the services of a process share */
  constructor(recorder: Recorder, batches: AuditBatches) {
    this.#recorder = recorder;
    this.#batches = batches;
  }

  /** Resolves when the entry is on disk. @throws StoreError when it cannot be recorded: nothing may be shown then */
  note(entry: string): Promise<void> {
    return this.#batches.note(this.#recorder, entry);
  }

  /** Records what an action of the service has returned, if it concerns patients. */
  async noteAnswer(ctx: Context, answer: unknown): Promise<void> {
    const context = auditContextOf(ctx, { isRead: true });
    const found = new Set(context && JSON.stringify([ctx.params, answer]).match(PATIENT));
    if (!context || found.size === 0) return;
    const entry = { at: Date.now(), deed: "operation" as const, isDone: true, type: ctx.action?.name ?? "", ...patientsOf(found) };
    await this.note(entryText(entry, context));
  }

  /** The audit event to write with the steps of a write; none for steps that concern no patient and no caller. */
  ofSteps(steps: OwnerStep[], context: AuditContext): Write[] {
    const byDeed = Map.groupBy(steps.filter(writesResource), ({ op }) => op);
    const entries = [...byDeed].flatMap(([op, some]) => {
      const written = some.filter((step) => step.op !== "delete" || !step.moved);
      if (written.length === 0) return [];
      const found = new Set<string>();
      for (const step of written) notePatients(found, { ...step, json: "text" in step ? step.text : undefined });
      const what = written.slice(0, MAX_NAMED).map(({ type, id }) => `${type}/${id}`);
      const types = new Set(written.map(({ type }) => type));
      const [type = ""] = types;
      return [
        entryText({ at: Date.now(), deed: op, isDone: true, ...(types.size === 1 && { type }), what, ...patientsOf(found) }, context),
      ];
    });
    return entries.length === 0 ? [] : [auditEvent(randomUUID(), this.#recorder.service, entries)];
  }
}

/**
 * What a caller has seen by a reading action; undefined if it is not recorded.
 * @param name without the service: `fhir.read`
 * @param mayFindAnybody whether the caller's search is not limited to one patient: finding nothing about a patient is information, too
 */
export function seenBy(name: string, params: never, answer: unknown, mayFindAnybody = false): Omit<AuditEntry, "by"> | undefined {
  switch (name) {
    case "fhir.read":
      return ofVersions("read", [answer as StoredResource | null]);
    case "fhir.readVersion":
      return ofVersions("vread", [answer as StoredResource | null]);
    case "fhir.history":
      return ofVersions("history", (answer as { versions: StoredResource[] }).versions);
    case "fhir.search": {
      const { query } = params as { query: StoreQuery };
      const page = answer as Page;
      const named = mayFindAnybody ? patientsNamedIn(query) : [];
      const isShown = query.want === "rows" || (named.length > 0 && page.rows.length === 0);
      return isOfPatients(query.type) && isShown ? ofPages(query.type, [page], named) : undefined;
    }
    case "fhir.searchMany": {
      const { queries } = params as { queries: StoreQuery[] };
      const pages = (answer as Page[]).filter(
        (page, index) => page.rows.length > 0 && queries[index]?.want === "rows" && isOfPatients(queries[index].type),
      );
      const types = new Set(pages.flatMap(({ rows }) => rows.map(({ type }) => type)));
      return pages.length > 0 ? ofPages(types.size === 1 ? [...types][0] : undefined, pages) : undefined;
    }
    case "fhir.count": {
      const { type, clauses } = params as { type: string; clauses: Clause[] };
      const named = new Set(mayFindAnybody ? patientsNamedIn({ type, clauses }) : []);
      return isOfPatients(type) ? { at: Date.now(), deed: "search", isDone: true, type, ...patientsOf(named) } : undefined;
    }
    case "fhir.authors": {
      const { type } = params as { type: string };
      const { versions } = answer as AuthorsPage;
      if (!isOfPatients(type) || versions.length === 0) return undefined;
      const what = [...new Set(versions.map(({ id }) => `${type}/${id}`))];
      const patients = type === "Patient" ? patientsOf(new Set(what)) : {};
      return { at: Date.now(), deed: "search", isDone: true, type: PROVENANCE, what: what.slice(0, MAX_NAMED), ...patients };
    }
    default:
      return undefined;
  }
}

function ofVersions(deed: "read" | "vread" | "history", answers: (StoredResource | null)[]): Omit<AuditEntry, "by"> | undefined {
  const seen = answers.filter((it): it is StoredResource => it !== null && it.json !== undefined && isOfPatients(it.type));
  const [first] = seen;
  if (!first) return undefined;
  const found = new Set<string>();
  for (const one of seen) notePatients(found, one);
  const what = [
    ...new Set(seen.map(({ type, id, version }) => (deed === "vread" ? `${type}/${id}/_history/${version}` : `${type}/${id}`))),
  ];
  return { at: Date.now(), deed, isDone: true, type: first.type, what: what.slice(0, MAX_NAMED), ...patientsOf(found) };
}

/** The patients whose data a query asks for by reference. */
function patientsNamedIn({ type, clauses }: Pick<StoreQuery, "type" | "clauses">): string[] {
  return clauses.flatMap((clause): string[] => {
    if (clause.kind === "id" && type === "Patient" && !clause.not) return clause.any.map((id) => `Patient/${id}`);
    if (clause.kind !== "key" || clause.not) return [];
    return namedPatients(clause.any.flatMap((match) => ("eq" in match ? match.eq : []))) ?? [];
  });
}

function ofPages(type: string | undefined, pages: Page[], named: string[] = []): Omit<AuditEntry, "by"> {
  const found = new Set(named);
  // Rows without JSON were not shown yet.
  for (const { rows } of pages) for (const row of rows) if (row.json !== undefined) notePatients(found, row);
  return { at: Date.now(), deed: "search", isDone: true, ...(type !== undefined && { type }), ...patientsOf(found) };
}
