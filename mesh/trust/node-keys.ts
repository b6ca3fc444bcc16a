/** The keys of one process, according to its settings. */
import type { Config } from "../config.ts";
import { keysFromFiles, keysFromFolder, keysInMemory, type MeshKeys } from "./key-files.ts";

/** @throws one sentence that names the file which cannot be used */
export function keysFor({ natsUrl, meshIdentityFile, meshCaFiles, dataDir }: Config): MeshKeys {
  if (meshIdentityFile && meshCaFiles) return keysFromFiles(meshIdentityFile, meshCaFiles);
  return natsUrl ? keysFromFolder(dataDir) : keysInMemory();
}
