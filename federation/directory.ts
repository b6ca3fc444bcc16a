/**
 * Who owns which FHIR type, as Moleculer's registry says at this moment, and nothing else says.
 *
 * An owner whose last node died (killed, network cut) stays known as down, so that its types answer 503; one that left
 * in order is forgotten, and its types answer 404. A node that starts while an owner is down has never seen it: it asks the others.
 */
import type { Service, ServiceBroker } from "moleculer";
import { defineMixin } from "../mesh/contract.ts";
import { type Ownership, ownerOf, type ServiceKnown } from "./owner-contract.ts";
import { noSuchType, noTransactions, ownerDown } from "./errors.ts";

/** One owner of a type. */
export interface OwnerEntry {
  service: string;
  where?: Ownership["where"];
  /** False while no node of the service is alive. */
  alive: boolean;
  /** Its writes may wait for other transactions. */
  holdsKeys: boolean;
}

interface KnownService {
  owns: Ownership[];
  nodes: Set<string>;
}

/** A live view of the registry; made once per broker. */
export class Directory {
  readonly #broker: ServiceBroker;
  #services = new Map<string, KnownService>();
  #owners = new Map<string, OwnerEntry[]>();
  /** Grows with every change; whatever is derived from the directory is cached under it. */
  generation = 0;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** Reads the registry again. `crashed`: nodes that vanished without saying good-bye. */
  refresh(crashed: ReadonlySet<string> = new Set()): void {
    const live = new Map<string, KnownService>();
    const listed = this.#broker.registry.getServiceList({ onlyAvailable: true, skipInternal: true }) as unknown as {
      name: string;
      nodeID: string;
      metadata?: { fhir?: { owns?: Ownership[] } };
    }[];
    for (const { name, nodeID, metadata } of listed) {
      const owns = metadata?.fhir?.owns;
      if (!owns) continue;
      const known = live.get(name) ?? { owns, nodes: new Set<string>() };
      known.nodes.add(nodeID);
      live.set(name, known);
    }
    // An owner without a node is down if its last node crashed, and was down before if nothing is new about it.
    for (const [name, { owns, nodes }] of this.#services) {
      if (live.has(name)) continue;
      const isDown = nodes.size === 0 || [...nodes].some((node) => crashed.has(node));
      if (isDown) live.set(name, { owns, nodes: new Set() });
    }
    this.#services = live;
    this.#owners = new Map();
    for (const [service, { owns, nodes }] of [...live].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const { type, where, holdsKeys = false } of owns) {
        const entry: OwnerEntry = { service, alive: nodes.size > 0, holdsKeys, ...(where && { where }) };
        this.#owners.set(type, [...(this.#owners.get(type) ?? []), entry]);
      }
    }
    this.generation += 1;
  }

  /** Types with at least one owner, dead or alive, in alphabetical order. */
  types(): string[] {
    return [...this.#owners.keys()].sort();
  }

  /** Types that are served right now. */
  liveTypes(): string[] {
    return this.types().filter((type) => this.#owners.get(type)?.some((owner) => owner.alive));
  }

  /** Services that own FHIR types, with their live nodes. */
  services(): { service: string; owns: Ownership[]; nodes: string[] }[] {
    return [...this.#services].map(([service, { owns, nodes }]) => ({ service, owns, nodes: [...nodes].sort() }));
  }

  /** What a node that starts may ask: the services of the mesh, and whether they live. */
  whatIsKnown(): ServiceKnown[] {
    return this.services().map(({ service, owns, nodes }) => ({ service, owns, isAlive: nodes.length > 0 }));
  }

  /** Whether a service is known, alive or down. */
  knows(service: string): boolean {
    return this.#services.has(service);
  }

  /** What another node knows to be down, unless it is known here. */
  learn(down: ServiceKnown[]): void {
    for (const { service, owns } of down) if (!this.#services.has(service)) this.#services.set(service, { owns, nodes: new Set() });
    this.refresh();
  }

  /**
   * Whether a transaction can be carried out.
   * @throws 404 NOT_SUPPORTED when this mesh has no coordinator, 503 OWNER_DOWN when it is down
   */
  requireTransactions(): void {
    const coordinator = this.#services.get("transactions");
    if (!coordinator) throw noTransactions();
    if (coordinator.nodes.size === 0) throw ownerDown("transactions");
  }

  /** All owners of a type, in order of name; empty when nobody serves it. */
  known(type: string): readonly OwnerEntry[] {
    return this.#owners.get(type) ?? [];
  }

  /**
   * All owners of a type that live.
   * @throws 404 when nobody serves the type, 503 when an owner is down
   */
  ownersOf(type: string): string[] {
    const owners = this.#owners.get(type);
    if (!owners) throw noSuchType(type);
    return owners.map((owner) => {
      if (!owner.alive) throw ownerDown(type);
      return owner.service;
    });
  }

  /**
   * The one owner that a resource with this content belongs to.
   * @throws 404 when nobody serves the type, 503 when that owner is down
   */
  ownerFor(type: string, resource: unknown): string {
    const owners = this.#owners.get(type);
    if (!owners) throw noSuchType(type);
    const chosen = owners.find((owner) => owner.where && isMet(owner.where, resource)) ?? owners.find((owner) => !owner.where);
    if (!chosen) throw noSuchType(type);
    if (!chosen.alive) throw ownerDown(type);
    return chosen.service;
  }

  /** True when the content of a resource decides who owns it. */
  isShared(type: string): boolean {
    return (this.#owners.get(type)?.length ?? 0) > 1;
  }
}

/** Whether one of the values at `path`, through arrays, is among `in`. */
function isMet({ path, in: wanted }: NonNullable<Ownership["where"]>, resource: unknown): boolean {
  let values: unknown[] = [resource];
  for (const name of path.split(".")) {
    values = values
      .flatMap((value) => (value !== null && typeof value === "object" ? (value as Record<string, unknown>)[name] : []))
      .flat();
  }
  return values.some((value) => typeof value === "string" && wanted.includes(value));
}

/** What a service gains. */
export interface WithDirectory {
  directory: Directory;
}

/** How long a starting node waits for the first other node, for what others know, and for those that they know; milliseconds. */
const [MEET_WITHIN, LEARN_WITHIN, COMPLETE_WITHIN] = [1_000, 1_000, 5_000];

/**
 * Without it, a type whose second owner is down would look to a new node like one with a single owner: its searches would leave
 * out in silence what the other holds, and a write would make a second copy of it. And on a busy machine nodes that live make themselves
 * known late to one that joins: it would say that there is no such type.
 */
async function learnFromOthers(broker: ServiceBroker, directory: Directory, meetWithin: number): Promise<void> {
  if (!broker.transit) return;
  const others = () => directory.services().filter(({ owns, nodes }) => owns.length > 0 && nodes.some((node) => node !== broker.nodeID));
  await waitUntil(broker, () => others().length > 0, meetWithin);
  const told = await Promise.allSettled(
    others().map(({ service }) => ownerOf(service).known(broker, {}, { timeout: LEARN_WITHIN, retries: 0 })),
  );
  const known = told.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  await waitUntil(broker, () => known.every(({ service, isAlive }) => !isAlive || directory.knows(service)), COMPLETE_WITHIN);
  directory.learn(known.filter(({ isAlive }) => !isAlive));
}

/** Resolves when it is so, which changes of the mesh may bring about, or when the time is over. */
async function waitUntil(broker: ServiceBroker, isSo: () => boolean, within: number): Promise<void> {
  if (isSo() || within === 0) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      broker.localBus.off("$services.changed", look);
      resolve();
    };
    const look = () => {
      if (isSo()) end();
    };
    const timer = setTimeout(end, within);
    broker.localBus.on("$services.changed", look);
  });
}

/**
 * Gives a service `this.directory`, current from the moment that Moleculer knows of a change.
 * @param needsOthers it is of no use alone: when it starts and knows nobody yet, it waits a moment for the first to answer
 */
export function WithFhirDirectory({ needsOthers = false } = {}) {
  return defineMixin<WithDirectory>({
    created() {
      this.directory = new Directory(this.broker);
    },
    async started(this: Service & WithDirectory) {
      const directory = this.directory;
      directory.refresh();
      const crashed = new Set<string>();
      this.broker.localBus.on("$node.disconnected", ({ node, unexpected }: { node: { id: string }; unexpected: boolean }) => {
        if (unexpected) crashed.add(node.id);
        directory.refresh(crashed);
        crashed.clear();
      });
      this.broker.localBus.on("$services.changed", () => directory.refresh());
      await learnFromOthers(this.broker, directory, needsOthers ? MEET_WITHIN : 0);
    },
  });
}
