/** The key of page links: the same for all gateways of a mesh, and after every restart. */
import type { Config } from "../../../mesh/config.ts";
import { sharedKey } from "../../../mesh/shared-key.ts";

type Settings = Pick<Config, "pageKey" | "pageKeyFile" | "natsUrl" | "supervised" | "dataDir">;

/**
 * PAGE_KEY, or the content of PAGE_KEY_FILE; without both, a random key that is stored in the data folder, for all gateways of this machine.
 * @param warn called if these may not be all gateways of the mesh
 * @throws one sentence that names a file which cannot be used
 */
export function pageKey(
  { pageKey: given, pageKeyFile: file, natsUrl, supervised, dataDir }: Settings,
  warn: (message: string) => void,
): Buffer {
  if (!given && file === undefined && natsUrl && !supervised) {
    warn("PAGE_KEY is not set: page links of this gateway work with the gateways of this machine only (docs/security.md).");
  }
  return sharedKey({ setting: "PAGE_KEY", given, file, dataDir, name: "page-links.key", loss: "page links that were given out" });
}
