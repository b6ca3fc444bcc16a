/** Whether other machines can reach an address, and what a gateway then needs. */
import type { Config } from "./config.ts";

/** Whether only programs on this machine can reach the address. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name);
}

/** Why a gateway must not listen on the configured address, in one sentence; undefined: it may. */
export function exposureOf({
  host,
  tlsCert,
  behindProxy,
  access,
  publicUrl,
}: Pick<Config, "host" | "tlsCert" | "behindProxy" | "access" | "publicUrl">): string | undefined {
  if (access === "open" && !isLoopback(host)) {
    return `ACCESS is open, and HOST is ${host}, which other machines can reach: open access is for this machine only (HOST=127.0.0.1).`;
  }
  // A proxy on this machine, too, lets in whoever reaches it.
  if (access === "open" && behindProxy && !isLoopback(publicUrl === undefined ? "" : nameIn(publicUrl))) {
    return "ACCESS is open, and BEHIND_PROXY=1 says that a proxy passes on what others send: open access is for this machine only (ACCESS=closed, or no BEHIND_PROXY).";
  }
  if (isLoopback(host) || tlsCert || behindProxy) return undefined;
  return (
    `HOST is ${host}, which other machines can reach, and what they send would not be encrypted: ` +
    "set TLS_CERT and TLS_KEY (for trying out: npm start -- --tls), or BEHIND_PROXY=1 where only a proxy with TLS can reach it."
  );
}

/** The host of a URL, an IPv6 address without brackets. */
const nameIn = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, "");
