/** Where a script of this machine finds the gateway. */
import type { Config } from "../../mesh/config.ts";
import { runningIn } from "./data-folder.ts";

/** The address of what runs on the data folder; else the one that the settings name. Without a slash at the end. */
export function gatewayUrl({ dataDir, host, port }: Config): string {
  return runningIn(dataDir)?.url ?? `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
