import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readConfig } from "./config.ts";
import { exposureOf } from "./exposure.ts";
import { withoutPasswords } from "./setting-forms.ts";

describe("the settings of a process", () => {
  it("have defaults: a hospital on this machine, port 3000, SQLite, no server", () => {
    expect(readConfig({})).toEqual({
      port: 3000,
      rules: { otherwise: "on", named: {} },
      access: "closed",
      host: "127.0.0.1",
      identityHost: "127.0.0.1",
      identityPort: 0,
      dataDir: resolve("data"),
      system: "provider",
      logLevel: "info",
      logFormat: "text",
      traceShare: 0.05,
      supervised: false,
      behindProxy: false,
      conditionalDelete: "single",
      dateSearch: "r4",
      auditYears: 10,
      hospitalTimeZone: "UTC",
    });
  });

  it("treat an empty variable as not set", () => {
    expect(readConfig({ PORT: "", NATS_URL: " " })).toEqual(readConfig({}));
  });

  it("name the hospital's time zone", () => {
    expect(readConfig({ HOSPITAL_TIME_ZONE: "Africa/Algiers" }).hospitalTimeZone).toBe("Africa/Algiers");
    for (const HOSPITAL_TIME_ZONE of ["Mars/Olympus", "+01:00", "1"]) {
      expect(() => readConfig({ HOSPITAL_TIME_ZONE })).toThrow(/HOSPITAL_TIME_ZONE is .*the name of a time zone/);
    }
  });

  it("are read from the environment", () => {
    const config = readConfig({
      PORT: "0",
      HOST: "::1",
      DATA_DIR: "/srv/ward",
      SYSTEM: "national",
      SERVICES: "patients, visits,patients",
      NATS_URL: "nats://ward:s%40crt@a:4222, tls://b:4223",
      MONGO_URL: "mongodb://user:pw@a:1,b:2/?replicaSet=rs0",
      REDIS_URL: "rediss://r:6379/1",
      NODE_ID: "ward-3",
      LOG_LEVEL: "debug",
      LOG_FORMAT: "json",
      OTEL_TRACES_SAMPLER_ARG: "0.5",
    });
    expect(config).toMatchObject({
      port: 0,
      host: "::1",
      dataDir: "/srv/ward",
      system: "national",
      services: ["patients", "visits"],
      natsUrl: "nats://ward:s%40crt@a:4222,tls://b:4223",
      mongoUrl: "mongodb://user:pw@a:1,b:2/?replicaSet=rs0",
      redisUrl: "rediss://r:6379/1",
      nodeId: "ward-3",
      logLevel: "debug",
      logFormat: "json",
      traceShare: 0.5,
      natsDisconnectSubject: "mesh.disconnect",
    });
  });

  it("read passwords from files, and add them to their addresses", () => {
    const dir = mkdtempSync(join(tmpdir(), "openward-config-"));
    const file = join(dir, "password");
    writeFileSync(file, "s%cr@t\n");
    const config = readConfig({
      MONGO_URL: "mongodb://lab@a:1,b:2/openward?tls=true",
      MONGO_PASSWORD_FILE: file,
      REDIS_URL: "rediss://:old@r:6379/1",
      REDIS_PASSWORD_FILE: file,
      SERVERS_CA_FILE: "/etc/ca.pem",
    });
    expect(config).toMatchObject({
      mongoUrl: "mongodb://lab:s%25cr%40t@a:1,b:2/openward?tls=true",
      redisUrl: "rediss://:s%25cr%40t@r:6379/1",
      serversCaFile: "/etc/ca.pem",
    });
    writeFileSync(file, "");
    expect(() => readConfig({ MONGO_PASSWORD_FILE: file })).toThrow(/MONGO_PASSWORD_FILE is .*a file that this process can read/);
    rmSync(dir, { recursive: true });
  });

  it("accept origins as browsers write them", () => {
    const origins = ["https://app.example", "http://127.0.0.1:8080", "http://[::1]:3000", "capacitor://localhost"];
    expect(readConfig({ CORS_ORIGIN: origins.join(", ") }).corsOrigin).toEqual(origins);
    expect(readConfig({ CORS_ORIGIN: "*" }).corsOrigin).toBe("*");
  });

  it("accept the gateway's own name as an origin, and trusted proxies as networks", () => {
    const config = readConfig({ PUBLIC_URL: "https://EHR.example:443/", TRUSTED_PROXIES: "10.0.0.0/8, ::1,192.0.2.7", BEHIND_PROXY: "1" });
    expect([config.publicUrl, config.behindProxy]).toEqual(["https://ehr.example", true]);
    const trusts = (address: string, family: "ipv4" | "ipv6" = "ipv4") => config.trustedProxies?.check(address, family);
    expect([trusts("10.9.8.7"), trusts("192.0.2.7"), trusts("::1", "ipv6")]).toEqual([true, true, true]);
    expect([trusts("11.0.0.1"), trusts("192.0.2.8"), trusts("::2", "ipv6")]).toEqual([false, false, false]);
  });

  it("accept the key of page links in hexadecimal or base64, and never print it", () => {
    const key = Buffer.alloc(32, 0xfb);
    for (const text of [key.toString("hex"), key.toString("base64"), key.toString("base64url")]) {
      expect(readConfig({ PAGE_KEY: text }).pageKey).toEqual(key);
    }
    expect(() => readConfig({ PAGE_KEY: "hunter2" })).toThrow('PAGE_KEY is "***"; it should be 32 random bytes');
  });

  it.each([
    ["127.0.0.1", false],
    ["127.9.9.9", false],
    ["localhost", false],
    ["::1", false],
    ["0.0.0.0", true],
    ["::", true],
    ["192.168.1.5", true],
    ["127.0.0.1.example", true],
  ])("let a gateway listen on %s only with TLS, or behind a proxy that has it: %s", (host, isExposed) => {
    expect(exposureOf(readConfig({ HOST: host })) !== undefined).toBe(isExposed);
    expect(exposureOf(readConfig({ HOST: host, BEHIND_PROXY: "1" }))).toBeUndefined();
    expect(exposureOf(readConfig({ HOST: host, TLS_CERT: "/cert", TLS_KEY: "/key" }))).toBeUndefined();
  });

  it.each([
    ["a proxy", { BEHIND_PROXY: "1" }, true],
    ["a proxy under a public name", { BEHIND_PROXY: "1", PUBLIC_URL: "https://ehr.example" }, true],
    ["a proxy under a name of this machine", { BEHIND_PROXY: "1", PUBLIC_URL: "http://[::1]:8080" }, false],
    ["no proxy", {}, false],
  ])("let a gateway without sign-in listen behind %s only if nobody else can reach it: %j", (_, env, isExposed) => {
    expect(exposureOf(readConfig({ ...env, ACCESS: "open" })) !== undefined).toBe(isExposed);
    expect(exposureOf(readConfig(env))).toBeUndefined();
  });

  it("require a certificate and its key together", () => {
    expect(() => readConfig({ TLS_CERT: "/cert" })).toThrow("TLS_CERT is set without TLS_KEY");
    expect(() => readConfig({ MESH_CA_FILE: "/ca" })).toThrow("MESH_CA_FILE is set alone");
    expect(readConfig({ MESH_IDENTITY_FILE: "/lab.key", MESH_CA_FILE: "/new,/old" })).toMatchObject({ meshCaFiles: ["/new", "/old"] });
    expect(() => readConfig({ TLS_KEY: "/key" })).toThrow("TLS_KEY is set without TLS_CERT");
  });

  it("do not subscribe to disconnects if told so, as on a NATS without the system account's export", () => {
    expect(readConfig({ NATS_URL: "nats://a", NATS_DISCONNECT_SUBJECT: "-" }).natsDisconnectSubject).toBeUndefined();
  });

  it.each([
    ["PORT", "65536"],
    ["PORT", "3000x"],
    ["PORT", "-1"],
    ["PORT", "1e3"],
    ["HOST", "not a host"],
    ["SYSTEM", "hospital"],
    ["SERVICES", "patients;visits"],
    ["SERVICES", "patients,"],
    ["NATS_URL", "localhost:4222"],
    ["NATS_URL", "http://a:4222"],
    ["MONGO_URL", "mysql://a"],
    ["REDIS_URL", "redis://"],
    ["NODE_ID", "a b"],
    ["LOG_LEVEL", "loud"],
    ["NATS_DISCONNECT_SUBJECT", "mesh.>"],
    ["CORS_ORIGIN", "app.example"],
    ["CORS_ORIGIN", "https://app.example/"],
    ["CORS_ORIGIN", "https://app.example:443"],
    ["CORS_ORIGIN", "https://*.example"],
    ["CORS_ORIGIN", "https://app.example,*"],
    ["CORS_ORIGIN", "null"],
    ["PUBLIC_URL", "ehr.example"],
    ["PUBLIC_URL", "ftp://ehr.example"],
    ["PUBLIC_URL", "https://ehr.example/fhir"],
    ["PUBLIC_URL", "https://ehr.example?"],
    ["PUBLIC_URL", "https://*.example"],
    ["TRUSTED_PROXIES", "proxy"],
    ["TRUSTED_PROXIES", "10.0.0.0/33"],
    ["TRUSTED_PROXIES", "10.0.0.0/8/8"],
    ["TRUSTED_PROXIES", "10.0.0.1,"],
    ["BEHIND_PROXY", "yes"],
  ])("refuse %s=%s by name and value", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(`${name} is "${value}"; it should be `);
  });

  it("report all faults in one message, without passwords", () => {
    const env = {
      PORT: "x",
      LOG_LEVEL: "y",
      NATS_URL: "nats://ward:hunter2@a:4222,http://only-token@b",
      MONGO_URL: "mysql://root:hunter3@db",
    };
    expect(() => readConfig(env)).toThrow(
      /PORT is "x"[\s\S]*NATS_URL is "nats:\/\/ward:\*\*\*@a:4222,http:\/\/\*\*\*@b"[\s\S]*MONGO_URL is "mysql:\/\/root:\*\*\*@db"[\s\S]*LOG_LEVEL is "y"/,
    );
    expect(() => readConfig(env)).not.toThrow(/hunter|only-token/);
  });

  it("hide a password that contains an @", () => {
    expect(withoutPasswords("redis://u:p@ss@host:1/0")).toBe("redis://u:***@host:1/0");
  });
});
