/** Open access is for programs on this machine: what a proxy passes on for another is refused. */
import type { IncomingMessage } from "node:http";
import type { Config } from "../../../mesh/config.ts";
import { isLoopback } from "../../../mesh/exposure.ts";
import { withoutPort } from "./client-address.ts";
import { httpError } from "./http-error.ts";

/** Addresses of one request that are examined. */
const MAX_HOPS = 32;

/** Settings that say who may be at the other end of a connection; without any, access is closed. */
export type AccessSettings = Partial<Pick<Config, "access" | "behindProxy" | "trustedProxies">>;

/**
 * With ACCESS=open, refuses a request for which a proxy that no setting names has set `X-Forwarded-For` to another machine's address. Most proxies set
 * it; one that does not cannot be noticed.
 * @throws 403 OPEN_TO_THIS_MACHINE
 */
export function requireOwnMachine(
  { headers }: Pick<IncomingMessage, "headers">,
  { access, behindProxy, trustedProxies }: AccessSettings,
): void {
  const listed = headers["x-forwarded-for"];
  if (access !== "open" || listed === undefined || behindProxy || trustedProxies) return;
  const hops = String(listed).split(",", MAX_HOPS);
  if (hops.every((hop) => isLoopback(withoutPort(hop.trim())))) return;
  throw httpError(
    403,
    "OPEN_TO_THIS_MACHINE",
    "A proxy has passed this request on from another machine, and ACCESS=open is for programs on this machine only: close the access (ACCESS=closed, BEHIND_PROXY=1, PUBLIC_URL).",
  );
}
