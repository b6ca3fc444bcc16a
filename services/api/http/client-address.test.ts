import type { IncomingHttpHeaders } from "node:http";
import { readConfig } from "../../../mesh/config.ts";
import { clientOf, clientOfConnection } from "./client-address.ts";

const settings = (env: Record<string, string> = {}) => readConfig(env);
const ask = (remoteAddress: string, headers: IncomingHttpHeaders, env?: Record<string, string>) =>
  clientOf({ socket: { remoteAddress } as never, headers }, settings(env));
const PROXIES = { TRUSTED_PROXIES: "10.0.0.0/8, 127.0.0.1, fd00::/8" };

describe("the client of a request", () => {
  it("is the address that connects, not what its headers claim", () => {
    expect(ask("192.0.2.1", { "x-forwarded-for": "203.0.113.9", forwarded: "for=203.0.113.9" })).toBe("192.0.2.1");
    expect(ask("192.0.2.1", { "x-forwarded-for": "203.0.113.9" }, PROXIES)).toBe("192.0.2.1");
    expect(ask("::ffff:192.0.2.1", {})).toBe("192.0.2.1");
  });

  it.each<[string, string, IncomingHttpHeaders]>([
    ["203.0.113.9", "10.1.2.3", { "x-forwarded-for": "203.0.113.9" }],
    ["203.0.113.9", "::ffff:10.1.2.3", { "x-forwarded-for": "1.1.1.1, 203.0.113.9, 10.9.9.9" }],
    ["203.0.113.9", "127.0.0.1", { forwarded: 'for=1.1.1.1, for="203.0.113.9:4711";proto=https, For=10.0.0.1' }],
    ["2001:db8:1:2::/64", "fd00::7", { forwarded: 'for="[2001:db8:1:2:3:4:5:6]:80"' }],
    ["10.20.30.40", "10.1.2.3", { "x-forwarded-for": "10.20.30.40" }],
    ["10.20.30.40", "10.1.2.3", { forwarded: "for=10.20.30.40, for=10.9.9.9" }],
    ["10.9.9.9", "10.1.2.3", { "x-forwarded-for": "203.0.113.9, unknown, 10.9.9.9" }],
    ["10.1.2.3", "10.1.2.3", { "x-forwarded-for": "203.0.113.9, unknown" }],
    ["10.1.2.3", "10.1.2.3", {}],
  ])("is %s, as a trusted proxy %s says", (client, peer, headers) => {
    expect(ask(peer, headers, PROXIES)).toBe(client);
  });

  it("is the same for everybody behind an unnamed proxy, and has no connection of its own behind a trusted one", () => {
    expect(ask("10.1.2.3", { "x-forwarded-for": "203.0.113.9" }, { BEHIND_PROXY: "1" })).toBe("*");
    expect(clientOfConnection("10.1.2.3", settings({ BEHIND_PROXY: "1" }))).toBeUndefined();
    expect(clientOfConnection("10.1.2.3", settings(PROXIES))).toBeUndefined();
    expect(clientOfConnection("192.0.2.1", settings(PROXIES))).toBe("192.0.2.1");
  });

  it("is a network of IPv6, as one customer gets it", () => {
    expect(ask("2001:db8::1", {})).toBe("2001:db8:0:0::/64");
    expect(ask("2001:db8:0:0:ffff::1", {})).toBe("2001:db8:0:0::/64");
    expect(ask("::1", {})).toBe("0:0:0:0::/64");
  });
});
