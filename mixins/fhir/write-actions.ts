/** The writing actions of an owner; see `federation/owner-contract.ts`. */
import type { Context, Service } from "moleculer";
import { appendOnly } from "../../federation/errors.ts";
import {
  type MadeElsewhere,
  type OwnerStep,
  type ResourceOwnerStep,
  type StepResult,
  writesResource,
} from "../../federation/owner-contract.ts";
import type { NamedResource } from "../../federation/named-resources.ts";
import { PROFILES_CHANGED } from "../../federation/profiles.ts";
import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { isAsSent } from "../../mesh/as-sent.ts";
import { workOf } from "../../mesh/caller.ts";
import { requireTime } from "../../mesh/deadline.ts";
import { livenessOf } from "../../mesh/liveness.ts";
import { jsonOf } from "../../store/plan-write.ts";
import type { VersionReference } from "../../store/store.ts";
import type { Write, WriteKey, WriteResult } from "../../store/writes.ts";
import { auditContextOf } from "./audit-log.ts";
import { requireMayWrite } from "./guard-writes.ts";
import { writerOf } from "./own-authors.ts";
import type { OwnerService } from "./owner-service.ts";
import { RULES_CALLER, type WriteManner } from "./owner-writes.ts";
import { guarded } from "./read-actions.ts";
import { namingHere } from "./rules/named-before.ts";
import { restingHere } from "./rules/resting.ts";

/**
 * @param options.owned the service's types
 * @param options.isAppendOnly only the service itself stores resources, unless access is open
 */
export const writingActions = ({ owned, isAppendOnly }: { owned: ReadonlySet<string>; isAppendOnly: boolean }) => ({
  "fhir.write": {
    whoMay: "signed-in" as const, // access is checked step by step
    handler(this: OwnerService, ctx: Context<{ steps: OwnerStep[]; representation?: boolean; key?: string; isRepeated?: boolean }>) {
      const { steps, representation, key: id, isRepeated = false } = ctx.params;
      const key = id === undefined ? undefined : writeKey(this, id, isRepeated);
      return guarded(this, async () => {
        const mayRead = await requireMayWrite(ctx, this.store, steps);
        if (isAppendOnly) refuseResources(ctx, steps);
        // A caller that has given up treats the write as not done, or has had it done elsewhere by now.
        const how = { ...mannerOf(ctx), ...(key && { key }) };
        const results = await this.writes.write(steps, how);
        if (definesProfile(steps)) this.broker.broadcast(PROFILES_CHANGED);
        return results.map((result, index) => resultOf(representation && mayRead(steps[index]))(result));
      });
    },
  },
  "fhir.prepare": {
    whoMay: "signed-in" as const, // access is checked step by step
    handler(this: OwnerService, ctx: Context<{ tx: string; steps: OwnerStep[]; representation?: boolean; elsewhere?: MadeElsewhere }>) {
      const { tx, steps, representation, elsewhere } = ctx.params;
      return guarded(this, async () => {
        const mayRead = await requireMayWrite(ctx, this.store, steps);
        if (isAppendOnly) refuseResources(ctx, steps);
        const how = { ...mannerOf(ctx), ...(elsewhere && { elsewhere }) };
        const results = await prepareUnder(this, tx, steps, how, representation);
        return results.map(({ json, ...result }, index) => (json !== undefined && mayRead(steps[index]) ? { ...result, json } : result));
      });
    },
  },
  "fhir.fence": {
    retryPolicy: { enabled: true }, // idempotent
    hedge: false, // another node could only wait for the same transactions
    handler(this: OwnerService, ctx: Context<{ places: VersionReference[]; token: string; tx?: string }>) {
      const { places, token, tx } = ctx.params;
      return guarded(this, () => restingHere(this, places, { owned, token, tx }));
    },
  },
  "fhir.naming": {
    retryPolicy: { enabled: true }, // only reads
    handler(this: OwnerService, ctx: Context<{ named: NamedResource[] }>) {
      return guarded(this, () => namingHere(this, ctx.params.named, owned));
    },
  },
  "fhir.unfence": {
    retryPolicy: { enabled: true }, // idempotent
    handler(this: OwnerService, ctx: Context<{ places: VersionReference[]; token: string }>) {
      return guarded(this, async () => {
        await this.store.unfence(ctx.params.places, ctx.params.token);
        return null;
      });
    },
  },
  "fhir.commit": {
    retryPolicy: { enabled: true }, // idempotent
    hedge: false, // another node could only wait for the first
    handler(this: OwnerService, ctx: Context<{ tx: string; at: number }>) {
      return guarded(this, async () => {
        const { tx, at } = ctx.params;
        const types = await this.store.commit(tx, at);
        await this.writes.ended(tx, { isAborted: false, caller: asSystem(ctx, RULES_CALLER) });
        if (types.includes(PROFILE)) this.broker.broadcast(PROFILES_CHANGED);
        return null;
      });
    },
  },
  "fhir.abort": {
    retryPolicy: { enabled: true }, // idempotent
    hedge: false, // another node could only wait for the first
    handler(this: OwnerService, ctx: Context<{ tx: string }>) {
      return guarded(this, async () => {
        await this.store.abort(ctx.params.tx);
        await this.writes.ended(ctx.params.tx, { isAborted: true, caller: asSystem(ctx, RULES_CALLER) });
        return null;
      });
    },
  },
});

/** @throws 405 APPEND_ONLY for a step that writes a resource, unless access is open */
function refuseResources(ctx: Context, steps: OwnerStep[]): void {
  if (accessOf(ctx.broker).isOpen) return;
  const step = steps.findIndex(writesResource);
  if (step >= 0) throw appendOnly((steps[step] as ResourceOwnerStep).type, step);
}

/** Prepares the steps as part of a transaction. @param representation whether results contain the text that commit will store */
export async function prepareUnder(
  { writes: own }: OwnerService,
  tx: string,
  steps: OwnerStep[],
  how: WriteManner,
  representation?: boolean,
): Promise<StepResult[]> {
  const { results, writes } = await own.prepare(tx, steps, how);
  return results.map((result, index) =>
    resultOf(representation)(representation ? { ...result, ...preview(writes[index], result) } : result),
  );
}

/** The manner of a write that was called for. */
const mannerOf = (ctx: Context): WriteManner => ({
  caller: asSystem(ctx, RULES_CALLER),
  work: workOf(ctx),
  author: accessOf(ctx.broker).authorOf(ctx),
  writer: writerOf(ctx, { isOwn: false }),
  trail: auditContextOf(ctx, { isRead: false }),
  mayBegin: () => requireTime(ctx),
  isAsSent: isAsSent(ctx.meta),
});

/** While this node was suspended or cut off, before or during the write, another may have carried it out. */
function writeKey({ broker }: Service, id: string, isRepeated: boolean): WriteKey {
  const begun = performance.now();
  return {
    id,
    get isRepeated() {
      return isRepeated || livenessOf(broker).mayBeRepeated(begun);
    },
  };
}

const PROFILE = "StructureDefinition";
const definesProfile = (steps: OwnerStep[]): boolean => steps.some((step) => "type" in step && step.type === PROFILE);

/** The text that commit will store, except for its timestamp. */
function preview(write: Write | undefined, { outcome, version }: WriteResult): { json?: string } {
  const isWritten = (outcome === "created" || outcome === "updated") && (write?.op === "create" || write?.op === "update");
  return isWritten ? { json: jsonOf(write.type, write.id, version, 0, write.body) } : {};
}

/** A result as the caller gets it. @param representation whether with the stored text */
export const resultOf =
  (representation = false) =>
  ({ outcome, id = "", version, updated, json, value }: WriteResult): StepResult => ({
    outcome,
    id,
    version,
    updated,
    ...(representation && json !== undefined && { json }),
    ...(value !== undefined && { value }),
  });
