/** The addresses to which a subscription may send: a client's endpoint must not lead into the hospital's network, or to this machine. */
import type { LookupAddress } from "node:dns";
import { BlockList, isIP } from "node:net";

/** IPv4 ranges that are not on the internet, or have a special use (IANA's registry of special-purpose addresses). */
const SPECIAL = new BlockList();
for (const [address, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  SPECIAL.addSubnet(address, bits, "ipv4");
}
/** The only IPv6 range on the internet … */
const GLOBAL = new BlockList();
GLOBAL.addSubnet("2000::", 3, "ipv6");
/** … except for ranges that carry IPv4, or are for documentation. */
for (const [address, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  SPECIAL.addSubnet(address, bits, "ipv6");
}

/** `::ffff:10.0.0.1` → `10.0.0.1` */
const plain = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;

const isIn = (list: BlockList | undefined, address: string): boolean =>
  list?.check(address, isIP(address) === 6 ? "ipv6" : "ipv4") === true;

/** Whether the address is on the internet. */
export function isPublic(text: string): boolean {
  const address = plain(text);
  if (isIP(address) === 4) return !isIn(SPECIAL, address);
  return isIP(address) === 6 && isIn(GLOBAL, address) && !isIn(SPECIAL, address);
}

/** Whether notifications may be sent to an address. @param allowed networks of the hospital; others need TLS */
export function mayReach(address: string, isEncrypted: boolean, allowed?: BlockList): boolean {
  return isIn(allowed, plain(address)) || (isEncrypted && isPublic(address));
}

/** The endpoint has an address to which this server does not send; retrying does not help. */
export class AddressRefused extends Error {
  constructor() {
    super(
      "The endpoint is not at an address that this server may send to: it must be public and https, or be allowed by SUBSCRIPTION_NETWORKS.",
    );
    this.name = "AddressRefused";
  }
}

/** @throws AddressRefused unless all addresses are permitted: of a name with several, any may be used */
export function refuseUnreachable(addresses: LookupAddress[], isEncrypted: boolean, allowed?: BlockList): void {
  if (addresses.length === 0 || !addresses.every(({ address }) => mayReach(address, isEncrypted, allowed))) throw new AddressRefused();
}
