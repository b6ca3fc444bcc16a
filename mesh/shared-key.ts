/** A key that all nodes of a mesh share, and that stays the same after a restart. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureFolder } from "./ensure-folder.ts";
import { makeOnce } from "./make-once.ts";
import { parseKey } from "./setting-forms.ts";

/** Sources of the key. */
export interface KeySource {
  /** The setting that contains it: `PAGE_KEY`. */
  setting: string;
  given?: Buffer | undefined;
  /** File with the key as text. */
  file?: string | undefined;
  /** Folder and file name of a random key that is created if none is given. */
  dataDir: string;
  name: string;
  /** What becomes invalid if that file is deleted, for people. */
  loss: string;
}

/**
 * The given key, or that of the file; without both a random one that is stored in the data folder, for all nodes of this machine.
 * @returns 32 bytes
 * @throws one sentence that names a file which cannot be used
 */
export function sharedKey({ setting, given, file, dataDir, name, loss }: KeySource): Buffer {
  if (given) return given;
  if (file !== undefined) return keyIn(file, setting);
  const own = join(dataDir, name);
  ensureFolder(dataDir);
  if (!existsSync(own)) makeOnce(own, randomBytes(32));
  const key = readFileSync(own);
  if (key.length !== 32) throw new Error(`${own} is incomplete: delete it; ${loss} then become invalid.`);
  return key;
}

function keyIn(file: string, setting: string): Buffer {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${setting}_FILE (${file}) cannot be read: ${(error as Error).message}`);
  }
  const key = parseKey(text.trim());
  if (!key) throw new Error(`${setting}_FILE (${file}) should contain 32 random bytes in hexadecimal or base64 (openssl rand -hex 32).`);
  return key;
}
