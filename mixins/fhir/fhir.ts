/**
 * FHIR behaviour for a service, in one line: `mixins: [Fhir({ owns: ["Patient"] })]`.
 *
 * The service then keeps these types in a store of its own, answers the actions of `federation/owner-contract.ts`, and publishes in its
 * metadata what it owns, from which the gateway learns to route. Rules over several records ("one open stay per bed")
 * are given as unique keys, so that the store keeps them, whoever writes.
 */
import type { Context, Service, ServiceSchema } from "moleculer";
import { parseJson } from "../../fhir/json.ts";
import type { FhirResource } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { indexVersion } from "../../fhir/search/parameters.ts";
import { textContentOf } from "../../fhir/search/text-content.ts";
import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { currentCall, noteWritten } from "../../mesh/access/current-call.ts";
import { readConfig } from "../../mesh/config.ts";
import { requireTime } from "../../mesh/deadline.ts";
import { livenessOf } from "../../mesh/liveness.ts";
import { workOf } from "../../mesh/caller.ts";
import { defineMixin } from "../../mesh/contract.ts";
import { keyedCall, newPart, notePart } from "../../mesh/keyed-request.ts";
import { Store } from "../store.ts";
import { jsonOf } from "../../store/plan-write.ts";
import type { VersionReference, Store as StoreOf } from "../../store/store.ts";
import type { Write, WriteKey, WriteResult } from "../../store/writes.ts";
import { appendOnly } from "../../federation/errors.ts";
import {
  type MadeElsewhere,
  type OwnerStep,
  type Ownership,
  type ResourceOwnerStep,
  type StepResult,
  writesResource,
} from "../../federation/owner-contract.ts";
import { gaugeOutbox } from "../events/outbox-gauge.ts";
import { Relay } from "../events/relay.ts";
import { relaysOf } from "../events/relays.ts";
import { transportOf } from "../events/transports.ts";
import { WatchedTypes } from "../events/watched-types.ts";
import { type WithDirectory, WithFhirDirectory } from "../../federation/directory.ts";
import { asCommitted } from "../../federation/prepare-part.ts";
import { Profiles, PROFILES_CHANGED } from "../../federation/profiles.ts";
import { type OwnFhir, ownFhir } from "./own-fhir.ts";
import { AuditLog, auditContextOf } from "./audit-log.ts";
import { writerOf } from "./own-authors.ts";
import { OwnerWrites, type WriteManner } from "./owner-writes.ts";
import { guardReads } from "./guard-reads.ts";
import { requireMayWrite } from "./guard-writes.ts";
import { guarded, readingActions } from "./read-actions.ts";
import { type InDoubt, settleInDoubt } from "./recovery.ts";
import { VersionTeller } from "./tell-versions.ts";
import type { EffectOf, EffectsOf } from "./rules/effects.ts";
import type { Invariants } from "./rules/invariants.ts";
import type { AnyKeys, UniqueOf } from "./rules/keys.ts";
import type { RulesOf } from "./rules/rule.ts";
import { restingHere } from "./rules/resting.ts";
import { Rulebook } from "./rules/rulebook.ts";

/** What the mixin is told. */
export interface FhirOptions {
  /** The types, or parts of shared types, that this service owns. */
  owns: (string | Ownership)[];
  /** What is stored stays as it came, and only the service itself stores: other writes are refused (405 APPEND_ONLY), unless all is open. */
  isAppendOnly?: boolean;
  /** Types of which each version is an event for those who handle it (`Events`); of others it is when a service asks for it (`watch`). */
  emits?: readonly string[];
  /** Keys that no two living resources may share, per type; see `UniqueKey`. Pure: called at each write. */
  unique?: UniqueOf;
  /** Rules over what was before, what comes and what other services know, per type; see `Rule`. */
  rules?: RulesOf;
  /** What follows from a change of a type and is kept in the same atomic write; see `EffectOf`. */
  effects?: EffectsOf;
  /** What is true of all that is stored, besides unique keys and rules; only `npm run check-data` looks at it. */
  invariants?: Invariants;
}

const optionsOf = new WeakMap<object, FhirOptions>();

/** What a service has told this mixin; undefined: it does not use it. */
export const fhirOptionsOf = (schema: Partial<ServiceSchema>): FhirOptions | undefined =>
  (schema.mixins ?? []).map((mixin) => optionsOf.get(mixin)).find((options) => options !== undefined);

/** What a service gains: `this.fhir` to read and write its own types in one atomic step. */
export interface WithFhir {
  store: StoreOf;
  fhir: OwnFhir;
}

type Gains = WithFhir &
  WithDirectory & {
    settling: InDoubt;
    handled: number;
    profiles: Profiles;
    watched: WatchedTypes | undefined;
    teller: VersionTeller;
    endGauge: (() => void) | undefined;
    writes: OwnerWrites;
    audit: AuditLog;
    toLedger: Relay | undefined;
    noteAnswer(ctx: Context, answer: unknown): Promise<void>;
  };

/** The mixin; see the head of this file. */
export function Fhir(options: FhirOptions): Partial<ServiceSchema> {
  const unique = (options.unique ?? {}) as AnyKeys;
  const owns = options.owns
    .map((own): Ownership => (typeof own === "string" ? { type: own } : own))
    .map((own) => (unique[own.type] ? { ...own, holdsKeys: true } : own));

  const emits = new Set(options.emits);

  type This = Service & Gains;

  let kept: boolean | undefined;
  /** What is only kept is not searched by its words. */
  const isKept = (): boolean => {
    kept ??= options.isAppendOnly === true && readConfig().access === "closed";
    return kept;
  };

  const prepareUnder = async (service: This, tx: string, steps: OwnerStep[], how: WriteManner, representation?: boolean) => {
    const { results, writes } = await service.writes.prepare(tx, steps, how);
    return results.map((result, index) =>
      resultOf(representation)(representation ? { ...result, ...preview(writes[index], result) } : result),
    );
  };

  /** What a service writes by itself, for the request that it is answering. */
  const write = async (service: This, steps: OwnerStep[]): Promise<StepResult[]> => {
    const call = keyedCall();
    const who = writerOfOwn(service);
    if (!call) {
      const how = { caller: asSystem(service.broker, RULES), work: undefined, ...who, isMade: options.isAppendOnly === true };
      return (await service.writes.write(steps, how)).map(resultOf(true));
    }
    const { meta } = call;
    const tx = newPart(meta.keyed);
    const results = await prepareUnder(service, tx, steps, { caller: asSystem(call, RULES), work: workOf(call), ...who }, true);
    notePart(meta, { tx, owner: service.name });
    return asCommitted(results, meta.keyed.at);
  };

  const refuseIfKept = (ctx: Context, steps: OwnerStep[]): void => {
    if (!options.isAppendOnly || accessOf(ctx.broker).isOpen) return;
    const step = steps.findIndex(writesResource);
    if (step >= 0) throw appendOnly((steps[step] as ResourceOwnerStep).type, step);
  };

  const own = defineMixin<Gains>({
    metadata: { fhir: { owns } },

    hooks: {
      before: {
        "*": function count(this: This) {
          this.handled += 1;
        },
      },
    },

    actions: {
      ...guardReads(readingActions),
      "fhir.write": {
        whoMay: "signed-in", // its steps are guarded one by one
        handler(this: This, ctx: Context<{ steps: OwnerStep[]; representation?: boolean; key?: string; isRepeated?: boolean }>) {
          const { steps, representation, key: id, isRepeated = false } = ctx.params;
          const key = id === undefined ? undefined : writeKey(this, id, isRepeated);
          return guarded(this, async () => {
            const mayRead = await requireMayWrite(ctx, this.store, steps);
            refuseIfKept(ctx, steps);
            // A caller that has given up takes it for undone, or has it done elsewhere by now.
            const how = { ...mannerOf(ctx), ...(key && { key }) };
            const results = await this.writes.write(steps, how);
            if (definesProfile(steps)) this.broker.broadcast(PROFILES_CHANGED);
            return results.map((result, index) => resultOf(representation && mayRead(steps[index]))(result));
          });
        },
      },

      "fhir.prepare": {
        whoMay: "signed-in", // its steps are guarded one by one
        handler(this: This, ctx: Context<{ tx: string; steps: OwnerStep[]; representation?: boolean; elsewhere?: MadeElsewhere }>) {
          const { tx, steps, representation, elsewhere } = ctx.params;
          return guarded(this, async () => {
            const mayRead = await requireMayWrite(ctx, this.store, steps);
            refuseIfKept(ctx, steps);
            const how = { ...mannerOf(ctx), ...(elsewhere && { elsewhere }) };
            const results = await prepareUnder(this, tx, steps, how, representation);
            return results.map(({ json, ...result }, index) =>
              json !== undefined && mayRead(steps[index]) ? { ...result, json } : result,
            );
          });
        },
      },

      "fhir.fence": {
        retryPolicy: { enabled: true }, // idempotent
        hedge: false, // another node could only wait for the same transactions
        handler(this: This, ctx: Context<{ places: VersionReference[]; token: string; tx?: string }>) {
          const { places, token, tx } = ctx.params;
          return guarded(this, () => restingHere(this, places, { owns: (type) => owns.some((own) => own.type === type), token, tx }));
        },
      },

      "fhir.unfence": {
        retryPolicy: { enabled: true }, // idempotent
        handler(this: This, ctx: Context<{ places: VersionReference[]; token: string }>) {
          return guarded(this, async () => {
            await this.store.unfence(ctx.params.places, ctx.params.token);
            return null;
          });
        },
      },

      "fhir.commit": {
        retryPolicy: { enabled: true }, // idempotent
        hedge: false, // another node could only wait for the first
        handler(this: This, ctx: Context<{ tx: string; at: number }>) {
          return guarded(this, async () => {
            const { tx, at } = ctx.params;
            const types = await this.store.commit(tx, at);
            await this.writes.ended(tx, { isAborted: false, caller: asSystem(ctx, RULES) });
            if (types.includes(PROFILE)) this.broker.broadcast(PROFILES_CHANGED);
            return null;
          });
        },
      },
      "fhir.watch": {
        retryPolicy: { enabled: true }, // idempotent
        handler(this: This, { params: { type, by } }: Context<{ type: string; by: string }>) {
          return guarded(this, async () => {
            await this.watched?.watch(type, by);
            return null;
          });
        },
      },
      "fhir.unwatch": {
        retryPolicy: { enabled: true }, // idempotent
        handler(this: This, { params: { type, by } }: Context<{ type: string; by: string }>) {
          return guarded(this, async () => {
            await this.watched?.unwatch(type, by);
            return null;
          });
        },
      },
      "fhir.abort": {
        retryPolicy: { enabled: true }, // idempotent
        hedge: false, // another node could only wait for the first
        handler(this: This, ctx: Context<{ tx: string }>) {
          return guarded(this, async () => {
            await this.store.abort(ctx.params.tx);
            await this.writes.ended(ctx.params.tx, { isAborted: true, caller: asSystem(ctx, RULES) });
            return null;
          });
        },
      },
    },

    events: {
      [PROFILES_CHANGED](this: This) {
        this.profiles.clear();
      },
    },

    created(this: This) {
      this.handled = 0;
      this.profiles = new Profiles(() => ({ caller: asSystem(this.broker, RULES), directory: this.directory }));
      const rules = new Rulebook(
        options.rules ?? {},
        readConfig().rules,
        owns.map(({ type }) => type),
      );
      // Before it is announced; of this broker only, as its settings are.
      this.metadata.fhir = { ...this.metadata.fhir, owns: owns.map((it) => ({ ...it, ...rules.told(it.type) })) };
      this.audit = new AuditLog(this.name, () => this.store);
      this.noteAnswer = (ctx, answer) => guarded(this, () => this.audit.noteAnswer(ctx, answer));
      this.writes = new OwnerWrites(this, { unique, rules, effects: (options.effects ?? {}) as Record<string, EffectOf<FhirResource>> });
      this.fhir = ownFhir(this, (steps) => guarded(this, () => write(this as This, steps)));
    },

    async started(this: This) {
      this.watched = new WatchedTypes(this.store);
      await this.watched.look();
      const way = transportOf(this.broker);
      this.teller = new VersionTeller(this.broker);
      const relayOf = (queue: "out" | "audit", gatherMs?: number) =>
        new Relay({
          store: this.store,
          queue,
          ...(gatherMs !== undefined && { gatherMs }),
          send: async (event, tries) => {
            if (queue === "out" && tries === 0) this.teller.noteEvent(event);
            await way.send(event);
            return undefined;
          },
          warn: (sentence) => this.logger.warn(sentence),
        });
      this.toLedger = relayOf("audit", AUDIT_GATHER_MS);
      relaysOf(this).push(relayOf("out"), this.toLedger);
      for (const relay of relaysOf(this)) relay.kick(); // what the process before has left
      this.endGauge = gaugeOutbox(this.name, this.store);
      this.settling = settleInDoubt(this);
    },

    async stopped(this: This) {
      await this.settling?.stop();
      await Promise.all(relaysOf(this).map((relay) => relay.stop()));
      this.teller?.stop();
      this.watched?.stop();
      this.endGauge?.();
    },
  });

  // The store opens before `started` above and closes after `stopped`: Moleculer runs mixins' hooks from the inside out.
  const mixin: Partial<ServiceSchema> = {
    ...own,
    mixins: [
      WithFhirDirectory(),
      Store({
        ...fhirStore,
        text: (json) => (isKept() ? undefined : textContentOf(JSON.parse(json))),
        events: (service) => ({
          emits: (type) => emits.has(type) || (service as This).watched?.has(type) === true,
          onEvents: (isLight) => {
            if (isLight) (service as This).toLedger?.kick();
            else for (const relay of relaysOf(service)) relay.kick();
          },
          onVersions: (versions) => (service as This).teller?.note(versions),
        }),
      }),
    ],
  };
  optionsOf.set(mixin, options);
  return mixin;
}

/** How the store of a service with FHIR types is kept. */
export const fhirStore = {
  indexVersion,
  reindex: (json: string) => indexOf(parseJson(json) as Resource),
  text: (json: string) => textContentOf(JSON.parse(json)),
};

/** How a write that was called for is made. */
const mannerOf = (ctx: Context): WriteManner => ({
  caller: asSystem(ctx, RULES),
  work: workOf(ctx),
  author: accessOf(ctx.broker).authorOf(ctx),
  writer: writerOf(ctx, { isOwn: false }),
  trail: auditContextOf(ctx, { isRead: false }),
  mayBegin: () => requireTime(ctx),
});

/** Who a service writes for: who has called what it is doing, or nobody but itself. */
function writerOfOwn({ broker, name }: Service): Pick<WriteManner, "author" | "writer" | "trail"> {
  const access = accessOf(broker);
  const call = currentCall();
  if (!call) return { author: access.systemAuthor(name) };
  noteWritten();
  return {
    author: access.authorOf(call),
    writer: writerOf(call, { isOwn: true }),
    trail: auditContextOf(call, { isRead: false }),
  };
}

/** The ledger has time: what is on record goes there in larger parts. Milliseconds. */
const AUDIT_GATHER_MS = 1_000;

/** As whom an owner asks others what its rules want to know. */
const RULES = "rules";

/** A node that was suspended while it worked on a write is the one that was given up: another has written by now. */
function writeKey({ broker }: Service, id: string, isRepeated: boolean): WriteKey {
  const begun = performance.now();
  return {
    id,
    get isRepeated() {
      return isRepeated || livenessOf(broker).wasSuspendedSince(begun);
    },
  };
}

const PROFILE = "StructureDefinition";
const definesProfile = (steps: OwnerStep[]): boolean => steps.some((step) => "type" in step && step.type === PROFILE);

/** The text that commit will store, but for its time. */
function preview(write: Write | undefined, { outcome, version }: WriteResult): { json?: string } {
  const isWritten = (outcome === "created" || outcome === "updated") && (write?.op === "create" || write?.op === "update");
  return isWritten ? { json: jsonOf(write.type, write.id, version, 0, write.body) } : {};
}

const resultOf =
  (representation = false) =>
  ({ outcome, id = "", version, updated, json, value }: WriteResult): StepResult => ({
    outcome,
    id,
    version,
    updated,
    ...(representation && json !== undefined && { json }),
    ...(value !== undefined && { value }),
  });
