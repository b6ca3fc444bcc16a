import { randomBytes } from "node:crypto";
import { STAMP_LIFE_MS, Stamps } from "./stamps.ts";

const key = randomBytes(32);
const nurse = { sub: "account-1", roles: ["nurse"], scope: "user/*.rs" };
const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

describe("a stamp", () => {
  it("says to another node of the mesh who asks", () => {
    const stamp = new Stamps(key).make(nurse, NOW);
    expect(new Stamps(key).verify(stamp, NOW + 1_000)).toMatchObject(nurse);
  });

  it("is good for a minute from when a node has seen it first, also where that node's clock is minutes apart", () => {
    const stamp = new Stamps(key).make(nurse, NOW);
    for (const apart of [-4 * MINUTE, 0, 4 * MINUTE]) {
      const there = new Stamps(key);
      expect(there.verify(stamp, NOW + apart)).toMatchObject(nurse);
      expect(there.verify(stamp, NOW + apart + STAMP_LIFE_MS - 1)).toMatchObject(nurse);
      expect(there.verify(stamp, NOW + apart + STAMP_LIFE_MS)).toBeUndefined();
    }
  });

  it("is refused when it is older than clocks can be apart, or from so far in the future", () => {
    const stamp = new Stamps(key).make(nurse, NOW);
    for (const apart of [-6 * MINUTE, 6 * MINUTE]) expect(new Stamps(key).verify(stamp, NOW + apart)).toBeUndefined();
  });

  it("is refused with another key, with other content, cut off, and as anything but a text", () => {
    const stamps = new Stamps(key);
    const stamp = stamps.make(nurse, NOW);
    const [text = "", signature = ""] = stamp.split(".");
    const other = Buffer.from(JSON.stringify({ ...nurse, roles: ["administrator"], until: NOW + MINUTE })).toString("base64url");
    const forged = [
      new Stamps(randomBytes(32)).make(nurse, NOW),
      `${other}.${signature}`,
      `${text}.`,
      text,
      `.${signature}`,
      "",
      ".",
      "x".repeat(9_000),
    ];
    for (const one of [...forged, undefined, null, 7, nurse, [stamp]]) expect(stamps.verify(one, NOW)).toBeUndefined();
  });
});
