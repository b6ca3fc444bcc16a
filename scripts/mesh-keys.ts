/**
 * The keys by which the nodes of a mesh know each other (docs/operations.md). `npm start` and `npm run cluster` make their own; this is for a mesh
 * on several machines, and for containers.
 *
 *   npm run mesh-keys -- ca [--folder DIR]                        makes the CA, where there is none; DIR: DATA_DIR/mesh-keys
 *   npm run mesh-keys -- issue SERVICE[,SERVICE] [--folder DIR]   a new key file of a node that runs these services
 *   npm run mesh-keys -- compose                                  what docker-compose.yml mounts, in secrets/: what is good is kept
 *   npm run mesh-keys -- server NAME=HOST[,HOST] … [--folder DIR] key and certificate (TLS) of servers of the mesh: NATS, MongoDB, Redis
 *   npm run mesh-keys -- show FILE --ca FILE[,FILE]               what a key file may serve, and until when
 */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { readConfig } from "../mesh/config.ts";
import { caPublicFile, ensureCa, ensureKeyFile, issueKeyFile, keyFolder, keysFromFiles } from "../mesh/trust/key-files.ts";
import type { Grant } from "../mesh/trust/certificate.ts";
import { declaredMembers, SYSTEMS, WHEN_CLOSED } from "../services/systems.ts";
import { ensureNatsUsers } from "./mesh-keys/nats-users.ts";
import { ensureProxyFile, ensureServerFiles } from "./mesh-keys/server-certificates.ts";
import { ensurePasswords } from "./mesh-keys/server-passwords.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

const USAGE =
  "usage: npm run mesh-keys -- ca | issue SERVICE[,SERVICE] | compose | server NAME=HOST[,HOST] … | show FILE --ca FILE[,FILE]    [--folder DIR]";
/** An owner of more types gets no list: it is `records`, which owns all types that no other service does, and whose certificate is in each of its stamps. */
const MAX_TYPES = 25;
/** Folder that docker-compose.yml mounts. */
const COMPOSE_FOLDER = join(import.meta.dirname, "..", "secrets");
/** Servers in docker-compose.yml; each is also addressed by its own health check. */
const COMPOSE_SERVERS = ["nats-1", "nats-2", "nats-3", "mongo-1", "mongo-2", "mongo-3", "redis", "identity"];
const OWN_HOSTS = ["localhost", "127.0.0.1"];
/** File with the public address, for compose. */
const COMPOSE_ENV = join(import.meta.dirname, "..", ".env");

try {
  for (const line of await carryOut(process.argv.slice(2))) console.log(line);
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

async function carryOut(args: string[]): Promise<string[]> {
  const { values, positionals } = optionsOf(args);
  const [command, what = ""] = positionals;
  const folder = resolve(values.folder ?? keyFolder(readConfig().dataDir));
  switch (command) {
    case "ca":
      ensureCa(folder);
      return [
        `${caPublicFile(folder)}: MESH_CA_FILE of every node. The CA's own key is beside it; no node needs it: do not copy it to any.`,
      ];
    case "issue":
      return [
        `${issueKeyFile(folder, await grantFor(servicesIn(what)))}: MESH_IDENTITY_FILE of a node that runs ${what}; copy it to no other.`,
      ];
    case "compose":
      return composeFiles(values.folder === undefined ? COMPOSE_FOLDER : folder);
    case "server":
      return serverFiles(folder, positionals.slice(1));
    case "show":
      return [shown(what, values.ca)];
    default:
      throw new StartupError(USAGE);
  }
}

/** The folder is closed to other users of this machine; the files in it are readable for the containers' user, which is another one. */
async function composeFiles(folder: string): Promise<string[]> {
  const services = [...SYSTEMS.provider, ...WHEN_CLOSED];
  const files: string[] = [];
  for (const service of services) files.push(ensureKeyFile(folder, await grantFor([service])));
  files.push(caPublicFile(folder), ...ensureNatsUsers(folder, services), ...ensurePasswords(folder, services));
  files.push(...ensureServerFiles(folder, Object.fromEntries(COMPOSE_SERVERS.map((server) => [server, [server, ...OWN_HOSTS]]))));
  files.push(ensureProxyFile(folder, [...publicHosts(), ...OWN_HOSTS]));
  for (const file of files) chmodSync(file, 0o644);
  return [
    `${folder} holds keys and passwords for each of ${services.length} services, certificates of ${COMPOSE_SERVERS.length} servers and of the proxy, and their CAs.`,
  ];
}

/** The host of PUBLIC_URL, if `.env` has it. */
function publicHosts(): string[] {
  const { PUBLIC_URL = "" } = existsSync(COMPOSE_ENV) ? parseEnv(readFileSync(COMPOSE_ENV, "utf8")) : {};
  return URL.canParse(PUBLIC_URL) ? [new URL(PUBLIC_URL).hostname.replace(/^\[|\]$/g, "")] : [];
}

function serverFiles(folder: string, asked: string[]): string[] {
  const servers = asked.map((text) => /^([a-z][a-z0-9-]*)=([A-Za-z0-9.:-]+(?:,[A-Za-z0-9.:-]+)*)$/.exec(text) ?? []);
  if (servers.length === 0 || servers.some(([whole]) => whole === undefined)) throw new StartupError(USAGE);
  const hostsOf = Object.fromEntries(servers.map(([, name = "", hosts = ""]) => [name, hosts.split(",")]));
  const [ca, ...files] = ensureServerFiles(folder, hostsOf);
  return [
    `${ca}: SERVERS_CA_FILE of every node.`,
    ...files.map((file) => `${file}: key and certificate of this server; copy it to no other.`),
  ];
}

function shown(file: string, ca: string | undefined): string {
  if (file === "" || ca === undefined) throw new StartupError(USAGE);
  const { serves, owns, until, serial } = keysFromFiles(file, ca.split(",")).certificate;
  return `${serves.join(", ")}; owns ${owns ? owns.join(", ") || "no types" : "any type"}; valid until ${new Date(until).toISOString()}; serial ${serial}`;
}

/** The services with the types that they own according to the code. */
async function grantFor(serves: string[]): Promise<Grant> {
  const config = readConfig();
  const isOfSystem = (service: string) => SYSTEMS[config.system].includes(service) || WHEN_CLOSED.includes(service);
  const declared = await declaredMembers({ ...config, members: config.servicesDir ? serves : serves.filter(isOfSystem) });
  const owns = [...new Set(serves.flatMap((service) => (declared[service] ?? []).map(({ type }) => type)))];
  return owns.length > MAX_TYPES ? { serves } : { serves, owns };
}

function servicesIn(text: string): string[] {
  const names = text.split(",").filter(Boolean);
  if (names.length === 0 || names.some((name) => !/^[a-z][a-z0-9-]*$/.test(name))) throw new StartupError(USAGE);
  return names;
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { folder: { type: "string" }, ca: { type: "string" } } });
  } catch {
    throw new StartupError(USAGE);
  }
}
