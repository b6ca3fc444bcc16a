/**
 * Makes a service the owner of FHIR types, in one line: `mixins: [Fhir({ owns: ["Patient"] })]`.
 *
 * The service then stores these types, answers the actions of `federation/owner-contract.ts`, and publishes in its metadata what it owns,
 * which tells gateways where to route. Rules over several records ("one open stay per bed") are given as unique keys, which the store
 * enforces, whichever API the write came through.
 */
import type { ServiceSchema } from "moleculer";
import type { FhirResource } from "../../fhir/r4.ts";
import { asSystem } from "../../mesh/access/access.ts";
import { readConfig } from "../../mesh/config.ts";
import { defineMixin } from "../../mesh/contract.ts";
import { WithFhirDirectory } from "../../federation/directory.ts";
import type { Ownership } from "../../federation/owner-contract.ts";
import { Profiles, PROFILES_CHANGED } from "../../federation/profiles.ts";
import { Store } from "../own-store.ts";
import { gaugeOutbox } from "../events/outbox-gauge.ts";
import { addRelays, relaysOf, stopRelays } from "../events/relays.ts";
import { WatchedTypes } from "../events/watched-types.ts";
import { auditBatchesOf } from "./audit-batches.ts";
import { AuditLog } from "./audit-log.ts";
import { fhirStore, textlessFhirStore } from "./fhir-store.ts";
import { guardReads } from "./guard-reads.ts";
import { ownFhir } from "./own-fhir.ts";
import { writeOwn } from "./own-writes.ts";
import type { OwnerGains, OwnerService } from "./owner-service.ts";
import { OwnerWrites, RULES_CALLER } from "./owner-writes.ts";
import { guarded, readingActions } from "./read-actions.ts";
import { settleInDoubt } from "./recovery.ts";
import type { EffectOf, EffectsOf } from "./rules/effects.ts";
import type { Invariants } from "./rules/invariants.ts";
import type { AnyKeys, UniqueOf } from "./rules/unique-keys.ts";
import type { RulesOf } from "./rules/rule.ts";
import { Rulebook } from "./rules/rulebook.ts";
import { VersionNotifier } from "./version-notifier.ts";
import { tellUnownedTypes } from "./unowned-types.ts";
import { relaysFrom, watchingActions } from "./version-events.ts";
import { writingActions } from "./write-actions.ts";

export type { WithFhir } from "./owner-service.ts";

/** Options of the mixin. */
export interface FhirOptions {
  /** The types, or parts of shared types, that the service owns. */
  owns: (string | Ownership)[];
  /** Stored resources never change, and only the service itself creates any: other writes are refused (405 APPEND_ONLY), unless access is open. */
  isAppendOnly?: boolean;
  /** Types of which every version is emitted as an event (`Events`). Versions of others are emitted while another service watches them (`watch`). */
  emits?: readonly string[];
  /** Keys that no two existing resources may share, per type; see `UniqueKey`. Must be pure: called at each write. */
  unique?: UniqueOf;
  /** Rules over the previous version, the new one and facts of other services, per type; see `Rule`. */
  rules?: RulesOf;
  /** Effects of a change of a type, written in the same atomic write; see `EffectOf`. */
  effects?: EffectsOf;
  /** Further invariants of the stored data, besides unique keys and rules; only `npm run check-data` evaluates them. */
  invariants?: Invariants;
}

const optionsOf = new WeakMap<object, FhirOptions>();

/** The options that a service has given to this mixin; undefined if it does not use it. */
export const fhirOptionsOf = (schema: Partial<ServiceSchema>): FhirOptions | undefined =>
  (schema.mixins ?? []).map((mixin) => optionsOf.get(mixin)).find((options) => options !== undefined);

/**
 * The mixin: makes a service the owner of FHIR types, with its own store, `this.fhir` and the actions of an owner.
 * @throws Error for events of a type that it does not own
 */
export function Fhir(options: FhirOptions): Partial<ServiceSchema> {
  const unique = (options.unique ?? {}) as AnyKeys;
  const owns = options.owns.map((own) => ownershipOf(own, unique));
  const owned = typesOf(owns, options);
  const isAppendOnly = options.isAppendOnly === true;

  const own = defineMixin<OwnerGains>({
    metadata: { fhir: { owns } },

    actions: {
      ...guardReads(readingActions),
      ...writingActions({ owned, isAppendOnly }),
      ...watchingActions,
    },

    events: {
      [PROFILES_CHANGED](this: OwnerService) {
        this.profiles.clear();
      },
    },

    created(this: OwnerService) {
      this.profiles = new Profiles(() => ({ caller: asSystem(this.broker, RULES_CALLER), directory: this.directory }));
      const rules = new Rulebook(options.rules ?? {}, readConfig().rules, [...owned]);
      // Set before the service is announced, and only for this broker, as its settings are.
      this.metadata.fhir = { ...this.metadata.fhir, owns: owns.map((it) => ({ ...it, ...rules.told(it.type) })) };
      this.audit = new AuditLog({ service: this.name, store: () => this.store }, auditBatchesOf(this.broker));
      this.noteAccess = (entry) => guarded(this, () => this.audit.note(entry));
      this.noteAnswer = (ctx, answer) => guarded(this, () => this.audit.noteAnswer(ctx, answer));
      this.writes = new OwnerWrites(this, {
        owned,
        unique,
        rules,
        effects: (options.effects ?? {}) as Record<string, EffectOf<FhirResource>>,
      });
      this.fhir = ownFhir(this, (steps) => guarded(this, () => writeOwn(this as OwnerService, steps)));
    },

    async started(this: OwnerService) {
      this.watched = new WatchedTypes(this.store, options.emits ?? []);
      await this.watched.look();
      if (this.hasStopped) return; // another service could not start, and the store is closed
      this.teller = new VersionNotifier(this.broker);
      const { out, audit } = relaysFrom(this);
      this.toLedger = audit;
      addRelays(this, out, audit);
      for (const relay of relaysOf(this)) relay.kick(); // what an earlier process has left in the outbox
      this.endGauge = gaugeOutbox(this.name, this.store);
      this.settling = settleInDoubt(this);
      void tellUnownedTypes(this, owned);
      await this.settling.looked;
    },

    async stopped(this: OwnerService) {
      this.hasStopped = true;
      await this.settling?.stop();
      await stopRelays(this);
      this.teller?.stop();
      this.watched?.stop();
      this.endGauge?.();
    },
  });

  // The store opens before `started` above and closes after `stopped`: Moleculer runs the hooks of mixins from the inside out.
  const mixin: Partial<ServiceSchema> = {
    ...own,
    mixins: [WithFhirDirectory(), storeOf({ emits: new Set(options.emits), isAppendOnly })],
  };
  optionsOf.set(mixin, options);
  return mixin;
}

/** The owned types. @throws Error for events of another type: there would never be any */
function typesOf(owns: Ownership[], { emits = [] }: FhirOptions): ReadonlySet<string> {
  const owned = new Set(owns.map(({ type }) => type));
  const stray = emits.filter((type) => !owned.has(type));
  if (stray.length > 0) throw new Error(`A service emits ${stray.join(", ")}, but does not own it: its owner must.`);
  return owned;
}

function ownershipOf(own: string | Ownership, unique: AnyKeys): Ownership {
  const ownership = typeof own === "string" ? { type: own } : own;
  return unique[ownership.type] ? { ...ownership, holdsKeys: true } : ownership;
}

/** The mixin of the service's store, which informs the service about what it has stored. */
function storeOf({ emits, isAppendOnly }: { emits: ReadonlySet<string>; isAppendOnly: boolean }): Partial<ServiceSchema> {
  return Store({
    ...fhirStore,
    ofService: (service) => ({
      // What is append-only is not indexed for full text.
      ...(isAppendOnly && readConfig().access === "closed" && textlessFhirStore),
      emits: () => (service as OwnerService).watched?.emitted ?? emits,
      onEvents: (isOfLooks) => {
        if (isOfLooks) (service as OwnerService).toLedger?.kick();
        else for (const relay of relaysOf(service)) relay.kick();
      },
      onVersions: (versions) => (service as OwnerService).teller?.note(versions),
    }),
  });
}
