/** The current state of the mesh, for the page at `/`. */
import { accessOf, asSystem } from "../../../mesh/access/access.ts";
import type { ServiceBroker } from "moleculer";
import { eventsOf } from "../../../mixins/events/events.ts";
import type { Caller } from "../../../mesh/caller.ts";
import { type ListedNode, listNodes } from "../../../mesh/moleculer.ts";
import { ownerOf } from "../../../federation/owner-contract.ts";
import type { Directory } from "../../../federation/directory.ts";
import { Meter } from "./meter.ts";

/** The mesh as seen by one gateway: nodes, services, their data. `at`: ISO 8601, UTC. */
export interface MeshState {
  at: string;
  /** Whether access is open. */
  isOpen: boolean;
  requestsPerSecond: number;
  nodes: { id: string; isAlive: boolean; services: string[] }[];
  services: {
    name: string;
    /** Number of FHIR types that it owns. */
    types: number;
    nodes: string[];
    /** Whether it handles events, and so may have dead letters. */
    hasEvents: boolean;
    /** Number of resources; null if it has none of its own, or cannot be asked. */
    documents: number | null;
    bytes: number | null;
    requestsPerSecond: number | null;
  }[];
}

/** What the state is computed from. */
export interface MeshView {
  broker: ServiceBroker;
  directory: Directory;
  meter: Meter;
  caller: Caller;
}

/** However many viewers, the nodes are asked once in this time. Milliseconds. */
const FRESH_MS = 1_000;
const CALL_OPTIONS = { timeout: 1_500, retries: 0 }; // milliseconds

/** The last state of each mesh, and the meters of its nodes' services; those of nodes that have left are dropped below. */
const seen = new WeakMap<ServiceBroker, { at: number; state: Promise<MeshState> }>();
const metersOf = new WeakMap<ServiceBroker, Map<string, Meter>>();

/** The state, at most a second old. */
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
  const nodes = listNodes<object>(broker, { onlyAvailable: false, withServices: true });
  const known = directory.services();
  const running = nodes.filter(({ available }) => available).flatMap((node) => servicesOf(node));
  const names = new Set<string>([...known.map(({ service }) => service), ...running]);
  const rates = new Rates(broker);
  const services = await Promise.all(
    [...names].sort().map(async (name) => {
      const types = known.find(({ service }) => service === name)?.owns.length ?? 0;
      const hosts = nodes.filter((node) => node.available && node.services.some((it) => it.name === name)).map(({ id }) => id);
      const hasEvents = broker.registry.actions.get(eventsOf(name).listDead.action) !== undefined;
      const base = { name, types, nodes: hosts, hasEvents };
      if (types > 0) return { ...base, ...(await heldBy(name, hosts, { caller, rates, now })) };
      return { ...base, documents: null, bytes: null, requestsPerSecond: name === "api" ? meter.rate(now) : null };
    }),
  );
  rates.dropOthers();
  return {
    at: new Date(now).toISOString(),
    isOpen: accessOf(broker).isOpen,
    requestsPerSecond: meter.rate(now),
    nodes: nodes.map((node) => ({ id: node.id, isAlive: node.available, services: servicesOf(node).sort() })),
    services,
  };
}

/** Names of a node's services, without Moleculer's own. */
const servicesOf = ({ services }: ListedNode): string[] => services.map(({ name }) => name).filter((name) => !name.startsWith("$"));

type Held = Pick<MeshState["services"][number], "documents" | "bytes" | "requestsPerSecond">;

/** The data of an owner, asked from each of its nodes. */
async function heldBy(name: string, hosts: string[], { caller, rates, now }: { caller: Caller; rates: Rates; now: number }): Promise<Held> {
  const stats = await Promise.all(
    hosts.map((nodeID) =>
      ownerOf(name)
        .stats(asSystem(caller, "api"), {}, { ...CALL_OPTIONS, nodeID })
        .catch(() => undefined),
    ),
  );
  const perSecond = stats.map((it, index) => {
    const meter = rates.of(`${hosts[index]} ${name}`);
    return it ? meter.rate(now, it.handled) : 0;
  });
  const one = stats.find((it) => it !== undefined); // replicas share the store: any of them has the figures
  return {
    documents: one ? Object.values(one.documents).reduce((sum, count) => sum + count, 0) : null,
    bytes: one?.bytes ?? null,
    requestsPerSecond: one ? perSecond.reduce((sum, rate) => sum + rate, 0) : null,
  };
}

/** The meters of a mesh while its state is computed. */
class Rates {
  readonly #meters: Map<string, Meter>;
  readonly #asked = new Set<string>();

  constructor(broker: ServiceBroker) {
    this.#meters = metersOf.get(broker) ?? new Map<string, Meter>();
    metersOf.set(broker, this.#meters);
  }

  /** @param key of a service on a node */
  of(key: string): Meter {
    this.#asked.add(key);
    const meter = this.#meters.get(key) ?? new Meter();
    this.#meters.set(key, meter);
    return meter;
  }

  /** Drops the meters that were not used for this state: their nodes have left. */
  dropOthers(): void {
    for (const key of this.#meters.keys()) if (!this.#asked.has(key)) this.#meters.delete(key);
  }
}
