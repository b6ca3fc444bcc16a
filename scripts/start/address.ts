/** How a script on this machine finds the gateway. */
import { hostname } from "node:os";
import type { Config } from "../../mesh/config.ts";
import { ownName } from "../../services/api/http/own-name.ts";
import { runningIn } from "./data-folder.ts";

/** The address of the system that runs on the data folder, otherwise that of the settings. Without a slash at the end. */
export function gatewayUrl(config: Config): string {
  return runningIn(config.dataDir)?.url ?? localUrl(config, config.port);
}

/** Where programs on this machine reach a gateway with these settings. */
export const localUrl = ({ host, tlsCert }: Pick<Config, "host" | "tlsCert">, port: number): string =>
  ownName({ host, ...(tlsCert && { tlsCert }) }, port).origin;

/** Names and addresses under which clients may reach a gateway with these settings. */
export function hostsOf({ host, publicUrl }: Pick<Config, "host" | "publicUrl">): string[] {
  const named = publicUrl === undefined ? [] : [new URL(publicUrl).hostname.replace(/^\[|\]$/g, "")];
  const listening = host === "0.0.0.0" || host === "::" ? [hostname()] : [host];
  return [...new Set(["localhost", "127.0.0.1", "::1", ...listening, ...named])];
}
