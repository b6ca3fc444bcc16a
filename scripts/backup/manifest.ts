/** The manifest of a backup: its files with sizes, hashes and contents. It is written last: a folder without one is no backup. */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartupError } from "../start/startup-error.ts";

/** Name of its file. */
export const MANIFEST = "backup.json";
const FORMAT = 1;
/** Name of a file directly in the backup's folder. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** One file of a backup. */
export interface BackupFile {
  name: string;
  bytes: number;
  sha256: string;
  /** For a store: number of living resources by type. */
  resources?: Record<string, number>;
}

/** The content of the manifest. */
export interface Manifest {
  format: typeof FORMAT;
  /** When the backup began, ISO 8601, UTC. */
  at: string;
  /** Version of the software. */
  version: string;
  files: BackupFile[];
}

/** @throws StartupError if the folder is no backup */
export function readManifest(folder: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8")) as Manifest;
  } catch {
    throw new StartupError(
      `${folder} is no backup: it has no readable ${MANIFEST}, which is written last. Name the folder that npm run backup made.`,
    );
  }
  if (manifest.format !== FORMAT) {
    throw new StartupError(
      `The backup in ${folder} has format ${String(manifest.format)}; this version reads format ${FORMAT}: use the version that made it.`,
    );
  }
  const isListed = Array.isArray(manifest.files) && manifest.files.length > 0 && manifest.files.every(({ name }) => PLAIN_NAME.test(name));
  if (!isListed) throw new StartupError(`${MANIFEST} in ${folder} names no files: it was changed, and the backup cannot be used.`);
  return manifest;
}

/** Size and hash of a file. */
export async function describeFile(folder: string, name: string): Promise<BackupFile> {
  const file = join(folder, name);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return { name, bytes: statSync(file).size, sha256: hash.digest("hex") };
}

/**
 * Verifies a copied store, and makes it a single file.
 * @returns number of living resources by type; undefined if it contains no resources
 * @throws StartupError if it is damaged
 */
export function checkStore(file: string): Record<string, number> | undefined {
  const db = new DatabaseSync(file);
  try {
    const [found] = db.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
    if (found?.integrity_check !== "ok") {
      throw new StartupError(`${file} is damaged (${found?.integrity_check}): keep an older backup, and see docs/operations.md.`);
    }
    db.exec("PRAGMA journal_mode = DELETE");
    const isStore = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'resource'").get() !== undefined;
    if (!isStore) return undefined;
    const counted =
      "SELECT t.name, t.living, (SELECT count(*) FROM resource r WHERE r.type = t.no AND r.method < 3) AS counted FROM type t ORDER BY t.name";
    const types = db.prepare(counted).all() as { name: string; living: number; counted: number }[];
    const wrong = types.find(({ living, counted: found }) => living !== found);
    if (wrong) {
      throw new StartupError(
        `${file} counts ${wrong.living} ${wrong.name} and has ${wrong.counted}: keep an older backup, and see docs/operations.md.`,
      );
    }
    return Object.fromEntries(types.flatMap(({ name, living }) => (living > 0 ? [[name, living]] : [])));
  } finally {
    db.close();
  }
}
