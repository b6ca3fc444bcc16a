/** The steps that make a new service. Each checks before it writes; nothing is written when one refuses. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServiceSchema } from "moleculer";
import { isResourceType } from "../../fhir/search/parameters.ts";
import { readConfig } from "../../mesh/config.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { StartupError } from "../start/startup-error.ts";
import { minimalResource } from "./minimal.ts";
import { withTables } from "./table.ts";

/** Of a service whose data is its own, and of one that owns FHIR types. Both are services, tested where they lie. */
const SKELETON = join(import.meta.dirname, "skeleton");
const OWNING_SKELETON = join(import.meta.dirname, "owning-skeleton");

/** @throws StartupError for a name that no service can have, or that one has */
export function refuseName(root: string, name: string): void {
  if (!/^[a-z][a-z0-9]{2,29}$/.test(name))
    throw new StartupError(`"${name}" cannot be the name of a service: it should be 3 to 30 small letters and digits, like "dentistry".`);
  if (isReserved(name)) throw new StartupError(`"${name}" cannot be the name of a service: it means something in TypeScript.`);
  if (Object.values(SYSTEMS).some((names) => names.includes(name)) || existsSync(join(root, "services", name)))
    throw new StartupError(`There is a service with the name "${name}" already: choose another.`);
}

/** The contract exports a constant with the service's name. */
function isReserved(name: string): boolean {
  try {
    new Function(`"use strict"; const ${name} = 1;`);
    return ["await", "skeleton"].includes(name);
  } catch {
    return true;
  }
}

/** A FHIR type that a new service takes from its owner. */
export interface MovedType {
  type: string;
  owner: string;
  /** Where the owner names it, relative to the project. */
  file: string;
  take(): void;
}

/** Who owns the types now, and how they are taken away. @throws StartupError when one cannot be taken by a simple edit */
export async function typesFrom(root: string, types: string[]): Promise<MovedType[]> {
  const owners = await ownersOf(root);
  return types.map((type): MovedType => {
    if (!isResourceType(type)) throw new StartupError(`"${type}" is no resource type of FHIR R4.`);
    const [owner, ...others] = owners.get(type) ?? [];
    if (!owner || others.length > 0)
      throw new StartupError(`${type} is shared by several services: CONTRIBUTING.md says how to give a part of it away.`);
    const file = [`services/${owner}/${owner}.contract.ts`, `services/${owner}/${owner}.service.ts`].find((path) =>
      readFileSync(join(root, path), "utf8").includes(`"${type}"`),
    );
    if (!file) throw new StartupError(`${type} is not named in services/${owner} by a plain word: take it out by hand.`);
    return { type, owner, file, take: () => edit(root, file, (text) => text.replace(new RegExp(`"${type}",?\\s?`), "")) };
  });
}

async function ownersOf(root: string): Promise<Map<string, string[]>> {
  const owners = new Map<string, string[]>();
  for (const name of SYSTEMS.provider) {
    const file = join(root, "services", name, `${name}.service.ts`);
    const { default: exported } = (await import(pathToFileURL(file).href)) as {
      default: ServiceSchema | ((config: object) => ServiceSchema);
    };
    const { mixins = [] } = typeof exported === "function" ? exported(readConfig({})) : exported;
    for (const { metadata } of mixins as { metadata?: { fhir?: { owns?: { type: string }[] } } }[]) {
      for (const { type } of metadata?.fhir?.owns ?? []) owners.set(type, [...(owners.get(type) ?? []), name]);
    }
  }
  return owners;
}

/**
 * Writes the service's folder, and its example in the words of what it owns.
 * @returns the files written, relative to the project
 */
export function writeSkeleton(root: string, name: string, types: string[]): string[] {
  const folder = join("services", name);
  const [type] = types;
  const skeleton = type === undefined ? SKELETON : OWNING_SKELETON;
  const example = type === undefined ? "" : JSON.stringify(minimalResource(type));
  mkdirSync(join(root, folder));
  return readdirSync(skeleton).map((file) => {
    const text = readFileSync(join(skeleton, file), "utf8").replaceAll("../../../", "../../").replaceAll("SkeletonService", "Service");
    const owning = type === undefined ? text : withTypes(text, type, types, example);
    const named = owning
      .replaceAll("SKELETON", name.toUpperCase())
      .replaceAll(/skeleton(?=[A-Z(])/g, name)
      .replaceAll("skeleton", name);
    const target = join(folder, file.replace("skeleton", name));
    writeFileSync(join(root, target), file.endsWith(".md") ? withTables(named) : named);
    return target;
  });
}

/** The example of the skeleton is a Basic: it becomes a resource of the service's first type. */
const withTypes = (text: string, type: string, types: string[], example: string): string =>
  text
    .replace('owns = ["Basic"]', `owns = ${JSON.stringify(types)}`)
    .replace("the FHIR type Basic.", `the FHIR type${types.length > 1 ? "s" : ""} ${types.join(", ")}.`)
    .replace(/= \{ resourceType: "Basic".*\};$/m, `= ${example};`)
    .replaceAll(/\bBasic\b/g, type);

/** Adds the service to the provider system. @returns the file, relative to the project */
export function register(root: string, name: string): string {
  const file = "services/systems.ts";
  edit(root, file, (text) =>
    text.replace(/(provider: \[[^\]]*?)(\s*\])/, (_, list: string, end: string) => `${list.replace(/,$/, "")},"${name}"${end}`),
  );
  return file;
}

/** Adds a container of the service behind those of the others. */
export function addContainer(root: string, name: string): void {
  const lines = `  ${name}:\n    <<: *node\n    environment: { <<: *node-environment, SERVICES: ${name} }\n`;
  edit(root, "docker-compose.yml", (text) => text.replace(/\n\nnetworks:\n/, `\n${lines}\nnetworks:\n`));
}

function edit(root: string, file: string, change: (text: string) => string): void {
  const before = readFileSync(join(root, file), "utf8");
  const after = change(before);
  if (after === before) throw new Error(`${file} does not look as expected; nothing in it was changed.`);
  writeFileSync(join(root, file), after);
}
