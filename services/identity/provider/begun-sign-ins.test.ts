import { BegunSignIns } from "./begun-sign-ins.ts";

describe("sign-ins that begin within a minute", () => {
  /** How many of these may begin. */
  const begun = (signIns: BegunSignIns, address: string, count: number, at = 1) =>
    Array.from({ length: count }, () => signIns.mayBegin(address, at)).filter(Boolean).length;

  it("of one address do not take the places of others", () => {
    const signIns = new BegunSignIns();
    expect(begun(signIns, "192.0.2.1", 5_000)).toBe(600);
    expect(begun(signIns, "192.0.2.9", 300)).toBe(300);
  });

  it("are refused at addresses with many once there are many in all, and allowed at those with few", () => {
    const signIns = new BegunSignIns();
    expect(begun(signIns, "192.0.2.1", 600) + begun(signIns, "192.0.2.2", 600)).toBe(1_200);
    expect(begun(signIns, "192.0.2.3", 100)).toBe(20);
    const others = Array.from({ length: 2_000 }, (_, index) => begun(signIns, `198.51.100.${index}`, 1));
    expect(others.filter(Boolean).length).toBe(1_180);
  });

  it("are limited in all where the gateway cannot tell one client from another", () => {
    expect(begun(new BegunSignIns(), "*", 5_000)).toBe(1_200);
  });

  it("may begin again in the next minute", () => {
    const signIns = new BegunSignIns();
    expect(begun(signIns, "192.0.2.1", 601)).toBe(600);
    expect(begun(signIns, "192.0.2.1", 1, 60_000)).toBe(0);
    expect(begun(signIns, "192.0.2.1", 601, 60_001)).toBe(600);
  });
});
