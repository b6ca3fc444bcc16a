/**
 * Which services own which FHIR types, and which of them are alive. Which services exist is decided by the membership (`membership.ts`); which
 * of them are alive, by Moleculer's registry. A member without a live node is down: its types answer 503. Types without an owner answer 404.
 */
import type { Service, ServiceBroker } from "moleculer";
import { useTimeZone } from "../fhir/time-zone.ts";
import { readConfig } from "../mesh/config.ts";
import { announceMetadata } from "../mesh/announce.ts";
import { defineMixin } from "../mesh/contract.ts";
import { listNodes, listServices } from "../mesh/moleculer.ts";
import { CertifiedWords } from "./certified.ts";
import { type Members, type Membership, membershipOf } from "./membership.ts";
import type { Ownership } from "./owner-contract.ts";
import { noSuchType, noTransactions, ownerDown } from "./errors.ts";

/** One owner of a type. */
export interface OwnerEntry {
  service: string;
  where?: Ownership["where"];
  /** False while no node of the service is alive. */
  alive: boolean;
  /** Its writes may have to wait for other transactions. */
  holdsKeys: boolean;
}

interface KnownService {
  owns: Ownership[];
  nodes: Set<string>;
}

/** What nodes publish about themselves in their announcement. */
interface NodeMetadata {
  /** Milliseconds since 1970. */
  startedAt?: number;
  members?: Members;
}

/** What services publish about themselves there. */
interface ServiceMetadata {
  fhir?: { owns?: Ownership[] };
  events?: { handles?: string[] };
}

/** A live view of membership and registry; one for all services of a broker (`directoryOf`). */
export class Directory {
  readonly #broker: ServiceBroker;
  readonly #membership: Membership;
  readonly #certified: CertifiedWords;
  #services = new Map<string, KnownService>();
  #owners = new Map<string, OwnerEntry[]>();
  /** Incremented with every change; whatever is derived from the directory is cached under it. */
  generation = 0;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
    this.#membership = membershipOf(broker);
    this.#certified = new CertifiedWords(broker);
    this.#build(new Map());
  }

  /** Reads the registry again: which services are alive, and what other nodes know of the membership. */
  refresh(): void {
    const { registry } = this.#broker;
    for (const node of listNodes<NodeMetadata>(this.#broker, { onlyAvailable: true })) {
      if (node.id === this.#broker.nodeID) continue;
      this.#membership.merge(this.#certified.members(node.id, node.metadata?.members ?? {}));
    }
    const listed = listServices<ServiceMetadata>(this.#broker, { skipInternal: true });
    const live = new Map<string, KnownService>();
    const newest = new Map<string, number>();
    for (const { name, nodeID, metadata } of listed) {
      const startedAt = (registry.nodes.get(nodeID)?.metadata as NodeMetadata | undefined)?.startedAt ?? 1;
      const owns = this.#certified.owns(nodeID, metadata?.fhir?.owns ?? []);
      this.#membership.join(name, owns, startedAt, metadata?.events?.handles);
      if (!this.#membership.isMember(name, startedAt)) continue;
      const known = live.get(name) ?? { owns, nodes: new Set<string>() };
      // During a rolling upgrade the most recently started process tells what the service owns.
      if (startedAt >= (newest.get(name) ?? 0)) known.owns = owns;
      newest.set(name, Math.max(startedAt, newest.get(name) ?? 0));
      known.nodes.add(nodeID);
      live.set(name, known);
    }
    this.#build(live);
  }

  #build(live: Map<string, KnownService>): void {
    this.#services = new Map(this.#membership.members.map(([service, owns]) => [service, live.get(service) ?? { owns, nodes: new Set() }]));
    this.#owners = new Map();
    for (const [service, { owns, nodes }] of [...this.#services].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const { type, where, holdsKeys = false } of owns) {
        const entry: OwnerEntry = { service, alive: nodes.size > 0, holdsKeys, ...(where && { where }) };
        const others = this.#owners.get(type);
        if (others) others.push(entry);
        else this.#owners.set(type, [entry]);
      }
    }
    this.generation += 1;
  }

  /** Types with at least one owner, alive or down, in alphabetical order. */
  types(): string[] {
    return [...this.#owners.keys()].sort();
  }

  /** Types with a live owner. */
  liveTypes(): string[] {
    return this.types().filter((type) => this.#owners.get(type)?.some((owner) => owner.alive));
  }

  /** The services of the system, with what they own and their live nodes. */
  services(): { service: string; owns: Ownership[]; nodes: string[] }[] {
    return [...this.#services].map(([service, { owns, nodes }]) => ({ service, owns, nodes: [...nodes].sort() }));
  }

  /** Services of the system without a live node, in alphabetical order. */
  down(): string[] {
    return [...this.#services].flatMap(([service, { nodes }]) => (nodes.size === 0 ? [service] : [])).sort();
  }

  /** Owners of a type without a live node. */
  downOf(type: string): string[] {
    return this.known(type).flatMap(({ service, alive }) => (alive ? [] : [service]));
  }

  /** Resolves when every member is alive, or after `timeoutMs`. */
  async whenComplete(timeoutMs: number): Promise<void> {
    this.refresh();
    if (this.down().length === 0) return;
    const { localBus } = this.#broker;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        localBus.off("$services.changed", look);
        resolve();
      };
      const look = () => {
        this.refresh();
        if (this.down().length === 0) end();
      };
      const timer = setTimeout(end, timeoutMs);
      localBus.on("$services.changed", look);
    });
  }

  /** Whether a service belongs to the system but has no live node. */
  isDown(service: string): boolean {
    return this.#services.get(service)?.nodes.size === 0;
  }

  /**
   * Whether a transaction can be carried out.
   * @throws 404 NOT_SUPPORTED when this mesh has no coordinator, 503 OWNER_DOWN when it is down
   */
  requireTransactions(): void {
    const coordinator = this.#services.get("transactions");
    if (!coordinator) throw noTransactions();
    if (coordinator.nodes.size === 0) throw ownerDown("transactions", "transactions");
  }

  /** All owners of a type, in order of name; empty if it has none. */
  known(type: string): readonly OwnerEntry[] {
    return this.#owners.get(type) ?? [];
  }

  /**
   * All owners of a type, all of them alive.
   * @throws 404 when the type has no owner, 503 when one is down
   */
  ownersOf(type: string): string[] {
    const owners = this.#owners.get(type);
    if (!owners) throw noSuchType(type);
    return owners.map((owner) => {
      if (!owner.alive) throw ownerDown(type, owner.service);
      return owner.service;
    });
  }

  /**
   * The owner to which a resource with this content belongs.
   * @throws 404 when the type has no owner, 503 when that owner is down
   */
  ownerFor(type: string, resource: unknown): string {
    const owners = this.#owners.get(type);
    if (!owners) throw noSuchType(type);
    const chosen = owners.find((owner) => owner.where && isMet(owner.where, resource)) ?? owners.find((owner) => !owner.where);
    if (!chosen) throw noSuchType(type);
    if (!chosen.alive) throw ownerDown(type, chosen.service);
    return chosen.service;
  }

  /** Whether an owner of the type takes only some resources of it: a single one too, in a clinic without the others. */
  isByContent(type: string): boolean {
    return this.known(type).some(({ where }) => where !== undefined);
  }

  /** Whether the type has several owners, so that a resource's content decides which one it belongs to. */
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

/** What the mixin adds for a service. */
export interface WithDirectory {
  directory: Directory;
}

const directories = new WeakMap<ServiceBroker, Directory>();

/**
 * The directory of a broker, updated as soon as Moleculer knows of a change. What this node knows about the membership is included in its
 * announcement as far as others accept it from this node (`certified.ts`).
 */
export function directoryOf(broker: ServiceBroker): Directory {
  const made = directories.get(broker);
  if (made) return made;
  const directory = new Directory(broker);
  directories.set(broker, directory);
  const membership = membershipOf(broker);
  const certified = new CertifiedWords(broker);
  let told = "";
  /** Includes in the next announcement what others accept from this node. @returns whether that has changed */
  const tell = (): boolean => {
    const text = JSON.stringify(certified.members(broker.nodeID, membership.all));
    if (text === told) return false;
    told = text;
    announceMetadata(broker, "members", JSON.parse(text)); // a copy: Moleculer omits an object that occurs twice in an announcement
    return true;
  };
  tell();
  let isDue = false; // after the current change, once for all that arrive together
  let isToBeTold = false;
  membership.onChange(() => {
    isToBeTold = tell() || isToBeTold;
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      const isNews = isToBeTold && broker.started;
      [isDue, isToBeTold] = [false, false];
      directory.refresh();
      if (isNews) void broker.transit?.discoverer.sendLocalNodeInfo()?.catch((error: Error) => broker.logger.warn(error.message));
    });
  });
  for (const change of ["$services.changed", "$node.connected", "$node.updated", "$node.disconnected"]) {
    broker.localBus.on(change, () => directory.refresh());
  }
  return directory;
}

/** Gives a service `this.directory`. */
export function WithFhirDirectory() {
  return defineMixin<WithDirectory>({
    created() {
      useTimeZone(readConfig().hospitalTimeZone); // before any date is read
      this.directory = directoryOf(this.broker);
    },
    started(this: Service & WithDirectory) {
      this.directory.refresh();
    },
  });
}
