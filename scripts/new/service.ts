/** The steps that make a new service. All of them change texts in memory, which are written at the end, so that nothing is if one refuses. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServiceSchema } from "moleculer";
import type { FhirResource } from "../../fhir/r4.ts";
import { isResourceType } from "../../fhir/search/parameters.ts";
import { readConfig } from "../../mesh/config.ts";
import { fhirOptionsOf } from "../../mixins/fhir/fhir.ts";
import { patientRecordRules } from "../../mixins/fhir/rules/patient-record.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { StartupError } from "../start/startup-error.ts";
import { minimalResource } from "./minimal.ts";
import { withTables } from "./table.ts";

/** Skeletons of a service with its own data, and of one that owns FHIR types. Both are services with tests. */
const SKELETON = join(import.meta.dirname, "skeleton");
const OWNING_SKELETON = join(import.meta.dirname, "owning-skeleton");

/** Changed files of the project, in memory. */
export class Edits {
  readonly #root: string;
  readonly #texts = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** @param file relative to the project */
  make(file: string, text: string): void {
    this.#texts.set(file, text);
  }

  /** @throws StartupError if there is nothing to change, because the file has another form */
  change(file: string, change: (text: string) => string): void {
    const before = this.#texts.get(file) ?? readFileSync(join(this.#root, file), "utf8");
    const after = change(before);
    if (after === before) throw new StartupError(`${file} has not the usual form any more: nothing was made. Write the service by hand.`);
    this.#texts.set(file, after);
  }

  /** @returns the written files, relative to the project */
  write(): string[] {
    for (const [file, text] of this.#texts) {
      mkdirSync(dirname(join(this.#root, file)), { recursive: true });
      writeFileSync(join(this.#root, file), text);
    }
    return [...this.#texts.keys()];
  }
}

/** A service's name is also that of its folder, of the constant in its contract, of its container and of its user at the servers. */
const SERVICE_NAME = /^[a-z][a-z0-9]{2,29}$/;

/** Names that Windows keeps for devices. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;

/** @throws StartupError for an invalid name, or one in use; suggests a name if only the form is wrong */
export function refuseName(root: string, name: string): void {
  const fault = faultOf(root, name);
  if (fault !== undefined) throw new StartupError(fault);
}

function faultOf(root: string, name: string): string | undefined {
  if (!SERVICE_NAME.test(name)) return wrongForm(name, (plain) => faultOf(root, plain) === undefined);
  if (isReserved(name)) return `"${name}" cannot be the name of a service: it means something in TypeScript.`;
  if (DEVICE.test(name)) return `"${name}" cannot be the name of a service: on Windows no folder can have it.`;
  if (skeletonWords().has(name)) {
    return `"${name}" cannot be the name of a service: the files that a service begins with use it for something else.`;
  }
  const isTaken = Object.values(SYSTEMS).some((names) => names.includes(name)) || existsSync(join(root, "services", name));
  return isTaken ? `There is a service with the name "${name}" already: choose another.` : undefined;
}

/** Why a name has not the form of a service's name, with a suggestion if `isGood` accepts one. */
export function wrongForm(name: string, isGood: (plain: string) => boolean): string | undefined {
  if (SERVICE_NAME.test(name)) return undefined;
  const plain = name
    .normalize("NFD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");
  const instead = SERVICE_NAME.test(plain) && isGood(plain) ? `use "${plain}"` : 'like "dentistry"';
  return `"${name}" cannot be the name of a service: it should be 3 to 30 small letters and digits, as it names a constant and a container too; ${instead}.`;
}

/** Whether a name cannot be a constant, as which the contract exports it. */
function isReserved(name: string): boolean {
  try {
    new Function(`"use strict"; const ${name} = 1;`);
    return name === "await" || name === "then" || name in globalThis;
  } catch {
    return true;
  }
}

/** Words in the skeletons' code, whose constants, parameters and imports the service's name would shadow. */
function skeletonWords(): ReadonlySet<string> {
  const files = [SKELETON, OWNING_SKELETON].flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  const code = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"/g, " "));
  return new Set(code.join(" ").match(/\w+/g));
}

/** A FHIR type that a new service takes over from its owner. */
export interface MovedType {
  type: string;
  owner: string;
  /** Whether other services handle its versions as events, so that the new owner must emit them too. */
  isEmitted: boolean;
  /** Ids of its owner's rules for it that the new service has not: they apply no more. */
  lostRules: string[];
  take(edits: Edits): void;
}

/** The present owners of the types, and the edits that take the types from them. @throws StartupError if one cannot be taken by a simple edit */
export async function typesFrom(root: string, types: string[]): Promise<MovedType[]> {
  const owners = await ownersOf(root);
  return types.map((type): MovedType => {
    if (!isResourceType(type)) throw new StartupError(`"${type}" is no resource type of FHIR R4.`);
    const [{ owner, rules } = {}, ...others] = owners.get(type) ?? [];
    if (!owner || !rules || others.length > 0) {
      throw new StartupError(`${type} is shared by several services: CONTRIBUTING.md says how to give a part of it away.`);
    }
    const file = [`services/${owner}/${owner}.contract.ts`, `services/${owner}/${owner}.service.ts`].find((path) =>
      readFileSync(join(root, path), "utf8").includes(`"${type}"`),
    );
    if (!file) throw new StartupError(`${type} is not named in services/${owner} by a plain word: take it out by hand.`);
    const isEmitted = new RegExp(`emits = \\[[^\\]]*"${type}"`).test(readFileSync(join(root, file), "utf8"));
    const word = new RegExp(`"${type}",?\\s?`, "g"); // in the list of owned types, and in that of events
    const kept = new Set(patientRecordRules(type as FhirResource["resourceType"]).map(({ id }) => id)); // those of the skeleton
    const lostRules = rules.map(({ id }) => id).filter((id) => !kept.has(id));
    return { type, owner, isEmitted, lostRules, take: (edits) => edits.change(file, (text) => text.replaceAll(word, "")) };
  });
}

async function ownersOf(root: string): Promise<Map<string, { owner: string; rules: readonly { id: string }[] }[]>> {
  const owners: Awaited<ReturnType<typeof ownersOf>> = new Map();
  for (const owner of SYSTEMS.provider) {
    const file = join(root, "services", owner, `${owner}.service.ts`);
    const { default: exported } = (await import(pathToFileURL(file).href)) as {
      default: ServiceSchema | ((config: object) => ServiceSchema);
    };
    const schema = typeof exported === "function" ? exported(readConfig({})) : exported;
    const { owns = [], rules = {} } = fhirOptionsOf(schema) ?? {};
    for (const own of owns) {
      const type = typeof own === "string" ? own : own.type;
      owners.set(type, [...(owners.get(type) ?? []), { owner, rules: (rules as Record<string, readonly { id: string }[]>)[type] ?? [] }]);
    }
  }
  return owners;
}

/** Makes the service's folder, with its example in terms of the types that it owns. */
export function makeSkeleton(edits: Edits, name: string, types: string[], emitted: string[] = []): void {
  const [type] = types;
  const skeleton = type === undefined ? SKELETON : OWNING_SKELETON;
  const example = type === undefined ? "" : JSON.stringify(minimalResource(type));
  for (const file of readdirSync(skeleton)) {
    const text = readFileSync(join(skeleton, file), "utf8").replaceAll("../../../", "../../").replaceAll("SkeletonService", "Service");
    const owning = type === undefined ? text : withEvents(withTypes(text, type, types, example), emitted);
    const named = owning
      .replaceAll("SKELETON", name.toUpperCase())
      .replaceAll("Skeleton", `${name[0]?.toUpperCase()}${name.slice(1)}`) // type names: no two services export the same
      .replaceAll(/skeleton(?=[A-Z(])/g, name)
      .replaceAll("skeleton", name);
    edits.make(join("services", name, file.replace("skeleton", name)), file.endsWith(".md") ? withTables(named) : named);
  }
}

/** Replaces the skeleton's example, a Basic, by a resource of the service's first type. */
const withTypes = (text: string, type: string, types: string[], example: string): string =>
  text
    .replace('[] = ["Basic"]', `[] = ${JSON.stringify(types)}`)
    .replace("the FHIR type Basic.", `the FHIR type${types.length > 1 ? "s" : ""} ${types.join(", ")}.`)
    .replace(/= \{ resourceType: "Basic".*\};$/m, `= ${example};`)
    .replaceAll(/\bBasic\b/g, type);

/** Makes each version of these types an event. */
const withEvents = (text: string, emitted: string[]): string =>
  emitted.length === 0
    ? text
    : text
        .replace(
          /^export const owns\b.*$/m,
          (line) =>
            `${line}\n\n/** Types of which each version is an event, \`fhir.TYPE\`. */\nexport const emits = ${JSON.stringify(emitted)};`,
        )
        .replace("Fhir({ owns,", "Fhir({ owns, emits,")
        .replace("import { owns, type", "import { emits, owns, type");

/** Adds the service to the provider system. */
export function register(edits: Edits, name: string): void {
  edits.change("services/systems.ts", (text) =>
    text.replace(/(provider: \[[^\]]*?)(\s*\])/, (_, list: string, end: string) => `${list.replace(/,$/, "")},"${name}"${end}`),
  );
}

/** In tests, which start services by name, the new one is started beside each service that has given it a type. */
export function runBeside(edits: Edits, name: string, owners: readonly string[]): void {
  const lines = [...new Set(owners)].map((owner) => `["${owner}","${name}"],`).join("");
  if (lines !== "") edits.change("test/kit/taken-over.ts", (text) => text.replace(/(TAKEN_OVER\b.* = \[)/, `$1${lines}`));
}

/** Adds the service's first action to those that are compared with and without an Idempotency-Key, as all writing actions are. */
export function compareKeyed(edits: Edits, name: string, [type]: readonly string[]): void {
  if (type === undefined) return;
  const example = JSON.stringify(minimalResource(type));
  const actions = `const ${name}: Record<string, Asked> = { mark: async (at) => ({ resource: await at.store(${example}) }) };`;
  edits.change("test/api/keyed-actions.ts", (text) =>
    text
      .replace(/(Object\.entries\(\{[^}]*?)(\s*\}\)\.flatMap)/, `$1, ${name}$2`)
      .replace("/** By the action's full name. */", `${actions}\n\n/** By the action's full name. */`),
  );
}

/** Lists its actions as those of data that are no resources, or as such that no role has yet. */
export function listActions(edits: Edits, name: string, [type]: readonly string[]): void {
  const ofNoType = ["add", "list", "take"].map((action) => `"${name}.${action}": "data of its own, which are no resources",`);
  edits.change("test/access/scope-actions.ts", (text) =>
    type === undefined
      ? text.replace(/(const OTHERWISE\b[^=]* = \{)/, `$1${ofNoType.join("")}`)
      : text.replace(/(const OF_NO_ROLE\b.* = \[)/, `$1"${name}.listMarked",`),
  );
}

/** What pages say of a service that is down, to be replaced by its name and data in people's words. */
const ON_PAGES: Record<string, (name: string) => string> = {
  en: (name) => `data of ${name}`,
  fr: (name) => `données de ${name}`,
  ar: (name) => `بيانات ${name}`,
};

/** Names the service in the texts of the pages, in order of the services' names. */
export function nameOnPages(edits: Edits, name: string): void {
  for (const [language, dataOf] of Object.entries(ON_PAGES)) {
    const lines = [`  "service.${name}": "${name}",`, `  "service.${name}.knows": "${dataOf(name)}",`];
    edits.change(`services/desk/messages/${language}.json`, (text) => {
      const all = text.split("\n");
      const following = all.findIndex((line) => (/^ {2}"service\.([a-z0-9]+)"/.exec(line)?.[1] ?? "") > name);
      const last = all.findLastIndex((line) => line.startsWith('  "service.'));
      all.splice(following < 0 ? last + 1 : following, 0, ...lines);
      return all.join("\n");
    });
  }
}

/** Adds a container of the service after the others, with keys of its own and a user in the database. */
export function addContainer(edits: Edits, name: string): void {
  const members = [1, 2, 3].map((one) => `mongo-${one}:27017`).join(",");
  const lines = `  ${name}:
    <<: *node
    secrets:
      - mesh-ca
      - servers-ca
      - redis
      - { source: mesh-key-${name}, target: mesh-key }
      - { source: nats-nkey-${name}, target: nats-nkey }
      - { source: mongo-${name}, target: mongo }
    environment:
      <<: *node-environment
      SERVICES: ${name}
      MONGO_URL: mongodb://${name}@${members}/openward?replicaSet=openward&authSource=admin&tls=true
`;
  const files = [
    `mesh-key-${name}: { file: ./secrets/${name}.key }`,
    `nats-nkey-${name}: { file: ./secrets/${name}.nk }`,
    `mongo-${name}: { file: ./secrets/mongo-${name}.password }`,
  ];
  const secrets = files.map((line) => `  ${line}\n`).join("");
  edits.change("docker-compose.yml", (text) =>
    text.replace(/\n\nsecrets:\n/, `\n${lines}\nsecrets:\n`).replace(/\n\nnetworks:\n/, `\n${secrets}\nnetworks:\n`),
  );
}
