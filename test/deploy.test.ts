/** The servers of the containers, run with their very files of configuration: by TLS only, each client as who it is, and a node on all of them. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createContext, runInContext } from "node:vm";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import { AckPolicy, connect, type NatsConnection } from "nats";
import { connectionOptions } from "../mesh/nats-options.ts";
import { consumerName, PARTITIONS } from "../mixins/events/stream-consumers.ts";
import { freePort, natsServer, onFreePort, redisServer, type Server, startMongo } from "../scripts/servers.mjs";
import { openStore } from "../store/open-store.ts";
import { type Container, compose, configurationOf, environmentOf } from "./kit/compose.ts";
import { eventually } from "./kit/events.ts";
import { contentOf } from "./kit/map.ts";
import { run } from "./kit/programs.ts";
import { knowsTls, tlsFront } from "./kit/tls-front.ts";

const folder = mkdtempSync(join(tmpdir(), "openward-deploy-"));
const ca = join(folder, "servers-ca.pem");
const container = (name: string) => compose.services[name] as Container;
const passwordOf = (user: string) => readFileSync(join(folder, `${user}.password`), "utf8");
const started: { child: ChildProcess; ended: Promise<unknown> }[] = [];

function start(program: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "ignore" });
  started.push({ child, ended: once(child, "exit") });
  return child;
}

beforeAll(async () => expect(await run(["mesh-keys", "compose", "--folder", folder], {}).ended).toBe(0));
afterAll(async () => {
  await mongo?.stop();
  endFront();
  for (const { child, ended } of started) {
    child.kill("SIGKILL");
    await ended;
  }
  rmSync(folder, { recursive: true });
});

const NATS = ["nats-1", "nats-2", "nats-3"];
/** Of each server: where clients and the health check reach it. */
const nats: { clients: string; monitoring: string }[] = [];
let redisPort: number;
/** Ends what stands before Redis. */
let endFront = () => {};
let mongo: Server;

/** Starts a server of the cluster with its own configuration, on free ports of this machine. */
async function startNatsServer(program: string, name: string, routePorts: number[]): Promise<void> {
  const dir = join(folder, name);
  mkdirSync(dir);
  const local = (text: string) => NATS.reduce((it, one, index) => it.replaceAll(`${one}:6222`, `127.0.0.1:${routePorts[index]}`), text);
  writeFileSync(join(dir, "nats-cluster.conf"), local(readFileSync(join(folder, "nats-cluster.conf"), "utf8")));
  writeFileSync(join(dir, "nats-users.conf"), readFileSync(join(folder, "nats-users.conf")));
  const free = configurationOf("deploy/nats.conf", container(name), folder)
    .replace("port: 6222", `port: ${routePorts[NATS.indexOf(name)]}\n  host: "127.0.0.1"`)
    .replace("store_dir: /data", `store_dir: ${JSON.stringify(join(dir, "data"))}`)
    .replace("port: 4222", 'port: -1\nhost: "127.0.0.1"')
    .replace('http: "127.0.0.1:8222"', 'http: "127.0.0.1:-1"');
  writeFileSync(join(dir, "nats.conf"), `ports_file_dir: ${JSON.stringify(dir)}\n${free}`);
  const child = start(program, ["--config", join(dir, "nats.conf")], environmentOf(container(name), folder));
  const file = join(dir, `${basename(program)}_${child.pid}.ports`);
  while (!existsSync(file) || readFileSync(file).length === 0) {
    if (child.exitCode !== null) throw new Error(`${name} ended instead of starting.`);
    await pause(10); // a file of another process: there is no event to wait for
  }
  const told = JSON.parse(readFileSync(file, "utf8")) as Record<"nats" | "monitoring", string[]>;
  const at = (key: "nats" | "monitoring") => (told[key][0] ?? "").replace(/^\w+:\/\//, "");
  nats.push({ clients: at("nats"), monitoring: at("monitoring") });
}

/** How long a connection may take, milliseconds: ends a test that hangs. */
const CONNECTED_WITHIN_MS = 120_000;
const natsOptions = (index: number, service: string) => ({
  ...connectionOptions(`tls://${nats[index]?.clients}`, join(folder, `${service}.nk`), ca),
  timeout: CONNECTED_WITHIN_MS,
});

describe("the NATS cluster", () => {
  beforeAll(async () => {
    const program = await natsServer();
    const routePorts = await Promise.all(NATS.map(() => freePort()));
    for (const name of NATS) await startNatsServer(program, name, routePorts);
  });

  it("reports to a node on one server who left another", async () => {
    const at = (index: number, name: string) =>
      connect({ ...natsOptions(index, name.replace(/-.*/, "")), name, ignoreClusterUpdates: true });
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
    for (const { monitoring } of nats) while ((await fetch(`http://${monitoring}/healthz`)).status !== 200) await pause(20);
    expect(left).not.toContain("api-1");
    await first.close();
  });

  it("accepts TLS only, from holders of a key of the mesh, and authenticates by the mesh's own CA", async () => {
    const { authenticator, servers = [] } = natsOptions(0, "lab");
    const plain = { servers, reconnect: false, timeout: 2_000 };
    await expect(connect({ ...plain, tls: { caFile: ca } })).rejects.toMatchObject({ code: "AUTHORIZATION_VIOLATION" });
    await expect(connect({ ...plain, authenticator: authenticator as never, tls: {} })).rejects.toThrow(/certificate/);
    const { tls, ...withoutTls } = natsOptions(0, "lab");
    const client = await connect({ ...withoutTls, reconnect: false, tls: { caFile: ca } });
    expect(client.info?.tls_required).toBe(true);
    await client.close();
    expect(tls).toEqual({ caFile: ca });
  });
});

describe("Redis", () => {
  const redis = (more: object) =>
    new Redis({ host: "127.0.0.1", port: redisPort, lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false, ...more }).on(
      "error",
      () => {},
    );
  const withCa = () => ({ tls: { ca: readFileSync(ca) } });

  beforeAll(() =>
    onFreePort(0, (port) => {
      redisPort = port;
      return startRedis();
    }),
  );
  async function startRedis(): Promise<void> {
    const file = join(folder, "redis.conf");
    const text = configurationOf("deploy/redis.conf", container("redis"), folder).replace("tls-port 6379", `tls-port ${redisPort}`);
    const [program, behind] = [await redisServer(), await freePort()];
    const isWhole = knowsTls(program);
    const own = isWhole ? text : text.replaceAll(/^tls-.*\n/gm, "").replace("port 0", `port ${behind}`);
    writeFileSync(file, `${own}bind 127.0.0.1\ndir ${folder}\n`);
    const child = start(program, [file]);
    if (!isWhole) endFront = await tlsFront(text, redisPort, behind);
    for (;;) {
      if (child.exitCode !== null) throw new Error("Redis ended instead of starting.");
      const client = redis(withCa());
      const isThere = await client.connect().then(
        () => true,
        () => false,
      );
      client.disconnect();
      if (isThere) return;
      await pause(20); // a port of another process: there is no event to wait for
    }
  }

  it("answers by TLS, to clients with the password", async () => {
    const known = redis({ ...withCa(), password: passwordOf("redis") });
    expect(await known.ping()).toBe("PONG");
    known.disconnect();
    const stranger = redis(withCa());
    await expect(stranger.ping()).rejects.toThrow(/NOAUTH/);
    stranger.disconnect();
    const plain = redis({ password: passwordOf("redis") });
    await expect(plain.connect()).rejects.toThrow();
    plain.disconnect();
  });
});

interface MongoUser {
  user: string;
  pwd: string;
  roles: unknown[];
}

/** What the script has MongoDB's shell do. @param users those that are there */
function initialized(users: Map<string, MongoUser>): Map<string, MongoUser> {
  let isSignedIn = false;
  const admin = {
    auth(user: string, pwd: string) {
      if (users.get(user)?.pwd !== pwd) throw new Error("Authentication failed.");
      isSignedIn = true;
      return { ok: 1 };
    },
    createUser(user: MongoUser) {
      if (users.size > 0 && !isSignedIn) throw new Error("command createUser requires authentication");
      users.set(user.user, user);
    },
    getUser: (user: string) => users.get(user) ?? null,
    updateUser: (user: string, change: Omit<MongoUser, "user">) => users.set(user, { user, ...change }),
  };
  const db = { getSiblingDB: () => admin, hello: () => ({ isWritablePrimary: true }) };
  const shell = { db, rs: { initiate() {} }, sleep() {}, print() {}, quit: () => fail(), require: () => ({ readFileSync: usersFile }) };
  runInContext(contentOf("deploy/mongo-init.js"), createContext(shell));
  return users;
}
const fail = () => {
  throw new Error("The script has given up.");
};
const usersFile = () => readFileSync(join(folder, "mongo-users.json"), "utf8");

describe("MongoDB", () => {
  const dir = join(folder, "mongo");
  const urlOf = (service: string) =>
    `mongodb://${service}:${passwordOf(`mongo-${service}`)}@127.0.0.1:${mongo.port}/openward?directConnection=true&authSource=admin&tls=true`;

  beforeAll(async () => {
    const first = await startMongo({ dir });
    const client = await new MongoClient(first.url).connect();
    for (const { user, pwd, roles } of initialized(new Map()).values()) {
      // The stand-in knows no other roles than those over data.
      const known = roles.filter((role) => typeof role === "object" || /^read/.test(String(role)));
      await client.db("admin").command({ createUser: user, pwd, roles: known });
    }
    await client.close();
    await first.stop();
    const pair = join(folder, "mongo-1.pem");
    mongo = await startMongo({ dir, options: ["--auth", "--tls-cert-file", pair, "--tls-key-file", pair] });
  });

  it("gives each service its own database only, and nothing without authentication", async () => {
    const options = { name: "lab", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }) };
    const store = await openStore({ dataDir: dir, mongoUrl: urlOf("lab"), serversCaFile: ca }, options);
    expect(await store.count("Patient", [])).toBe(0);
    await store.close();
    const client = await new MongoClient(urlOf("lab"), { tlsCAFile: ca }).connect();
    const others = client.db("openward_patients").collection("resource");
    await expect(others.findOne({})).rejects.toMatchObject({ codeName: "Unauthorized" });
    await expect(others.insertOne({})).rejects.toMatchObject({ codeName: "Unauthorized" });
    await client.close();
    const stranger = await new MongoClient(urlOf("lab").replace(/\/\/.*@/, "//"), { tlsCAFile: ca }).connect();
    await expect(stranger.db("openward_lab").collection("resource").findOne({})).rejects.toMatchObject({ code: 13 });
    await stranger.close();
    const plain = new MongoClient(urlOf("lab").replace("&tls=true", ""), { serverSelectionTimeoutMS: 200 });
    await expect(plain.connect()).rejects.toMatchObject({ name: "MongoServerSelectionError" });
  });

  it("has new passwords after the next start, and users of new services", () => {
    const users = initialized(new Map());
    const lab = users.get("lab") as MongoUser;
    users.set("lab", { ...lab, pwd: "of before" });
    users.delete("billing");
    expect(initialized(users).get("lab")).toEqual(lab);
    expect(users.get("billing")?.roles).toEqual([{ role: "readWrite", db: "openward_billing" }]);
  });
});

describe("nodes with the settings of their containers", () => {
  const stream = () => "openward-provider-deploy-events";

  it("work with all these servers, and find the stream of events, which one of them creates for all", async () => {
    const at = { NATS_URL: nats.map(({ clients }) => `tls://${clients}`).join(","), REDIS_URL: `rediss://127.0.0.1:${redisPort}` };
    const programs = ["ledger", "patients"].map((name) => {
      const MONGO_URL = `mongodb://${name}@127.0.0.1:${mongo.port}/openward?directConnection=true&authSource=admin&tls=true`;
      const own = { MONGO_URL, DATA_DIR: join(folder, `node-${name}`), METRICS_PORT: "", MESH_NAME: "deploy" };
      return run(["serve"], { ...environmentOf(container(name), folder), ...at, ...own });
    });
    started.push(...programs);
    await Promise.all(programs.map((program) => program.says(/Ready\./)));
    const client = await connect(natsOptions(0, "ledger"));
    const jsm = await client.jetstreamManager();
    const isThere = (consumer: string) =>
      jsm.consumers.info(stream(), consumer).then(
        () => true,
        () => false,
      );
    await eventually(
      () => Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => isThere(consumerName("ledger", partition)))),
      (found) => !found.includes(false),
    );
    const { cluster, config } = await jsm.streams.info(stream());
    expect([cluster?.replicas?.length, config.retention]).toEqual([2, "interest"]);
    await client.close();
    for (const { child, ended, output } of programs) {
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
      expect(output()).not.toMatch(/"level":"(error|fatal)"/);
    }
  });

  it("receive and acknowledge the events of their own service only", async () => {
    const client = await connect(natsOptions(1, "billing"));
    const jsm = await client.jetstreamManager({ timeout: 2_000 });
    const denied = { code: "PERMISSIONS_VIOLATION" };
    expect((await jsm.consumers.info(stream(), "ledger-0")).config.durable_name).toBe("ledger-0");
    const own = {
      durable_name: "billing-0",
      filter_subjects: ["openward-provider-deploy.event.0.fhir.Encounter"],
      ack_policy: AckPolicy.Explicit,
    };
    await jsm.consumers.add(stream(), own);
    const js = client.jetstream();
    await js.publish("openward-provider-deploy.event.0.fhir.Encounter", "[]");
    const message = await (await js.consumers.get(stream(), "billing-0")).next({ expires: 1_000 });
    expect(await message?.ackAck()).toBe(true);

    await expect(jsm.consumers.add(stream(), { ...own, durable_name: "lab-0" })).rejects.toMatchObject(denied);
    await expect(jsm.consumers.delete(stream(), "ledger-0")).rejects.toMatchObject(denied);
    await expect(jsm.streams.purge(stream())).rejects.toMatchObject(denied);
    await expect(jsm.streams.update(stream(), { max_age: 1_000_000_000 })).rejects.toMatchObject(denied);
    await expect(jsm.streams.getMessage(stream(), { seq: 1 })).rejects.toMatchObject(denied);
    await expect(client.request(`$JS.API.CONSUMER.MSG.NEXT.${stream()}.ledger-0`, "", { timeout: 2_000 })).rejects.toMatchObject(denied);
    const [, ledgersKey] = /nkey: (\w+),[^\n]*# ledger$/m.exec(readFileSync(join(folder, "nats-users.conf"), "utf8")) ?? [];
    for (const subject of ["openward-provider-deploy.event.>", "_INBOX.>", `_INBOX_${ledgersKey}.>`, "$JS.>"]) {
      await expect(refusedBy(client, subject)).rejects.toMatchObject(denied);
    }
    await client.close();
  });
});

/** What a subscription is refused with. */
const refusedBy = (client: NatsConnection, subject: string) =>
  new Promise((resolve, reject) => {
    client.subscribe(subject, { callback: (error) => (error ? reject(error) : resolve(undefined)) });
  });
