import { jest } from "@jest/globals";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { issueCertificate, Trusted } from "../trust/certificate.ts";
import { keysInMemory, type MeshKeys } from "../trust/key-files.ts";
import { makeStatement } from "../trust/statement.ts";
import { Access } from "./access.ts";
import { type Identity, systemIdentity } from "./identity.ts";
import { STAMP_LIFE_MS, Stamps } from "./stamps.ts";

const nurse: Identity = { sub: "account-1", roles: ["nurse"], scope: "user/*.rs" };
const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const ca = generateKeyPairSync("ed25519");

/** Keys of a node that may serve these services. */
function keysOf(services: string[], by = ca.privateKey): MeshKeys {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signer = {
    privateKey,
    certificate: issueCertificate(by, { serves: services }, publicKey, 3_650 * 24 * 60 * MINUTE_MS, NOW - 60 * MINUTE_MS),
  };
  const trusted = new Trusted([ca.publicKey]);
  const certificate = new Trusted([createPublicKey(by)]).certificate(signer.certificate, NOW);
  if (!certificate) throw new Error("The certificate is not good.");
  return { signer, certificate, trusted };
}

const gateway = new Stamps(keysOf(["api"]));
const lab = () => new Stamps(keysOf(["lab"]));

afterEach(() => jest.useRealTimers());

describe("a stamp", () => {
  it("tells another node of the mesh who the caller is", () => {
    expect(lab().verify(gateway.make(nurse, NOW), NOW + 1_000)).toEqual(nurse);
  });

  it.each([[{}], [{ sub: "account-1" }], [{ sub: 7, roles: ["nurse"] }], [{ sub: "account-1", roles: "nurse" }], [[]]])(
    "says nothing where its claims are of another form: %j",
    (claims) => {
      const stamp = makeStatement("stamp", { until: NOW + STAMP_LIFE_MS, ...claims }, keysOf(["api"]).signer);
      expect(lab().verify(stamp, NOW)).toBeUndefined();
    },
  );

  it("is valid for a minute from when a node first sees it, even if clocks differ by five minutes", () => {
    jest.useFakeTimers({ now: NOW });
    const stamp = gateway.make(nurse, NOW);
    for (const apart of [-5 * MINUTE_MS, 0, 5 * MINUTE_MS]) {
      const there = lab();
      expect(there.verify(stamp, NOW + apart)).toEqual(nurse);
      jest.advanceTimersByTime(STAMP_LIFE_MS - 1);
      expect(there.verify(stamp, NOW + apart + STAMP_LIFE_MS - 1)).toEqual(nurse);
      jest.advanceTimersByTime(1);
      expect(there.verify(stamp, NOW + apart + STAMP_LIFE_MS)).toBeUndefined();
    }
  });

  it("is accepted by a node that first sees it at the end of its minute, with clocks five minutes apart", () => {
    const stamp = gateway.make(nurse, NOW);
    for (const apart of [-5 * MINUTE_MS, 5 * MINUTE_MS]) expect(lab().verify(stamp, NOW + apart + STAMP_LIFE_MS)).toEqual(nurse);
  });

  it.each([
    ["ahead", 5 * MINUTE_MS],
    ["back", -5 * MINUTE_MS],
    ["a day ahead", 24 * 60 * MINUTE_MS],
    ["a day back", -24 * 60 * MINUTE_MS],
  ])("stays good for its minute, and no longer, when the clock of who has seen it is set %s", (_, byMs) => {
    jest.useFakeTimers({ now: NOW });
    const there = lab();
    const stamp = gateway.make(nurse, NOW);
    expect(there.verify(stamp)).toEqual(nurse);
    jest.setSystemTime(NOW + byMs);
    expect(there.verify(stamp)).toEqual(nurse);
    jest.advanceTimersByTime(STAMP_LIFE_MS);
    expect(there.verify(stamp)).toBeUndefined();
  });

  it("is refused if it is older than the clocks may differ, or as far in the future", () => {
    const stamp = gateway.make(nurse, NOW);
    for (const apart of [-6 * MINUTE_MS, 7 * MINUTE_MS]) expect(lab().verify(stamp, NOW + apart)).toBeUndefined();
  });

  it("with a wrong time only is distinguished from a missing one, so that nobody has to sign in again because of a clock", () => {
    jest.useFakeTimers({ now: NOW });
    const there = new Access({ isOpen: false, roles: new Map(), keys: keysOf(["lab"]) } as never);
    const asked = (stamp: unknown) => () => there.identityOf({ meta: { as: stamp } as never });
    for (const apart of [-60 * MINUTE_MS, 60 * MINUTE_MS]) {
      expect(asked(gateway.make(nurse, NOW + apart))).toThrow(expect.objectContaining({ code: 503, type: "CLOCKS_APART" }));
      const stranger = new Stamps(keysOf(["api"], generateKeyPairSync("ed25519").privateKey)).make(nurse, NOW + apart);
      expect(asked(stranger)).toThrow(expect.objectContaining({ code: 401, type: "SIGN_IN_NEEDED" }));
    }
    for (const stamp of [undefined, "", "x.y.z"]) {
      expect(asked(stamp)).toThrow(expect.objectContaining({ code: 401, type: "SIGN_IN_NEEDED" }));
    }
    expect(asked(gateway.make(nurse, NOW))()).toEqual(nurse);
  });

  it("is refused with a foreign key, changed content, truncated, or if it is not a string", () => {
    const stamp = gateway.make(nurse, NOW);
    const [, ...proof] = stamp.split(".");
    const other = Buffer.from(JSON.stringify({ ...nurse, roles: ["administrator"], until: NOW + MINUTE_MS })).toString("base64url");
    const stranger = new Stamps(keysOf(["api"], generateKeyPairSync("ed25519").privateKey));
    const forged = [
      stranger.make(nurse, NOW),
      `${other}.${proof.join(".")}`,
      stamp.slice(0, -1),
      stamp.split(".")[0],
      `.${proof.join(".")}`,
    ];
    for (const one of [...forged, "", ".", "x".repeat(20_000), undefined, null, 7, nurse, [stamp]]) {
      expect(lab().verify(one, NOW)).toBeUndefined();
    }
  });
});

describe("the stamps that a node accepts", () => {
  it("of people come from a gateway or identity, not from another service", () => {
    for (const service of ["api", "identity", "*"]) {
      expect(lab().verify(new Stamps(keysOf([service])).make(nurse, NOW), NOW)).toEqual(nurse);
    }
    for (const service of ["billing", "transactions"]) {
      expect(lab().verify(new Stamps(keysOf([service])).make(nurse, NOW), NOW)).toBeUndefined();
    }
  });

  it("of the mesh's own work come from its service, or from any service for work that all owners do", () => {
    const billing = new Stamps(keysOf(["billing"]));
    for (const work of ["billing", "rules", "recovery"]) {
      expect(lab().verify(billing.make(systemIdentity(work), NOW), NOW)).toEqual(systemIdentity(work));
    }
    for (const work of ["transactions", "api", "operator", "wards", ""]) {
      expect(lab().verify(billing.make(systemIdentity(work), NOW), NOW)).toBeUndefined();
    }
  });

  it("grant no system role to a person, and no other role to the system's work", () => {
    expect(lab().verify(gateway.make({ ...nurse, roles: ["nurse", "system:operator"] }, NOW), NOW)).toBeUndefined();
    const bold = makeStatement(
      "stamp",
      { ...systemIdentity("api"), roles: ["administrator"], until: NOW + MINUTE_MS },
      keysOf(["api"]).signer,
    );
    expect(lab().verify(bold, NOW)).toEqual(systemIdentity("api"));
  });

  it("of work for a person contain that person's stamp, which only a gateway can make", () => {
    const coordinator = new Stamps(keysOf(["transactions"]));
    const asked = gateway.make(nurse, NOW);
    const work = systemIdentity("transactions");
    expect(lab().verify(coordinator.make(work, NOW, coordinator.personBehind(asked, NOW)), NOW)).toEqual({ ...work, for: nurse });
    const forged = coordinator.make({ ...nurse, sub: "account-2" }, NOW);
    expect(lab().verify(coordinator.make(work, NOW, forged), NOW)).toBeUndefined();
    expect(
      lab().verify(makeStatement("stamp", { ...work, for: nurse, until: NOW + MINUTE_MS }, keysOf(["transactions"]).signer), NOW),
    ).toBeUndefined();
    expect(lab().verify(coordinator.make(work, NOW, coordinator.make(work, NOW)), NOW)).toBeUndefined();
  });

  it("of work for a person remain valid after the person's own stamp has expired, and grant no right by it", () => {
    jest.useFakeTimers({ now: NOW });
    const coordinator = new Stamps(keysOf(["transactions"]));
    const asked = gateway.make(nurse, NOW);
    const there = lab();
    expect(there.verify(asked, NOW)).toEqual(nurse);
    const late = NOW + STAMP_LIFE_MS + 20_000;
    jest.advanceTimersByTime(STAMP_LIFE_MS + 20_000);
    expect(there.verify(coordinator.make(systemIdentity("transactions"), late, asked), late)).toMatchObject({ for: nurse });
    expect(there.verify(asked, late)).toBeUndefined();
  });
});

describe("the stamp of a node's own work", () => {
  it.each([
    ["ahead", 24 * 60 * MINUTE_MS],
    ["back", -24 * 60 * MINUTE_MS],
  ])("is made anew when the clocks of the machine are set %s: nobody believes one of another day", (_, byMs) => {
    jest.useFakeTimers({ now: NOW - 5 * 24 * 60 * MINUTE_MS });
    const keys = keysInMemory(); // some days ago
    jest.setSystemTime(NOW);
    const access = new Access({ isOpen: false, roles: new Map(), keys });
    expect(access.systemStamp("rules")).toBe(access.systemStamp("rules")); // one serves for a while
    jest.setSystemTime(NOW + byMs);
    expect(new Stamps(keys).verify(access.systemStamp("rules"))).toEqual(systemIdentity("rules"));
  });
});
