/** Between owners and gateways, whose pages show what is stored: which versions there are. Ids only, no patient data. */
import type { ResourceVersion } from "./owner-contract.ts";

/**
 * Moleculer's event for all gateways, for versions of all types: those that are durable events (`emits` of `Fhir`) are told when they are relayed,
 * once or more, the others when they are stored, once; lost with the process or NATS. It says only that something should be read again.
 */
export const VERSIONS_TOLD = "fhir.versions.told";

/** Versions in one event. */
export const MAX_TOLD = 500;

/** A version, with the id of its durable event, or what it would be. */
export interface ToldVersion extends ResourceVersion {
  event: string;
}

/** Its payload: at most MAX_TOLD. */
export interface ToldVersions {
  versions: ToldVersion[];
}
