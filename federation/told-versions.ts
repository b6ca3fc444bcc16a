/** Between owners and gateways, whose pages show what is stored: which versions there are. Ids only, no patient data. */
import type { ResourceVersion } from "./owner-contract.ts";

/**
 * Moleculer's event for all gateways, for versions of types that their owner emits (`emits` of `Fhir`): each is told of when it is relayed, once or
 * more, and lost with its process or NATS. It says only that something should be read again.
 */
export const VERSIONS_TOLD = "fhir.versions.told";

/** Versions in one event. */
export const MAX_TOLD = 500;

/** A version, with the id of its durable event. */
export interface ToldVersion extends ResourceVersion {
  event: string;
}

/** Its payload: at most MAX_TOLD. */
export interface ToldVersions {
  versions: ToldVersion[];
}
