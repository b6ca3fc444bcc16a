/** Between owners and gateways, whose pages show what is stored: notifications of new versions. Ids only, no patient data. */
import type { ResourceVersion } from "./owner-contract.ts";

/**
 * Moleculer event for all gateways, about versions of all types. Those that are durable events (`emits` of `Fhir`) are notified when they are
 * relayed, at least once; others when they are stored, at most once, and lost with the process or NATS. It only says that something should be
 * read again.
 */
export const VERSION_NOTICES = "fhir.versions.told";

/** Versions in one event. */
export const MAX_TOLD = 500;

/** A version, with the id of its durable event, or an equivalent id. */
export interface VersionNotice extends ResourceVersion {
  event: string;
}

/** Payload of the event: at most MAX_TOLD. */
export interface VersionNotices {
  versions: VersionNotice[];
}
