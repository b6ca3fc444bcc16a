/** The keys of one process, as its settings say. */
import type { Config } from "../config.ts";
import { keysFromFiles, keysFromFolder, keysInMemory, type MeshKeys } from "./key-files.ts";

/** @throws one sentence that names what cannot be used */
export function keysFor({ natsUrl, meshIdentityFile, meshCaFiles, dataDir }: Config): MeshKeys {
  if (meshIdentityFile && meshCaFiles) return keysFromFiles(meshIdentityFile, meshCaFiles);
  return natsUrl ? keysFromFolder(dataDir) : keysInMemory();
}
