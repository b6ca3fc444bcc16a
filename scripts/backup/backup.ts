/** Makes a backup from a data folder, and a data folder from a backup. */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import type { Config } from "../../mesh/config.ts";
import { ensureFolder } from "../../mesh/ensure-folder.ts";
import { refuseUnfinishedRestore, RESTORING } from "../start/data-folder.ts";
import { StartupError } from "../start/startup-error.ts";
import { type BackupFile, checkStore, describeFile, MANIFEST, type Manifest, readManifest } from "./manifest.ts";
import { copyStores, storesIn } from "./snapshot.ts";

/** Files that are backed up besides the stores: the membership, and keys of page links, tokens and signatures. Other files belong to running processes. */
const KEPT = /^(?:members\.json|page-links\.key|identity-(?:es|rs)256-\d+\.json|records-es256\.json)$/;

/** The settings that say where the data are. */
export type DataSettings = Pick<Config, "dataDir" | "mongoUrl">;

/**
 * Makes a verified copy of all stores of this machine at one point in time, in a folder of its own; the mesh may run meanwhile.
 * @throws StartupError that says what to do: nothing to copy, a target that is in use, MongoDB, a damaged store
 */
export async function makeBackup(
  { dataDir, mongoUrl }: DataSettings,
  target: string,
  say: (line: string) => void = () => {},
): Promise<Manifest> {
  if (mongoUrl) {
    throw new StartupError(`The data are in MongoDB, whose own tool makes a consistent copy: ${MONGODUMP} (docs/operations.md).`);
  }
  if (!existsSync(dataDir) || storesIn(dataDir).length === 0) {
    throw new StartupError(`There are no stores in ${dataDir}: set DATA_DIR to the folder of the data.`);
  }
  refuseUnfinishedRestore(dataDir);
  requireEmpty(target, "A backup needs an empty folder");
  ensureFolder(target);
  const at = new Date().toISOString();
  const names: string[] = [];
  await copyStores(dataDir, target, (name) => {
    names.push(name);
    say(`copied   ${name}`);
  });
  const files: BackupFile[] = [];
  for (const name of names) {
    const resources = checkStore(join(target, name));
    files.push({ ...(await describeFile(target, name)), ...(resources && { resources }) });
    say(`checked  ${name}`);
  }
  for (const name of readdirSync(dataDir).filter((it) => KEPT.test(it))) {
    copyFileSync(join(dataDir, name), join(target, name));
    files.push(await describeFile(target, name));
  }
  for (const { name } of files) onDisk(join(target, name));
  const manifest: Manifest = { format: 1, at, version: packageJson.version, files };
  writeFileSync(join(target, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  onDisk(join(target, MANIFEST));
  return manifest;
}

/**
 * Restores a data folder to the state of the backup. Transactions that were in doubt then are settled when the mesh starts.
 * @throws StartupError that says what to do: a folder that is no backup, a file that differs from the manifest, a DATA_DIR that is not empty
 */
export async function restoreBackup(
  source: string,
  { dataDir, mongoUrl }: DataSettings,
  say: (line: string) => void = () => {},
): Promise<Manifest> {
  if (mongoUrl) {
    throw new StartupError(`MONGO_URL is set, and this backup is of SQLite: unset it, or restore MongoDB's own dump with ${MONGORESTORE}.`);
  }
  const manifest = readManifest(source);
  const marker = join(dataDir, RESTORING);
  // An interrupted restore begins again: everything in the folder is its own.
  if (!existsSync(marker)) requireEmpty(dataDir, "A backup is restored into an empty DATA_DIR");
  for (const told of manifest.files) {
    const found = await describeFile(source, told.name).catch(() => undefined);
    if (!found || found.sha256 !== told.sha256) {
      throw new StartupError(
        `${told.name} in ${source} is ${found ? "not what it was when the backup was made" : "missing"}: use another backup. Nothing was restored.`,
      );
    }
  }
  ensureFolder(dataDir);
  // Until this marker is removed the folder is not accepted as a data folder, however this process ends.
  writeFileSync(marker, `${manifest.at}\n`, { mode: 0o600 });
  onDisk(marker);
  folderOnDisk(dataDir);
  for (const { name } of manifest.files) {
    copyFileSync(join(source, name), join(dataDir, name));
    onDisk(join(dataDir, name));
    say(`restored ${name}`);
  }
  folderOnDisk(dataDir);
  rmSync(marker);
  folderOnDisk(dataDir);
  return manifest;
}

const MONGODUMP = "mongodump --uri=MONGO_URL --oplog --gzip --archive=FILE";
const MONGORESTORE = "mongorestore --uri=MONGO_URL --oplogReplay --gzip --archive=FILE";

function requireEmpty(folder: string, rule: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new StartupError(`${rule}, and ${folder} is not empty: nothing in it was touched. Name another.`);
  }
}

function onDisk(file: string): void {
  const handle = openSync(file, "r+");
  fsyncSync(handle);
  closeSync(handle);
}

/** Flushes the folder's entries to the disk. Windows has no such call for folders, and needs none. */
function folderOnDisk(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
