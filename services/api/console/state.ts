/** What runs where at this moment, for the page at `/`. */
import { accessOf, asSystem } from "../../../mesh/access/access.ts";
import type { ServiceBroker } from "moleculer";
import { eventsOf } from "../../../mixins/events/events.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import type { Directory } from "../../../federation/directory.ts";
import { Meter } from "./meter.ts";

/** The mesh as one gateway sees it: nodes, services, what they hold. `at`: ISO 8601, UTC. */
export interface MeshState {
  at: string;
  /** Whether anybody may do anything. */
  isOpen: boolean;
  requestsPerSecond: number;
  nodes: { id: string; isAlive: boolean; services: string[] }[];
  services: {
    name: string;
    /** FHIR types it owns. */
    types: number;
    nodes: string[];
    /** Whether it handles events, and may have set some aside. */
    hasEvents: boolean;
    /** Living resources; null when it holds none of its own, or cannot be asked. */
    documents: number | null;
    bytes: number | null;
    requestsPerSecond: number | null;
  }[];
}

/** What the state is read from. */
export interface MeshView {
  broker: ServiceBroker;
  directory: Directory;
  meter: Meter;
  caller: Caller;
}

/** A page that many look at costs one round of questions in this time. Milliseconds. */
const FRESH_MS = 1_000;
const CALL_OPTIONS = { timeout: 1_500, retries: 0 }; // milliseconds

/** What was last seen of a mesh, and the meters of its nodes' services; those of nodes that are gone are dropped below. */
const seen = new WeakMap<ServiceBroker, { at: number; state: Promise<MeshState> }>();
const metersOf = new WeakMap<ServiceBroker, Map<string, Meter>>();

/** At most a second old. */
export function meshState(view: MeshView): Promise<MeshState> {
  const now = Date.now();
  let latest = seen.get(view.broker);
  if (!latest || now - latest.at > FRESH_MS) {
    latest = { at: now, state: look(view, now) };
    seen.set(view.broker, latest);
  }
  return latest.state;
}

async function look({ broker, directory, meter, caller }: MeshView, now: number): Promise<MeshState> {
  const nodes = broker.registry.getNodeList({ onlyAvailable: false, withServices: true }) as unknown as {
    id: string;
    available: boolean;
    services: { name: string }[];
  }[];
  const names = new Set<string>([...directory.services().map((it) => it.service)]);
  for (const node of nodes) if (node.available) for (const { name } of node.services) if (!name.startsWith("$")) names.add(name);
  const living = new Set<string>();
  const meters = metersOf.get(broker) ?? new Map<string, Meter>();
  metersOf.set(broker, meters);

  const services = await Promise.all(
    [...names].sort().map(async (name) => {
      const owner = directory.services().find((it) => it.service === name);
      const hosts = nodes.filter((node) => node.available && node.services.some((it) => it.name === name)).map((node) => node.id);
      const hasEvents = broker.registry.actions.get(eventsOf(name).listDead.action) !== undefined;
      const base = { name, types: owner?.owns.length ?? 0, nodes: hosts, hasEvents };
      if (!owner || owner.owns.length === 0) {
        return { ...base, documents: null, bytes: null, requestsPerSecond: name === "api" ? meter.rate(now) : null };
      }
      const stats = await Promise.all(
        hosts.map((nodeID) =>
          ownerOf(name)
            .stats(asSystem(caller, "api"), {}, { ...CALL_OPTIONS, nodeID })
            .catch(() => undefined),
        ),
      );
      const rates = stats.map((it, index) => {
        const key = `${hosts[index]} ${name}`;
        living.add(key);
        const known = meters.get(key) ?? new Meter();
        meters.set(key, known);
        return it ? known.rate(now, it.handled) : 0;
      });
      const one = stats.find((it) => it !== undefined); // replicas share the store: one tells for all
      return {
        ...base,
        documents: one ? Object.values(one.documents).reduce((sum, count) => sum + count, 0) : null,
        bytes: one?.bytes ?? null,
        requestsPerSecond: one ? rates.reduce((sum, rate) => sum + rate, 0) : null,
      };
    }),
  );
  for (const key of meters.keys()) if (!living.has(key)) meters.delete(key);

  return {
    at: new Date(now).toISOString(),
    isOpen: accessOf(broker).isOpen,
    requestsPerSecond: meter.rate(now),
    nodes: nodes.map((node) => ({
      id: node.id,
      isAlive: node.available,
      services: node.services
        .map((it) => it.name)
        .filter((it) => !it.startsWith("$"))
        .sort(),
    })),
    services,
  };
}
