import { tellUnnamedProxy } from "./unnamed-proxy.ts";

describe("a gateway with open access that gets a request through a proxy", () => {
  /** The warnings after requests with these X-Forwarded-For. */
  function warnings(settings: Parameters<typeof tellUnnamedProxy>[1], ...forwarded: (string | undefined)[]): string[] {
    const told: string[] = [];
    const gateway = { logger: { warn: (sentence: string) => void told.push(sentence) } };
    for (const one of forwarded) tellUnnamedProxy(gateway, settings, { headers: { ...(one !== undefined && { "x-forwarded-for": one }) } });
    return told;
  }
  const open = { access: "open" } as const;

  it.each(["198.51.100.7", "127.0.0.1, 198.51.100.7", "198.51.100.7, ::1", "2001:db8::1", "10.0.0.7:1234", "unknown"])(
    "warns once that everyone who reaches the proxy gets in: %s",
    (address) => {
      expect(warnings(open, address, address)).toEqual([expect.stringContaining("ACCESS=closed")]);
    },
  );

  it("does not warn of programs on this machine, or without a proxy", () => {
    expect(warnings(open, undefined, "127.0.0.1", "127.0.0.1:4711, [::1]:80")).toEqual([]);
  });

  it("does not warn where access is closed, or the proxy is in the settings", () => {
    expect(warnings({ access: "closed" }, "198.51.100.7")).toEqual([]);
    expect(warnings({ ...open, behindProxy: true }, "198.51.100.7")).toEqual([]);
  });
});
