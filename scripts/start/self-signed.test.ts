import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSignedPair } from "./self-signed.ts";

describe("the self-signed certificate", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "openward-tls-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is kept while it covers the hosts, and replaced for others", () => {
    const { tlsCert } = selfSignedPair(folder, ["localhost", "127.0.0.1"]);
    const first = readFileSync(tlsCert, "utf8");
    selfSignedPair(folder, ["127.0.0.1"]);
    expect(readFileSync(tlsCert, "utf8")).toBe(first);
    selfSignedPair(folder, ["ward.example", "::1"]);
    const second = new X509Certificate(readFileSync(tlsCert));
    expect([second.checkHost("ward.example"), second.checkIP("::1"), second.checkIP("127.0.0.1")]).toEqual([
      "ward.example",
      "::1",
      undefined,
    ]);
  });

  it("is replaced if it does not match its key", () => {
    const { tlsCert, tlsKey } = selfSignedPair(folder, ["localhost"]);
    const first = readFileSync(tlsCert, "utf8");
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(tlsKey, privateKey.export({ type: "pkcs8", format: "pem" }));
    selfSignedPair(folder, ["localhost"]);
    expect(readFileSync(tlsCert, "utf8")).not.toBe(first);
  });
});
