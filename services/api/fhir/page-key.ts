/** The key that page links are signed with: the same for all gateways of a mesh, and after every restart. */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../../mesh/config.ts";

const FILE = "page-links.key";

/**
 * Over NATS every gateway knows how to get in, so the key is made from that; a system in one process keeps one with its data.
 * @throws what the file system says, when the file can be neither read nor written
 */
export async function pageKey({ natsUrl, dataDir }: Pick<Config, "natsUrl" | "dataDir">): Promise<Buffer> {
  if (natsUrl)
    return createHash("sha256")
      .update(`page links\n${accessOf(natsUrl)}`)
      .digest();
  const file = join(dataDir, FILE);
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, randomBytes(32), { mode: 0o600, flag: "wx" }).catch(unlessThere);
  const key = await readFile(file);
  if (key.length !== 32) throw new Error(`${file} is not whole: delete it, and page links that were given out are void.`);
  return key;
}

/** User and password of the first server; where there are none, its address. */
function accessOf(natsUrls: string): string {
  const [first = ""] = natsUrls.split(",");
  const { username, password } = new URL(first);
  return username || password ? `${username}:${password}` : first;
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
