/** The names by which the gateway is known, and the one that it uses in links. */
import type { IncomingMessage } from "node:http";
import type { Config } from "../../../mesh/config.ts";
import { isLoopback } from "../../../mesh/exposure.ts";
import { httpError } from "./http-error.ts";

const WILDCARDS = new Set(["0.0.0.0", "::", "[::]"]);

/** The gateway's own address, and the names under which it answers. */
export interface OwnName {
  /** Base of all links, and of references to this server: `https://ehr.example`. No request header changes it. */
  origin: string;
  scheme: "http" | "https";
  /** All origins by which a client may refer to this server, `origin` first; without PUBLIC_URL also the names of this machine. */
  origins: readonly string[];
  /** Accepted values of `Host`. */
  hosts: ReadonlySet<string>;
  /** Whether PUBLIC_URL sets the name. */
  isPublic: boolean;
}

/** @param port on which the gateway listens */
export function ownName({ publicUrl, host, tlsCert }: Pick<Config, "publicUrl" | "host" | "tlsCert">, port: number): OwnName {
  const scheme = tlsCert ? "https" : "http";
  const listening = WILDCARDS.has(host) ? "127.0.0.1" : bracketed(host);
  const names = ["localhost", "127.0.0.1", "[::1]", listening].map((name) => new URL(`${scheme}://${name}:${port}`));
  const origin = publicUrl ?? new URL(`${scheme}://${listening}:${port}`).origin;
  const origins = publicUrl ? [publicUrl] : [...new Set([origin, ...names.map((url) => url.origin)])];
  if (publicUrl) names.push(new URL(publicUrl));
  return {
    origin,
    origins,
    scheme,
    hosts: new Set(names.flatMap((url) => (url.port === "" ? [url.hostname, `${url.hostname}:${defaultPort(url)}`] : [url.host]))),
    isPublic: publicUrl !== undefined,
  };
}

/** The origins by which the writer of a request may refer to this server: also the one in its Host header, which was accepted as the server's. */
export function originsFor({ origins, scheme }: OwnName, { headers }: IncomingMessage): string[] {
  const asked = headers.host === undefined ? [] : [`${scheme}://${headers.host}`];
  return [...new Set([...origins, ...asked])];
}

/**
 * The name by which the server is addressed, from the request's one Host header; undefined: HTTP/1.0, which does not require it.
 * @throws 400 HOST_TWICE, HOST_MISSING
 */
export function hostIn({ rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage): string | undefined {
  let host: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length !== 4 || name.toLowerCase() !== "host") continue;
    if (host !== undefined) throw httpError(400, "HOST_TWICE", "The request has more than one Host header.");
    host = rawHeaders[index + 1] as string;
  }
  const isOld = httpVersionMajor === 1 && httpVersionMinor === 0;
  if (host === undefined && !isOld) throw httpError(400, "HOST_MISSING", "The request has no Host header.");
  return host;
}

/**
 * Refuses a request for another server: a page of a name that was made to point here (DNS rebinding) belongs to another server.
 * @throws 400 for a missing or repeated Host, 421 for one that is not this server's
 */
export function requireOwnHost(request: IncomingMessage, { hosts, isPublic }: OwnName): void {
  const { url = "/" } = request;
  const host = hostIn(request);
  if (host !== undefined && !hosts.has(host) && !hosts.has(host.toLowerCase())) throw misdirected(isPublic);
  // The target of a request may name the server too, which takes precedence over Host (RFC 9112, 3.2.2).
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (authority !== undefined && !hosts.has(authority.toLowerCase())) throw misdirected(isPublic);
}

const misdirected = (isPublic: boolean) =>
  httpError(
    421,
    "MISDIRECTED",
    `This server does not answer under this name${isPublic ? "" : ": set PUBLIC_URL to the address that clients use"}.`,
  );

/** Whether other machines can reach the gateway, but no name is set that they could use. */
export const lacksName = ({ publicUrl, host }: Pick<Config, "publicUrl" | "host">): boolean => !publicUrl && !isLoopback(host);

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);
const defaultPort = ({ protocol }: URL): string => (protocol === "https:" ? "443" : "80");
