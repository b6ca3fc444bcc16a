/** Keys, certificates and envelopes: what a node of the mesh believes of another. */
import { createHash, createHmac, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueCertificate, mayServe, type Signer, Trusted } from "./certificate.ts";
import { mayAnnounce } from "./announced-claims.ts";
import { Gate, PacketRefusal } from "./gate.ts";
import { newNode, readHello } from "./hello.ts";
import { caPublicFile, CERTIFICATE_LIFE_MS, ensureCa, ensureKeyFile, issueKeyFile, keysFromFiles, keysFromFolder } from "./key-files.ts";
import { Mac, TAG_BYTES } from "./mac.ts";
import { renewalSentence } from "./renewal.ts";
import { refusalOf } from "../incoming-packets.ts";
import { ReplayWindow } from "./replay-window.ts";
import { makeStatement, readStatement } from "./statement.ts";

const YEAR = 365 * 86_400_000;
const ca = generateKeyPairSync("ed25519");
const trusted = new Trusted([ca.publicKey]);

function signerFor(services: string[], by = ca.privateKey, now = Date.now()): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, certificate: issueCertificate(by, { serves: services }, publicKey, YEAR, now) };
}

const flipped = (text: string, at: number) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);

describe("a certificate", () => {
  it("names the services that a key may serve, and no others", () => {
    const certificate = trusted.certificate(signerFor(["billing", "wards"]).certificate);
    expect(certificate?.serves).toEqual(["billing", "wards"]);
    expect(["billing", "wards", "patients", "bill", ""].map((name) => certificate && mayServe(certificate, name))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("is valid from its own CA only, unchanged, and until it expires", () => {
    const { certificate } = signerFor(["billing"]);
    const other = generateKeyPairSync("ed25519");
    expect(new Trusted([other.publicKey]).certificate(certificate)).toBeUndefined();
    expect(new Trusted([other.publicKey, ca.publicKey]).certificate(certificate)).toBeDefined(); // while one CA takes the place of the other
    for (const at of [5, certificate.indexOf(".") + 5]) expect(trusted.certificate(flipped(certificate, at))).toBeUndefined();
    for (const text of ["", ".", "a.b", certificate.split(".")[0] ?? "", "x".repeat(9_000)]) {
      expect(trusted.certificate(text)).toBeUndefined();
    }
    expect(trusted.certificate(certificate, Date.now() + YEAR + 1_000)).toBeUndefined();
    expect(trusted.certificate(certificate, Date.now() - 600_000)).toBeUndefined();
  });
});

describe("key files", () => {
  const folder = mkdtempSync(join(tmpdir(), "openward-keys-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("contain a key and its certificate, are readable by their owner only, and are renewed near the certificate's end", () => {
    const file = ensureKeyFile(folder, { serves: ["lab"] });
    expect(statSync(file).mode & 0o077).toBe(0);
    const { certificate, trusted: own } = keysFromFiles(file, [caPublicFile(folder)]);
    expect(certificate.serves).toEqual(["lab"]);
    ensureKeyFile(folder, { serves: ["lab"] });
    expect(keysFromFiles(file, [caPublicFile(folder)]).certificate.serial).toBe(certificate.serial);
    issueKeyFile(folder, { serves: ["lab"] }, Date.now() - CERTIFICATE_LIFE_MS + 86_400_000);
    const nearItsEnd = keysFromFiles(file, [caPublicFile(folder)]).certificate;
    ensureKeyFile(folder, { serves: ["lab"] });
    expect(keysFromFiles(file, [caPublicFile(folder)]).certificate.serial).not.toBe(nearItsEnd.serial);
    expect(own.certificate(keysFromFolder(join(folder, "elsewhere")).signer.certificate)).toBeUndefined();
  });

  it("are refused with their name if they are missing, of another CA, or do not match each other", () => {
    const file = issueKeyFile(folder, { serves: ["pharmacy"] });
    const pub = caPublicFile(folder);
    expect(() => keysFromFiles(join(folder, "none"), [pub])).toThrow("MESH_IDENTITY_FILE");
    expect(() => keysFromFiles(file, [join(folder, "none")])).toThrow("MESH_CA_FILE");
    ensureCa(join(folder, "other"));
    expect(() => keysFromFiles(file, [caPublicFile(join(folder, "other"))])).toThrow("not of the CA");
    const mixed = join(folder, "mixed.key");
    const key = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
    writeFileSync(mixed, JSON.stringify({ key, certificate: signerFor(["x"], ensureCa(folder)).certificate }));
    expect(() => keysFromFiles(mixed, [pub])).toThrow("does not belong to the key");
  });

  it("of one folder trust each other, whichever process made the CA", () => {
    const [one, two] = [keysFromFolder(folder), keysFromFolder(folder)];
    expect(one.trusted.certificate(two.signer.certificate)).toBeDefined();
    expect(createPublicKey(ensureCa(join(folder, "mesh-keys"))).equals(createPublicKey(ensureCa(join(folder, "mesh-keys"))))).toBe(true);
  });
});

describe("a certificate near its end", () => {
  it("is warned about two months before, and not sooner", () => {
    const until = Date.parse("2028-03-01T00:00:00Z");
    expect(renewalSentence({ until, serial: "1" }, Date.parse("2027-12-30T00:00:00Z"))).toBeUndefined();
    expect(renewalSentence({ until, serial: "1" }, Date.parse("2028-01-02T00:00:00Z"))).toContain("2028-03-01");
  });
});

describe("a statement", () => {
  it("is valid for one kind, one key, and unchanged", () => {
    const text = makeStatement("hello", { node: "lab-1" }, signerFor(["lab"]));
    expect(readStatement("hello", text, trusted)).toMatchObject({ claims: { node: "lab-1" }, signer: { serves: ["lab"] } });
    expect(readStatement("stamp", text, trusted)).toBeUndefined();
    for (let at = 3; at < text.length - 2; at += 41) expect(readStatement("hello", flipped(text, at), trusted)).toBeUndefined();
    const [claims, ...rest] = text.split(".");
    const [, ...another] = makeStatement("hello", { node: "lab-2" }, signerFor(["lab"])).split(".");
    for (const one of [`${claims}.${another.join(".")}`, `a.${text}`, rest.join("."), "", "...", "x".repeat(20_000)]) {
      expect(readStatement("hello", one, trusted)).toBeUndefined();
    }
  });
});

describe("a hello", () => {
  it("gives a node an id that no other key can use", () => {
    const node = newNode("lab-1", signerFor(["lab"]));
    expect(readHello(node.hello, trusted)?.id).toBe(node.id);
    const thief = makeStatement("hello", { node: node.id, key: newNode("lab-1", signerFor(["lab"])).hello }, signerFor(["billing"]));
    expect(readHello(thief, trusted)).toBeUndefined();
  });
});

describe("the tag of a message", () => {
  it("is HMAC-SHA-256, for any key and length", () => {
    for (let length = 0; length < 70_000; length = length * 2 + 1) {
      const [key, message] = [randomBytes(1 + (length % 64)), randomBytes(length)];
      const right = createHmac("sha256", key).update("REQ.lab-1").update(message).digest().subarray(0, TAG_BYTES);
      const mac = new Mac(key);
      expect(Buffer.from(mac.tag("REQ.lab-1", message), "latin1")).toEqual(right);
      expect(mac.isTag(right, "REQ.lab-1", message)).toBe(true);
      expect(mac.isTag(right, "REQ.lab-2", message)).toBe(false);
      expect(mac.isTag(right.subarray(1), "REQ.lab-1", message)).toBe(false);
    }
  });
});

describe("the sequence numbers of a sender", () => {
  it("are accepted once each, even if some arrive late", () => {
    const window = new ReplayWindow();
    const come = (number: number) => {
      const isNew = window.isNew(number);
      if (isNew) window.add(number);
      return isNew;
    };
    expect([1, 2, 2, 5, 3, 3, 1, 0, -1].map(come)).toEqual([true, true, false, true, true, false, false, false, false]);
    expect([1_000, 4, 744, 745, 745, 1_000].map(come)).toEqual([true, false, false, true, false, false]);
  });
});

describe("a certified node that sends malformed messages", () => {
  const own = newNode("billing-1", signerFor(["billing"]));
  const key = Buffer.alloc(32).toString("base64url"); // it gives no secret with any other
  const noSecret = `billing-1-${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;

  it.each([
    ["a key that gives no secret", { node: noSecret, key }, noSecret],
    ["no id", { key }, own.id],
    ["no key", { node: own.id }, own.id],
    ["no claims", [], own.id],
  ])("is unknown by a hello with %s, and ends nobody", (_, claims, id) => {
    const gate = new Gate(newNode("lab-1", signerFor(["lab"])), trusted);
    const odd = new Gate({ ...own, id, hello: makeStatement("hello", claims, own.signer) }, trusted);
    expect(gate.open("INFO", odd.seal("INFO", undefined, randomBytes(10)))).toEqual({ refused: PacketRefusal.unknownSender });
  });

  it.each([
    ["INFO", { services: [null] }],
    ["INFO", { services: 7 }],
    ["INFO", { services: [{ name: "billing", events: [null] }] }],
    ["INFO", null],
  ])("is refused, by %s with %j", (command, payload) => {
    const certificate = trusted.certificate(own.signer.certificate);
    const said = payload && { sender: own.id, ...payload };
    const underWay = { pendingRequests: new Map(), pendingReqStreams: new Map() } as never;
    expect(refusalOf(command, said as never, own.id, certificate, underWay)).toBe(PacketRefusal.malformed);
  });
});

describe("an announcement", () => {
  const billing = trusted.certificate(signerFor(["billing"]).certificate);
  const service = (name: string, more: object = {}) => ({ services: [{ name, fullName: name, ...more }] });

  it("is accepted if the certificate names the announced services", () => {
    const own = { actions: { "billing.charge": { name: "billing.charge" } }, events: { "visits.closed": { name: "visits.closed" } } };
    for (const said of [{}, { services: [] }, service("billing", own), service("$node")]) {
      expect(billing && mayAnnounce(billing, said)).toBe(true);
    }
    const versioned = {
      services: [{ name: "billing", version: 2, fullName: "v2.billing", actions: { "v2.billing.a": { name: "v2.billing.a" } } }],
    };
    expect(billing && mayAnnounce(billing, versioned)).toBe(true);
  });

  it.each([
    ["another service", service("patients")],
    ["another service beside its own", { services: [...service("billing").services, ...service("patients").services] }],
    ["another service's full name", { services: [{ name: "billing", fullName: "patients" }] }],
    ["another service's action", service("billing", { actions: { "patients.read": { name: "patients.read" } } })],
    ["another service's action under its own name", service("billing", { actions: { "billing.read": { name: "patients.read" } } })],
    [
      "another service's share of events",
      service("billing", { events: { "visits.closed": { name: "visits.closed", group: "patients" } } }),
    ],
    ["a service without a name", { services: [{}] }],
  ])("of %s does not", (_, said) => {
    expect(billing && mayAnnounce(billing, said)).toBe(false);
  });
});
