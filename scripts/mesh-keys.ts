/**
 * The keys by which the nodes of a mesh know each other (docs/operations.md). `npm start` and `npm run cluster` make their own; this is for a mesh
 * on several machines, and for containers.
 *
 *   npm run mesh-keys -- ca [--folder DIR]                        makes the CA, where there is none; DIR: DATA_DIR/mesh-keys
 *   npm run mesh-keys -- issue SERVICE[,SERVICE] [--folder DIR]   a new key file of a node that runs these services
 *   npm run mesh-keys -- compose                                  what docker-compose.yml mounts, in secrets/: what is good is kept
 *   npm run mesh-keys -- show FILE --ca FILE[,FILE]               what a key file may serve, and until when
 */
import { chmodSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readConfig } from "../mesh/config.ts";
import { caPublicFile, ensureCa, ensureKeyFile, issueKeyFile, keyFolder, keysFromFiles } from "../mesh/trust/key-files.ts";
import { SYSTEMS, WHEN_CLOSED } from "../services/systems.ts";
import { sentenceOf, StartupError } from "./start/startup-error.ts";

const USAGE = "usage: npm run mesh-keys -- ca | issue SERVICE[,SERVICE] | compose | show FILE --ca FILE[,FILE]    [--folder DIR]";
/** What docker-compose.yml mounts. */
const COMPOSE_FOLDER = join(import.meta.dirname, "..", "secrets");

try {
  for (const line of carryOut(process.argv.slice(2))) console.log(line);
} catch (error) {
  console.error(sentenceOf(error, { host: "", port: 0 }));
  process.exitCode = 1;
}

function carryOut(args: string[]): string[] {
  const { values, positionals } = optionsOf(args);
  const [command, what = ""] = positionals;
  const folder = resolve(values.folder ?? keyFolder(readConfig().dataDir));
  switch (command) {
    case "ca":
      ensureCa(folder);
      return [
        `${caPublicFile(folder)}: MESH_CA_FILE of every node. Beside it is the CA's own key, which no node needs: keep it away from them.`,
      ];
    case "issue":
      return [`${issueKeyFile(folder, servicesIn(what))}: MESH_IDENTITY_FILE of a node that runs ${what}, and of nobody else.`];
    case "compose":
      return composeFiles(values.folder === undefined ? COMPOSE_FOLDER : folder);
    case "show":
      return [shown(what, values.ca)];
    default:
      throw new StartupError(USAGE);
  }
}

/** The folder is closed to other users of this machine; the files in it are read by the containers' user, which is another one. */
function composeFiles(folder: string): string[] {
  const services = [...SYSTEMS.provider, ...WHEN_CLOSED];
  const files = services.map((service) => ensureKeyFile(folder, [service]));
  for (const file of [...files, caPublicFile(folder)]) chmodSync(file, 0o644);
  return [`${folder} holds a key for each of ${services.length} services, and the CA.`];
}

function shown(file: string, ca: string | undefined): string {
  if (file === "" || ca === undefined) throw new StartupError(USAGE);
  const { serves, until, serial } = keysFromFiles(file, ca.split(",")).certificate;
  return `${serves.join(", ")}; good until ${new Date(until).toISOString()}; serial ${serial}`;
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
