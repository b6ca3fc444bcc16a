/** Which actions there are, so that a misspelt one in a role does not just give less than was meant. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServiceBroker } from "moleculer";
import { listActions } from "../../../mesh/moleculer.ts";
import { namesAction, type Role } from "../../../mesh/access/roles.ts";
import { nearestNames } from "./nearest-names.ts";
import { eventsOf } from "../../../mixins/events/events.ts";

/** The actions of a system, as far as this node knows them. */
export interface ActionNames {
  /** In full: `wards.listBeds`. */
  names: readonly string[];
  /** Members of the system whose actions are unknown: they are down, and their code is not here. */
  unknownServices: readonly string[];
}

/** Where the actions of a system are looked for. */
export interface ActionSources {
  broker: ServiceBroker;
  /** Folder of the services. */
  folder: string;
  /** Names of the services that belong to the system. */
  members: readonly string[];
  /** The roles that come with the project: they also name former names of actions, and rights that are no actions (`api.console`). */
  roles: readonly Role[];
}

/** The actions of all services whose code is here, by their contracts, whether they run or not, and those of the running ones. */
export async function actionNames({ broker, folder, members, roles }: ActionSources): Promise<ActionNames> {
  const declared = await Promise.all(contractsIn(folder).map(namesIn));
  const running = listActions(broker).map(({ name }) => name);
  const inRoles = roles.flatMap(({ actions }) => actions).filter((action) => !action.includes("*"));
  const names = [...new Set([...declared.flat(), ...running, ...inRoles])].sort();
  const services = new Set(names.map(serviceOf));
  return { names, unknownServices: members.filter((service) => !services.has(service)) };
}

/** Patterns that name no action. Those that may name an action of an unknown service are not among them. */
export const unknownActions = (patterns: readonly string[], { names, unknownServices }: ActionNames): string[] =>
  patterns.filter((pattern) => {
    const service = serviceOf(pattern);
    const isOpen = service === "*" ? unknownServices.length > 0 : unknownServices.includes(service);
    return !isOpen && !names.some((name) => namesAction(pattern, name));
  });

/** What a pattern that names no action may have meant: `hospitalizations.*` for `hospitalisations.*`. */
export function nearestActions(pattern: string, { names }: ActionNames): string[] {
  const parts = pattern.split(".");
  const like = names.map((name) => name.split(".")).filter((name) => name.length === parts.length);
  const patterns = like.map((name) => name.map((part, index) => (parts[index] === "*" ? "*" : part)).join("."));
  return nearestNames(pattern, [...new Set(patterns)]);
}

const serviceOf = (action: string): string => action.split(".", 1)[0] as string;

function contractsIn(folder: string): [service: string, file: string][] {
  return readdirSync(folder).flatMap((service): [string, string][] => {
    const file = join(folder, service, `${service}.contract.ts`);
    return existsSync(file) ? [[service, file]] : [];
  });
}

/** The actions of a contract, and those for the dead letters that every service with events has. */
async function namesIn([service, file]: [service: string, file: string]): Promise<string[]> {
  const contract = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const members = Object.values(contract).flatMap((it) => (typeof it === "object" && it !== null ? Object.values(it) : []));
  const { listDead, replay } = eventsOf(service);
  return [...members, listDead, replay].flatMap((it: unknown) => {
    const { action } = (it ?? {}) as { action?: unknown };
    return typeof action === "string" ? [action] : [];
  });
}
