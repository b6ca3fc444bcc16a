import { BlockList } from "node:net";
import { isPublic, mayReach, refuseUnreachable } from "./addresses.ts";

describe("the endpoint of a subscription", () => {
  it.each([
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "198.51.100.7",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "localhost",
    "",
  ])("%s is in the hospital's own network, or nobody's", (address) => {
    expect(isPublic(address)).toBe(false);
    expect(mayReach(address, true)).toBe(false);
  });

  it.each(["8.8.8.8", "172.32.0.1", "193.0.6.139", "::ffff:8.8.8.8", "2a00:1450:4001::8", "2606:4700::1111"])(
    "%s is on the internet",
    (address) => {
      expect(isPublic(address)).toBe(true);
      expect([mayReach(address, true), mayReach(address, false)]).toEqual([true, false]);
    },
  );

  it("may be in a network that the operator permits, also without TLS", () => {
    const allowed = new BlockList();
    allowed.addSubnet("10.1.0.0", 16, "ipv4");
    expect([mayReach("10.1.2.3", false, allowed), mayReach("::ffff:10.1.2.3", true, allowed)]).toEqual([true, true]);
    expect([mayReach("10.2.0.1", true, allowed), mayReach("8.8.8.8", false, allowed)]).toEqual([false, false]);
  });

  it("is refused if any of its addresses is, and if there is none", () => {
    const addresses = ["8.8.8.8", "10.0.0.1"].map((address) => ({ address, family: 4 }));
    expect(() => refuseUnreachable(addresses, true)).toThrow("SUBSCRIPTION_NETWORKS");
    expect(() => refuseUnreachable([], true)).toThrow("SUBSCRIPTION_NETWORKS");
    expect(() => refuseUnreachable(addresses.slice(0, 1), true)).not.toThrow();
  });
});
