/**
 * Which services make up this system and what each owns: knowledge, not liveness. A member that cannot be seen is down (503); what is no
 * member is not served (404). Membership changes when a service is deployed or an operator retires one, never because a process ends.
 *
 * It comes from three places, of which the newest word on a service counts: what this node's deployment declares (MEMBERS and the
 * contracts of the code), what the data folder kept of services that have joined since, and what other nodes know, which they tell
 * along with their own announcement (Moleculer's INFO).
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ServiceBroker } from "moleculer";
import type { Ownership } from "./owner-contract.ts";

/** What is known of one service. */
export interface Member {
  owns: Ownership[];
  /** Names of the events that it handles (`fhir.*`: each `fhir.…`), from its first process on: they are kept for it while it is down. */
  handles?: string[];
  /** When this became so, milliseconds since 1970; 0 for what was only declared. */
  at: number;
  /** Taken out of the system by an operator. A process of it that starts later brings it back. */
  isRetired?: boolean;
}

/** By service. */
export type Members = Record<string, Member>;

/** What a deployment declares, and where what came later is kept. */
export interface Deployment {
  /** The services of the system, with what their code says that they own. */
  declared: Record<string, Ownership[]>;
  /** A file that outlives the processes of this machine; absent: nothing is kept. */
  file?: string;
}

interface KeptMembers {
  /** The services that were declared when it was written: one that is declared no longer is no member any more. */
  declared: string[];
  members: Members;
}

/** The membership as one node knows it. */
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

  /** Everything that is known, retired services too: what other nodes may learn. */
  get all(): Members {
    return this.#members;
  }

  /** The services of the system, with what they own. */
  get members(): [service: string, owns: Ownership[]][] {
    return Object.entries(this.#members).flatMap(([service, { owns, isRetired }]) => (isRetired ? [] : [[service, owns]]));
  }

  /** Whether a process of the service that started then belongs to the system, and is not one that was retired since. */
  isMember(service: string, startedAt: number): boolean {
    const known = this.#members[service];
    return known !== undefined && (!known.isRetired || startedAt > known.at);
  }

  /** A process of the service is seen. @param startedAt milliseconds since 1970 */
  join(service: string, owns: Ownership[], startedAt: number, handles: string[] = []): void {
    const known = this.#members[service];
    if (known && startedAt <= known.at) return;
    const isNew = !known || known.isRetired || JSON.stringify([known.owns, known.handles ?? []]) !== JSON.stringify([owns, handles]);
    // The start of yet another replica is no news.
    if (isNew) this.merge({ [service]: { owns, ...(handles.length > 0 && { handles }), at: startedAt } });
  }

  /** Takes a service out of the system. @throws Error for what is no member */
  retire(service: string, now = Date.now()): void {
    const known = this.#members[service];
    if (!known || known.isRetired) throw new Error(`"${service}" is no member of this system: there is nothing to retire.`);
    this.merge({ [service]: { owns: known.owns, at: Math.max(now, known.at + 1), isRetired: true } });
  }

  /** Takes over what is newer. */
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

  /** Several processes of a machine share the file: each writes it whole, and what one of them overwrites the others still know. */
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
      // A full or read-only disk: the other nodes still tell it, and the next change is kept.
    }
  }
}

function readKept(file: string): KeptMembers | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { declared, members } = JSON.parse(readFileSync(file, "utf8")) as Partial<KeptMembers>;
    return Array.isArray(declared) && typeof members === "object" && members !== null ? { declared, members } : undefined;
  } catch {
    return undefined; // cut short by a crash: what was declared is known all the same
  }
}

const deployments = new WeakMap<ServiceBroker, Deployment>();
const known = new WeakMap<ServiceBroker, Membership>();

/** Says what a broker's deployment is, before its services are created. Without it only what is seen is a member. */
export function deploy(broker: ServiceBroker, deployment: Deployment): void {
  deployments.set(broker, deployment);
}

/** The membership as a broker knows it; one for all services of its process. */
export function membershipOf(broker: ServiceBroker): Membership {
  const made = known.get(broker) ?? new Membership(deployments.get(broker) ?? { declared: {} });
  known.set(broker, made);
  return made;
}
