/**
 * Which services make up this system and what each owns: this is knowledge, not liveness. A member without a live node is down (503); types of
 * services that are no members are unknown (404). Membership changes when a service is deployed or an operator retires one, never because a
 * process ends.
 *
 * It is merged from three sources, of which the newest statement about a service counts: what this node's deployment declares (MEMBERS and the
 * contracts in the code), what the data folder has kept about services that have joined since, and what gateways and coordinators know, which they
 * include in their announcements (Moleculer's INFO).
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ServiceBroker } from "moleculer";
import type { Ownership } from "./owner-contract.ts";

/** What is known of one service. */
export interface Member {
  owns: Ownership[];
  /** Names of the events that it handles (`fhir.*`: every `fhir.…`), known from its first process on: events are kept for it while it is down. */
  handles?: string[];
  /** When this was stated, milliseconds since 1970; 0 if it was only declared. */
  at: number;
  /** Removed from the system by an operator. A process of it that starts later adds it again. */
  isRetired?: boolean;
}

/** By service. */
export type Members = Record<string, Member>;

/** The declared deployment, and where later changes are kept. */
export interface Deployment {
  /** The services of the system, with what they own according to their contracts. */
  declared: Record<string, Ownership[]>;
  /** A file that outlives the processes of this machine; absent: nothing is kept. */
  file?: string;
}

interface KeptMembers {
  /** The services that were declared when the file was written: one that is no longer declared is no longer a member. */
  declared: string[];
  members: Members;
}

/** The membership as known to one node. */
export class Membership {
  readonly #file: string | undefined;
  readonly #declared: string[];
  readonly #listeners = new Set<() => void>();
  #members: Members;

  constructor({ declared, file }: Deployment) {
    this.#file = file;
    this.#declared = Object.keys(declared).sort();
    this.#members = Object.fromEntries(Object.entries(declared).map(([service, owns]) => [service, { owns, at: 0 }]));
    const kept = file === undefined ? undefined : readKept(file);
    if (!kept) return;
    const gone = new Set(kept.declared.filter((service) => !this.#declared.includes(service)));
    this.#take(Object.fromEntries(Object.entries(kept.members).filter(([service]) => !gone.has(service))));
  }

  /** All that is known, including retired services: what other nodes may learn. */
  get all(): Members {
    return this.#members;
  }

  /** The services of the system, with what they own. */
  get members(): [service: string, owns: Ownership[]][] {
    return Object.entries(this.#members).flatMap(([service, { owns, isRetired }]) => (isRetired ? [] : [[service, owns]]));
  }

  /** Whether a process of the service that started at that time belongs to the system, i.e. was not retired since. */
  isMember(service: string, startedAt: number): boolean {
    const known = this.#members[service];
    return known !== undefined && (!known.isRetired || startedAt > known.at);
  }

  /** Adds a service of which a process was seen. @param startedAt milliseconds since 1970 */
  join(service: string, owns: Ownership[], startedAt: number, handles: string[] = []): void {
    const known = this.#members[service];
    if (known && startedAt <= known.at) return;
    const isNew = !known || known.isRetired || JSON.stringify([known.owns, known.handles ?? []]) !== JSON.stringify([owns, handles]);
    // A further replica of a known member changes nothing.
    if (isNew) this.merge({ [service]: { owns, ...(handles.length > 0 && { handles }), at: startedAt } });
  }

  /** Removes a service from the system. @throws Error if it is not a member */
  retire(service: string, now = Date.now()): void {
    const known = this.#members[service];
    if (!known || known.isRetired) throw new Error(`"${service}" is no member of this system: there is nothing to retire.`);
    this.merge({ [service]: { owns: known.owns, at: Math.max(now, known.at + 1), isRetired: true } });
  }

  /** Takes over newer statements. */
  merge(members: Members): void {
    if (!this.#take(members)) return;
    this.#keep();
    for (const listener of this.#listeners) listener();
  }

  /** @param listener called after each change */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #take(members: Members): boolean {
    let isChanged = false;
    for (const [service, member] of Object.entries(members)) {
      const known = this.#members[service];
      if (known && member.at <= known.at) continue;
      this.#members = { ...this.#members, [service]: member };
      isChanged = true;
    }
    return isChanged;
  }

  /** Several processes of a machine share the file. Each writes it completely; what one overwrites is still known to the others. */
  #keep(): void {
    if (this.#file === undefined) return;
    const kept = readKept(this.#file);
    const members = { ...this.#members };
    for (const [service, member] of Object.entries(kept?.members ?? {})) {
      const own = members[service];
      if (!own ? !kept?.declared.includes(service) : member.at > own.at) members[service] = member;
    }
    const text: KeptMembers = { declared: this.#declared, members };
    const temporary = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(temporary, JSON.stringify(text));
      renameSync(temporary, this.#file);
    } catch {
      // Full or read-only disk: other nodes still know it, and the next change is written again.
    }
  }
}

function readKept(file: string): KeptMembers | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { declared, members } = JSON.parse(readFileSync(file, "utf8")) as Partial<KeptMembers>;
    return Array.isArray(declared) && typeof members === "object" && members !== null ? { declared, members } : undefined;
  } catch {
    return undefined; // truncated by a crash: what was declared is known anyway
  }
}

const deployments = new WeakMap<ServiceBroker, Deployment>();
const known = new WeakMap<ServiceBroker, Membership>();

/** Sets a broker's deployment, before its services are created. Without it only services that were seen are members. */
export function deploy(broker: ServiceBroker, deployment: Deployment): void {
  deployments.set(broker, deployment);
}

/** The membership as known to a broker; one for all services of its process. */
export function membershipOf(broker: ServiceBroker): Membership {
  const made = known.get(broker) ?? new Membership(deployments.get(broker) ?? { declared: {} });
  known.set(broker, made);
  return made;
}
