/** The address under which the system is known: that of the issuer, and the audience of tokens. */
import type { IncomingMessage } from "node:http";
import type { Config } from "../../mesh/config.ts";
import { isLoopback } from "../../mesh/exposure.ts";

const WILDCARDS = new Set(["0.0.0.0", "::"]);

/** According to the settings; undefined if the gateway takes a free port, which only it knows. */
export function originIn({ publicUrl, host, port, tlsCert }: Pick<Config, "publicUrl" | "host" | "port" | "tlsCert">): string | undefined {
  if (publicUrl) return publicUrl;
  if (port === 0) return undefined;
  const name = WILDCARDS.has(host) ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return new URL(`${tlsCert ? "https" : "http"}://${name}:${port}`).origin;
}

/** As a gateway on this machine gives it; other names are not trusted. */
export function originOf({ headers }: IncomingMessage): string | undefined {
  const url = URL.parse(`${headers["x-forwarded-proto"]}://${headers["x-forwarded-host"]}`);
  return url && /^https?:$/.test(url.protocol) && isLoopback(url.hostname.replace(/^\[|\]$/g, "")) ? url.origin : undefined;
}
