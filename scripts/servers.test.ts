import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import { connect } from "nats";
import { connectionOptions } from "../mesh/nats-options.ts";
import { type Server, startMongo, startNats, startRedis } from "./servers.mjs";

const dir = mkdtempSync(join(tmpdir(), "openward-servers-"));
const servers: Server[] = [];
const running = async (start: Promise<Server>): Promise<Server> => {
  const server = await start;
  servers.push(server);
  return server;
};

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(dir, { recursive: true });
});

describe("NATS", () => {
  it("requires a password that no other user of the machine can read", async () => {
    const nats = await running(startNats({ dir: join(dir, "nats") }));
    const client = await connect(connectionOptions(nats.url));
    await client.close();
    await expect(connect({ servers: `127.0.0.1:${nats.port}` })).rejects.toThrow(/authorization/i);
    for (const file of ["nats.conf", "nats.passwords.json"]) expect(statSync(join(dir, "nats", file)).mode & 0o077).toBe(0);
  });

  it("reports which client left, and recognises its clients after a restart on its port", async () => {
    const first = await running(startNats({ dir: join(dir, "nats-2") }));
    await first.kill();
    const nats = await running(startNats({ dir: join(dir, "nats-2"), port: first.port }));
    expect(nats.url).toBe(first.url);
    const listener = await connect(connectionOptions(nats.url));
    const heard = new Promise<string>((resolve) => {
      listener.subscribe("mesh.disconnect", { callback: (_, msg) => resolve(msg.json<{ client: { name: string } }>().client.name) });
    });
    await listener.flush();
    await (await connect({ ...connectionOptions(nats.url), name: "lab-1" })).close();
    expect(await heard).toBe("lab-1");
    await listener.close();
  });

  it("reports why it cannot start", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(startNats({ dir: join(dir, "nats-3"), port })).rejects.toThrow(
      /nats-server ended instead of starting: [\s\S]*address already in use/,
    );
    other.close();
  });
});

describe("Redis and the substitute of MongoDB", () => {
  it("answer their clients once they are started", async () => {
    const [redis, mongo] = await Promise.all([
      running(startRedis({ dir: join(dir, "redis") })),
      running(startMongo({ dir: join(dir, "mongo") })),
    ]);
    const cache = new Redis(redis.url);
    expect(await cache.ping()).toBe("PONG");
    cache.disconnect();
    const client = await new MongoClient(mongo.url).connect();
    const beds = client.db("test").collection<{ _id: string }>("beds");
    await beds.insertOne({ _id: "1" });
    expect(await beds.countDocuments()).toBe(1);
    await client.close();
  });
});

describe("the address in NATS_URL", () => {
  it.each([
    ["nats://host", { servers: ["host:4222"] }],
    ["nats://ward:s%40crt%25@a:1,nats://b:2", { servers: ["a:1", "b:2"], user: "ward", pass: "s@crt%" }],
    ["nats://token@a", { servers: ["a:4222"], token: "token" }],
    ["tls://ward:pw@a:1", { servers: ["a:1"], user: "ward", pass: "pw", tls: {} }],
    ["nats://ward:50%@a", { servers: ["a:4222"], user: "ward", pass: "50%" }],
  ])("%s is understood", (url, expected) => {
    expect(connectionOptions(url)).toEqual(expected);
  });
});
