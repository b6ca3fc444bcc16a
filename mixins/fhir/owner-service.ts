/** Types of a service that owns FHIR types: what `Fhir(…)` adds to `this`. */
import type { Context, Service } from "moleculer";
import type { WithDirectory } from "../../federation/directory.ts";
import type { Profiles } from "../../federation/profiles.ts";
import type { Store } from "../../store/store.ts";
import type { Relay } from "../events/relay.ts";
import type { WatchedTypes } from "../events/watched-types.ts";
import type { AuditLog } from "./audit-log.ts";
import type { OwnFhir } from "./own-fhir.ts";
import type { OwnerWrites } from "./owner-writes.ts";
import type { InDoubt } from "./recovery.ts";
import type { VersionNotifier } from "./version-notifier.ts";

/** What the mixin adds for the service: `this.fhir`, to read and write its own types in one atomic step; the record of accesses. */
export interface WithFhir {
  store: Store;
  fhir: OwnFhir;
  /**
   * Records that somebody is shown resources otherwise than by an answer.
   * @param entry as returned by `entryText` of `federation/audit.ts` @throws 503 if it cannot be recorded: nothing may be shown then
   */
  noteAccess(entry: string): Promise<void>;
}

/** The same, with what is only for the mixin. */
export type OwnerGains = WithFhir &
  WithDirectory & {
    /** A start that fails stops also what is still starting. */
    hasStopped?: boolean;
    settling: InDoubt;
    profiles: Profiles;
    watched: WatchedTypes | undefined;
    teller: VersionNotifier;
    endGauge: (() => void) | undefined;
    writes: OwnerWrites;
    audit: AuditLog;
    toLedger: Relay | undefined;
    noteAnswer(ctx: Context, answer: unknown): Promise<void>;
  };

/** A service that owns FHIR types, as the mixin sees it. */
export type OwnerService = Service & OwnerGains;
