/** The key of page links: the same for all gateways of a mesh, and after every restart. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Config, parseKey } from "../../../mesh/config.ts";
import { httpError } from "../http/errors.ts";

const FILE = "page-links.key";

/**
 * PAGE_KEY, or what PAGE_KEY_FILE holds; without both a random one that is kept in the data folder, for all gateways of this machine.
 * @param warn told where that may not be all gateways of the mesh
 * @throws one sentence that names a file which cannot be used
 */
export async function pageKey(
  {
    pageKey: given,
    pageKeyFile,
    natsUrl,
    supervised,
    dataDir,
  }: Pick<Config, "pageKey" | "pageKeyFile" | "natsUrl" | "supervised" | "dataDir">,
  warn: (message: string) => void,
): Promise<Buffer> {
  if (given) return given;
  if (pageKeyFile) return keyIn(pageKeyFile);
  if (natsUrl && !supervised) {
    warn("PAGE_KEY is not set: page links of this gateway work with the gateways of this machine only (docs/security.md).");
  }
  const file = join(dataDir, FILE);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(file, randomBytes(32), { mode: 0o600, flag: "wx" }).catch(unlessThere);
  const key = await readFile(file);
  if (key.length !== 32) throw unusable(`${file} is not whole: delete it, and page links that were given out are void.`);
  return key;
}

async function keyIn(file: string): Promise<Buffer> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw unusable(`PAGE_KEY_FILE (${file}) cannot be read: ${error.message}`);
  });
  const key = parseKey(text.trim());
  if (!key) throw unusable(`PAGE_KEY_FILE (${file}) should hold 32 random bytes in hexadecimal or base64 (openssl rand -hex 32).`);
  return key;
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

const unusable = (message: string) => httpError(500, "PAGE_KEY_UNUSABLE", message);
