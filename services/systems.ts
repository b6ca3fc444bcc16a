/** Which services each system has, and which of them a process runs. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServiceSchema } from "moleculer";
import type { Deployment } from "../federation/membership.ts";
import type { Ownership } from "../federation/owner-contract.ts";
import type { Config, System } from "../mesh/config.ts";

/** In the order in which they are listed for people. */
export const SYSTEMS: Record<System, readonly string[]> = {
  provider: [
    "api",
    "transactions",
    "patients",
    "personnel",
    "wards",
    "visits",
    "hospitalizations",
    "lab",
    "pharmacy",
    "records",
    "billing",
    "codification",
    "journal",
    "ledger",
    "subscriptions",
    "desk",
  ],
  national: ["api", "transactions", "codification", "journal", "ledger"],
};

/** Services that either system also has when ACCESS is closed, or when they are named in SERVICES: with open access there is no sign-in. */
export const WHEN_CLOSED: readonly string[] = ["identity"];

/** Services that no system with closed access can do without: sign-in, and the audit ledger. */
const NEEDED_WHEN_CLOSED: readonly string[] = [...WHEN_CLOSED, "ledger"];

type Choice = Pick<Config, "system" | "services" | "servicesDir"> & Partial<Pick<Config, "access">>;

const usualNames = ({ system, access }: Choice): string[] => [...SYSTEMS[system], ...(access === "closed" ? WHEN_CLOSED : [])];

/**
 * The names of the services that a process runs.
 * @throws Error naming those in SERVICES that the system does not have
 */
export function serviceNames(choice: Choice): string[] {
  const { system, services, servicesDir } = choice;
  const usual = servicesDir ? namesIn(servicesDir) : usualNames(choice);
  if (!services) return usual;
  const known = [...new Set([...usual, ...WHEN_CLOSED])];
  const unknown = services.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`SERVICES names ${unknown.join(", ")}, which the ${system} system does not have. It has: ${known.join(", ")}.`);
  }
  return services;
}

/**
 * Adds the services without which a mesh of one process (no NATS_URL) cannot be used: a gateway, and with closed access sign-in and the audit
 * ledger, which it could not reach in another process.
 */
export function withNeeded(config: Config): Config {
  const { services, access } = config;
  if (config.natsUrl || !services || config.servicesDir) return config;
  const missing = ["api", ...(access === "closed" ? NEEDED_WHEN_CLOSED : [])].filter((name) => !services.includes(name));
  return { ...config, services: [...missing, ...services] };
}

/** @throws Error where MEMBERS describes a system without sign-in or audit ledger, though access is closed */
export function refuseMembersWithoutNeeded({ access, members, servicesDir }: Config): void {
  const missing = access === "closed" && members && !servicesDir ? NEEDED_WHEN_CLOSED.filter((name) => !members.includes(name)) : [];
  if (missing.length > 0) {
    throw new Error(`MEMBERS lacks ${missing.join(" and ")}, which a system needs where people sign in: add it, and start it.`);
  }
}

/** Services that every system needs: without them no client reaches it, and no bundle is written. */
const NEEDED: readonly string[] = ["api", "transactions"];

/** @throws Error for a service that every system needs, or one with closed access for sign-in or audit */
export function refuseToRetire({ access }: Pick<Config, "access">, service: string): void {
  if (NEEDED.includes(service)) {
    throw new Error(`"${service}" cannot be retired, because every system needs it: to stop its processes here, scale it to 0.`);
  }
  if (access === "closed" && NEEDED_WHEN_CLOSED.includes(service)) {
    throw new Error(`"${service}" cannot be retired where people sign in: a system needs it then.`);
  }
}

/** The schemas of the services that a process runs; their files are loaded concurrently. */
export async function loadServices(config: Config): Promise<ServiceSchema[]> {
  const folder = config.servicesDir ?? import.meta.dirname;
  return Promise.all(
    serviceNames(config).map(async (name) => {
      const { default: service } = await import(pathToFileURL(join(folder, name, `${name}.service.ts`)).href);
      return (typeof service === "function" ? service(config) : service) as ServiceSchema;
    }),
  );
}

/**
 * The declared deployment: the services of the system, with what they own according to their contracts.
 * @throws Error naming those in MEMBERS that the system does not have
 */
export async function declaredMembers(config: Config): Promise<Record<string, Ownership[]>> {
  const { servicesDir, system, natsUrl, members } = config;
  const names = members ?? (natsUrl && !servicesDir ? usualNames(config) : serviceNames(config));
  const unknown = servicesDir ? [] : names.filter((name) => !SYSTEMS[system].includes(name) && !WHEN_CLOSED.includes(name));
  if (unknown.length > 0) throw new Error(`MEMBERS names ${unknown.join(", ")}, which the ${system} system does not have.`);
  const folder = servicesDir ?? import.meta.dirname;
  const declared = names.map(async (name): Promise<[string, Ownership[]]> => {
    const file = join(folder, name, `${name}.contract.ts`);
    const { owns = [] } = existsSync(file) ? ((await import(pathToFileURL(file).href)) as { owns?: readonly (string | Ownership)[] }) : {};
    return [name, owns.map((own) => (typeof own === "string" ? { type: own } : own))];
  });
  return Object.fromEntries(await Promise.all(declared));
}

/** What a node's broker needs to know of its deployment before its services are created. */
export async function deploymentOf(config: Config): Promise<Deployment> {
  // In one process the deployment is all that there is: no other node could join.
  return { declared: await declaredMembers(config), ...(config.natsUrl && { file: join(config.dataDir, "members.json") }) };
}

function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, `${name}.service.ts`)));
}
