/** Compares a node's announcement (Moleculer's INFO) with its certificate. */
import { type Certificate, mayServe } from "./certificate.ts";

/** The part of an announcement by which a node gets calls and events. */
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
 * Whether the certificate names each announced service, each action belongs to its service, and no event is consumed in another
 * service's group. Which events a service receives is not restricted: they contain ids.
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

/** The full name, as Moleculer makes it. */
function fullNameOf(name: string, version: unknown): string {
  if (version === undefined || version === null) return name;
  return typeof version === "number" ? `v${version}.${name}` : `${String(version)}.${name}`;
}
