/** Keeps the files of the data folder from being read by other users. */
import { chmodSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Rights of the group and of all others. */
const OTHERS = 0o077;

/**
 * Removes the rights of others on everything in the folder, also on files of earlier versions. The folder itself is not changed, since its
 * owner may have had a reason.
 * @returns what the owner should know, one sentence each
 */
export function closeToOthers(dataDir: string): string[] {
  const told: string[] = [];
  const { mode } = lstatSync(dataDir);
  if (mode & OTHERS) {
    told.push(
      `The folder ${dataDir} is open to other users of this machine (mode ${(mode & 0o777).toString(8)}); what lies in it is not. To close it: chmod 700 ${dataDir}`,
    );
  }
  const kept = tighten(dataDir);
  if (kept.length > 0) {
    told.push(`Other users may read ${kept[0]}${kept.length > 1 ? ` and ${kept.length - 1} more` : ""}, which this user cannot change.`);
  }
  return told;
}

/** @returns the paths that could not be changed */
function tighten(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return []; // its target is not ours
    try {
      const { mode } = lstatSync(path);
      if (mode & OTHERS) chmodSync(path, mode & 0o700);
      return entry.isDirectory() ? tighten(path) : [];
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT" ? [] : [path]; // other processes of the mesh create and remove files
    }
  });
}
