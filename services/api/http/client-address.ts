/** Determines the client of a request, for limits per client. */
import type { IncomingMessage } from "node:http";
import { type BlockList, isIP } from "node:net";
import type { Config } from "../../../mesh/config.ts";
import { nonNull } from "../../../fhir/non-null.ts";

/** Addresses of one request that are examined; no chain of proxies is as long. */
const MAX_HOPS = 32;

/** All requests count together if a proxy stands for many clients and does not name them: there are no shares then. */
export const EVERYBODY = "*";

/** The client for which a request is counted. Many people share an address: each signed-in person has own limits, each address wider ones. */
export interface Requester {
  /** The signed-in person, if the token was found valid before; else the address. */
  name: string;
  /** As returned by `clientOf`. */
  address: string;
}

/** A client who is not signed in. */
export const anybodyAt = (address: string): Requester => ({ name: address, address });

type Settings = Pick<Config, "trustedProxies" | "behindProxy">;

/**
 * The client's address; for IPv6 the network of one customer. What proxies say counts only from addresses in TRUSTED_PROXIES: the last address in
 * `X-Forwarded-For`, or in `Forwarded` if there is no other, that is not one of these proxies; if all are, as in a hospital whose own network is
 * named as a whole, the first.
 */
export function clientOf({ socket, headers }: Pick<IncomingMessage, "socket" | "headers">, settings: Settings): string {
  const peer = plain(socket.remoteAddress ?? "");
  const { trustedProxies, behindProxy } = settings;
  if (!trustedProxies) return behindProxy ? EVERYBODY : network(peer);
  if (!isIn(trustedProxies, peer)) return network(peer);
  const { "x-forwarded-for": listed, forwarded } = headers;
  const hops = listed !== undefined ? String(listed).split(",") : forwarded !== undefined ? forwardedFor(forwarded) : [];
  let farthest = peer;
  for (const hop of hops.slice(-MAX_HOPS).reverse()) {
    const address = plain(withoutPort(hop.trim()));
    if (isIP(address) === 0) break; // what comes before it cannot be trusted
    farthest = address;
    if (!isIn(trustedProxies, address)) break;
  }
  return network(farthest);
}

/** The same for a connection, before any request; undefined for a proxy, which stands for many clients. */
export function clientOfConnection(remoteAddress: string | undefined, { trustedProxies, behindProxy }: Settings): string | undefined {
  const peer = plain(remoteAddress ?? "");
  if (behindProxy && !trustedProxies) return undefined;
  return trustedProxies && isIn(trustedProxies, peer) ? undefined : network(peer);
}

/** The addresses in a `Forwarded` header (RFC 7239), in order. */
const forwardedFor = (header: string): string[] =>
  header.split(",").map((part) => /(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;\s]*))/i.exec(part)?.slice(1).find(Boolean) ?? "");

/** `[::1]:80` → `::1`, `10.0.0.1:80` → `10.0.0.1` */
export const withoutPort = (text: string): string => /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, "$1");

/** An IPv4 address seen on an IPv6 socket is reduced to the IPv4 address. */
const plain = (address: string): string => (address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address);

const isIn = (list: BlockList, address: string): boolean =>
  isIP(address) !== 0 && list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");

/** The first 64 bits of an IPv6 address: a customer can choose the rest. */
function network(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = nonNull(address.toLowerCase().split("%", 1)[0]).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const groups =
    tail === undefined ? left : [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
