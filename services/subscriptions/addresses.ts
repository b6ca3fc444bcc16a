/** Which addresses a subscription may send to: what a client names must not lead into this house, or to this machine. */
import type { LookupAddress } from "node:dns";
import { BlockList, isIP } from "node:net";

/** IPv4 that is nobody's on the internet, or for special use (IANA's registry of special-purpose addresses). */
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
/** Of IPv6 only this is on the internet … */
const GLOBAL = new BlockList();
GLOBAL.addSubnet("2000::", 3, "ipv6");
/** … without what carries IPv4, or is for documentation. */
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

/** Whether one may send there. @param allowed networks of this house; to others only by TLS */
export function mayReach(address: string, isEncrypted: boolean, allowed?: BlockList): boolean {
  return isIn(allowed, plain(address)) || (isEncrypted && isPublic(address));
}

/** The endpoint is where this server does not send to: to try again helps nobody. */
export class AddressRefused extends Error {
  constructor() {
    super(
      "The endpoint is not at an address that this server may send to: it must be public and https, or be allowed by SUBSCRIPTION_NETWORKS.",
    );
    this.name = "AddressRefused";
  }
}

/** @throws AddressRefused unless one may send to each of the addresses: of a name with several, any may be taken */
export function refuseUnreachable(addresses: LookupAddress[], isEncrypted: boolean, allowed?: BlockList): void {
  if (addresses.length === 0 || !addresses.every(({ address }) => mayReach(address, isEncrypted, allowed))) throw new AddressRefused();
}
