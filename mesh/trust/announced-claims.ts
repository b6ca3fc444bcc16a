/** What a node's announcement (Moleculer's INFO) claims, held against its certificate. */
import { type Certificate, mayServe } from "./certificate.ts";

/** The part of an announcement that gives a node calls and events. */
export interface Announcement {
  services?: {
    name?: unknown;
    fullName?: unknown;
    version?: unknown;
    actions?: Record<string, { name?: unknown }>;
    events?: Record<string, { name?: unknown; group?: unknown }>;
  }[];
}

/** Moleculer's own service of each node. */
const NODE_SERVICE = "$node";

/**
 * Whether the certificate names each service that is announced, each action belongs to its service, and no event is taken in another
 * service's group. Which events a service hears is not restricted: they hold ids.
 */
export function mayAnnounce(certificate: Certificate, { services = [] }: Announcement): boolean {
  return services.every(({ name, fullName = name, version, actions = {}, events = {} }) => {
    if (typeof name !== "string" || (name !== NODE_SERVICE && !mayServe(certificate, name))) return false;
    if (fullName !== fullNameOf(name, version)) return false;
    const isOwn = (action: unknown) => typeof action === "string" && action.startsWith(`${fullName}.`);
    return (
      Object.entries(actions).every(([key, action]) => isOwn(key) && isOwn(action.name)) &&
      Object.values(events).every(({ group = name }) => group === name || group === fullName)
    );
  });
}

/** As Moleculer makes it. */
function fullNameOf(name: string, version: unknown): string {
  if (version === undefined || version === null) return name;
  return typeof version === "number" ? `v${version}.${name}` : `${String(version)}.${name}`;
}
