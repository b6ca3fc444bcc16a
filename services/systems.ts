/** Which services make up which system, and how a process finds the ones it runs. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServiceSchema } from "moleculer";
import type { Config, System } from "../mesh/config.ts";

/** In the order in which they are listed to people. */
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
  ],
  national: ["api", "transactions", "codification", "journal"],
};

type Choice = Pick<Config, "system" | "services" | "servicesDir">;

/**
 * The names of the services that a process runs.
 * @throws Error naming those in SERVICES that the system does not have
 */
export function serviceNames({ system, services, servicesDir }: Choice): string[] {
  const known = servicesDir ? namesIn(servicesDir) : SYSTEMS[system];
  if (!services) return [...known];
  const unknown = services.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`SERVICES names ${unknown.join(", ")}, which the ${system} system does not have. It has: ${known.join(", ")}.`);
  }
  return services;
}

/** The schemas of the services that a process runs; their files are loaded at the same time. */
export async function loadServices(config: Config): Promise<ServiceSchema[]> {
  const folder = config.servicesDir ?? import.meta.dirname;
  return Promise.all(
    serviceNames(config).map(async (name) => {
      const { default: service } = await import(pathToFileURL(join(folder, name, `${name}.service.ts`)).href);
      return (typeof service === "function" ? service(config) : service) as ServiceSchema;
    }),
  );
}

function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, `${name}.service.ts`)));
}
