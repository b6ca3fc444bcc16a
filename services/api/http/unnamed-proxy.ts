/** Open access is for programs on this machine. A proxy that no setting names would let in others, which only its headers can tell. */
import type { IncomingMessage } from "node:http";
import type { Config } from "../../../mesh/config.ts";
import { isLoopback } from "../../../mesh/exposure.ts";
import { withoutPort } from "./client-address.ts";

/** Addresses of one request that are examined. */
const MAX_HOPS = 32;
const SENTENCE =
  "A proxy passes on requests from other machines, and ACCESS=open lets everyone who reaches it read and change everything: close the access (ACCESS=closed, BEHIND_PROXY=1, PUBLIC_URL).";

/** Gateways that have told it. */
const told = new WeakSet<object>();

/** Warns once if a request comes with `X-Forwarded-For` of another machine and no setting names a proxy. What the header says has no other effect. */
export function tellUnnamedProxy(
  gateway: { logger: { warn(sentence: string): void } },
  { access, behindProxy, trustedProxies }: Partial<Pick<Config, "access" | "behindProxy" | "trustedProxies">>,
  { headers }: Pick<IncomingMessage, "headers">,
): void {
  const listed = headers["x-forwarded-for"];
  if (listed === undefined || access !== "open" || behindProxy || trustedProxies || told.has(gateway)) return;
  const hops = String(listed).split(",", MAX_HOPS);
  if (hops.every((hop) => isLoopback(withoutPort(hop.trim())))) return;
  told.add(gateway);
  gateway.logger.warn(SENTENCE);
}
