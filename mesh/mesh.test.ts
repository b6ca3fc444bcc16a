/** The mesh over a real NATS: what happens when packets are large, nodes die, and NATS itself goes away. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { type Server, startNats } from "../scripts/servers.mjs";
import { announceMetadata } from "./announce.ts";
import { readConfig } from "./config.ts";
import { LIMITS } from "./fragments.ts";
import type { MeshTransporter } from "./transporter.ts";
import { nonNull } from "../fhir/non-null.ts";
import { runningMs } from "../test/kit/running-time.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-mesh-"));
let nats: Server;
const brokers: ServiceBroker[] = [];
const children: ChildProcess[] = [];
/** Ends the calls of `echo.hang`, for which their node would wait. */
const hanging: (() => void)[] = [];

beforeAll(async () => {
  nats = await startNats({ dir });
});

afterEach(async () => {
  for (const end of hanging.splice(0)) end();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
});

afterAll(async () => {
  await nats.stop();
  rmSync(dir, { recursive: true });
});

const settings = (name: string) => ({ NATS_URL: nats.url, NODE_ID: name, LOG_LEVEL: "fatal", ACCESS: "open", DATA_DIR: dir });

async function node(name: string, ...services: ServiceSchema[]): Promise<ServiceBroker> {
  const broker = new ServiceBroker(brokerOptions(readConfig(settings(name))));
  for (const service of services) broker.createService(service);
  brokers.push(broker);
  await broker.start();
  return broker;
}

/** A node in a process of its own, which can be killed like one. */
async function process_(name: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../test/kit/echo-node.ts")], {
    env: { ...process.env, ...settings(name) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  children.push(child);
  await once(child, "message");
  return child;
}

const transporterOf = (broker: ServiceBroker) => nonNull(broker.transit).tx as MeshTransporter;
const clientOf = (broker: ServiceBroker) => nonNull(transporterOf(broker).client);

/** A caller of what two nodes answer, one of them a process of its own. */
async function readFromTwo(): Promise<{ caller: ServiceBroker; child: ChildProcess }> {
  const reading: ServiceSchema = { name: "echo", actions: { back: { retryPolicy: { enabled: true }, handler: (ctx) => ctx.params } } };
  const caller = await node("caller");
  await node("lab-1", reading);
  const child = await process_("lab-2");
  const registered = () => (caller.registry.actions.get("echo.back") as unknown as { endpoints: unknown[] })?.endpoints.length;
  while (registered() !== 2) await heard(caller, "$node.connected");
  return { caller, child };
}

async function twoThatKnowEachOther(): Promise<[ServiceBroker, ServiceBroker]> {
  const both = await Promise.all([node("one"), node("lab", echo)]);
  await both[0].waitForServices("echo");
  return both;
}

/** Resolves when the broker's own bus tells the event. */
const heard = (broker: ServiceBroker, event: string) => new Promise<unknown>((resolve) => broker.localBus.once(event, resolve));

const echo: ServiceSchema = {
  name: "echo",
  actions: {
    back: { handler: (ctx) => ctx.params },
    hang: { handler: () => new Promise<void>((resolve) => hanging.push(resolve)) },
    long: { handler: (ctx) => "x".repeat(Number((ctx.params as { bytes: number }).bytes)) },
    left: { handler: (ctx) => (ctx.options as { timeout: number }).timeout },
    through: { handler: (ctx) => ctx.call("echo.left") },
  },
};

describe("concurrent calls", () => {
  it("arrive in their order, small ones beside large ones, and each gets its own answer", async () => {
    const arrived: number[] = [];
    const lab: ServiceSchema = {
      name: "lab",
      actions: {
        measure: {
          handler: ({ params }) => {
            const { n, text } = params as { n: number; text: string };
            arrived.push(n);
            return { n, bytes: text.length };
          },
        },
      },
    };
    const [caller] = await Promise.all([node("caller"), node("lab", lab)]);
    await nonNull(caller).waitForServices("lab");
    const sizes = [0, 10, 400, 600, 6_000, 20_000, 0, 1_500_000, 1, 2];
    const calls = Array.from({ length: 50 }, (_, n) => ({ n, text: "x".repeat(sizes[n % sizes.length] as number) }));
    const answers = await Promise.all(calls.map((call) => nonNull(caller).call<object, object>("lab.measure", call)));
    expect(answers).toEqual(calls.map(({ n, text }) => ({ n, bytes: text.length })));
    expect(arrived).toEqual(calls.map(({ n }) => n));
  });
});

describe("large packets", () => {
  it("pass in both directions, although NATS's limit is 1 MB", async () => {
    const [caller] = await Promise.all([node("caller"), node("lab", echo)]);
    await nonNull(caller).waitForServices("echo");
    const text = "ä".repeat(2_500_000); // 5 MB
    const answers = await Promise.all(
      [1, 2, 3].map((n) => nonNull(caller).call<{ n: number; text: string }, unknown>("echo.back", { n, text })),
    );
    expect(answers.map((answer) => [answer.n, answer.text === text])).toEqual([1, 2, 3].map((n) => [n, true]));
  });

  it("beyond the mesh's limit are refused at the sender with a clear error, and a too large answer is reported to the caller", async () => {
    const [caller] = await Promise.all([node("caller"), node("lab", echo)]);
    await nonNull(caller).waitForServices("echo");
    const bytes = LIMITS.packetBytes;
    const refused = { code: 413, type: "PACKET_TOO_LARGE", data: { limit: bytes } };
    await expect(nonNull(caller).call("echo.back", { text: "x".repeat(bytes) })).rejects.toMatchObject(refused);
    await expect(nonNull(caller).call("echo.long", { bytes })).rejects.toMatchObject(refused);
    await expect(nonNull(caller).call("echo.back", { ok: true })).resolves.toEqual({ ok: true });
  });
});

describe("a node that is killed", () => {
  it("is removed from the registry of every other node in less than 100 ms, and calls in progress to it fail", async () => {
    const [one, two] = await Promise.all([node("one"), node("two")]);
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const child = await process_("lab");
      await Promise.all([nonNull(one).waitForServices("echo"), nonNull(two).waitForServices("echo")]);
      const underWay = nonNull(one).call("echo.hang", {});
      const rejected = expect(underWay).rejects.toMatchObject({ type: "REQUEST_REJECTED", retryable: true });
      const gone = Promise.all([heard(nonNull(one), "$node.disconnected"), heard(nonNull(two), "$node.disconnected")]);
      await nonNull(one).call("echo.back", {});
      const start = runningMs();
      child.kill("SIGKILL");
      await gone;
      times.push(runningMs() - start);
      await rejected;
      await expect(nonNull(one).call("echo.back", {})).rejects.toMatchObject({ code: 404 });
    }
    // The quickest round: what else runs on the machine is no matter of the mesh. A heartbeat would need a second at least.
    expect(Math.min(...times)).toBeLessThan(100);
  });

  it("causes no failed read while another node serves it", async () => {
    const { caller, child } = await readFromTwo();
    let running = true;
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let n = 0; running; n++) expect(await caller.call("echo.back", { n })).toEqual({ n });
      }),
    );
    const gone = heard(caller, "$node.disconnected");
    child.kill("SIGKILL");
    await gone;
    await caller.call("echo.back", {});
    running = false;
    await load;
  });

  it("is not taken for lost if it has a newer connection than the closed one", async () => {
    const [one, lab] = await twoThatKnowEachOther();
    announceMetadata(lab, "connection", { server: "another", client: 1 });
    await transporterOf(lab).announce();
    await one.call("echo.back", {}); // its answer comes behind the announcement
    const told = new Promise<void>((resolve) => {
      clientOf(one).subscribe("mesh.disconnect", { callback: () => resolve() });
    });
    await clientOf(one).flush();
    await clientOf(lab).close();
    await told;
    expect(one.registry.nodes.get(lab.nodeID)?.available).toBe(true);
  });

  it("is reported as gone by the server only", async () => {
    const [one, lab] = await twoThatKnowEachOther();
    const connection = one.registry.nodes.get(lab.nodeID)?.metadata?.["connection"] as { server: string; client: number };
    const lie = { server: { id: connection.server }, client: { id: connection.client, name: lab.nodeID } };
    clientOf(lab).publish("mesh.disconnect", JSON.stringify(lie));
    await clientOf(lab).flush();
    await expect(one.call("echo.back", {})).resolves.toEqual({});
    expect(one.registry.nodes.get(lab.nodeID)?.available).toBe(true);
  });
});

describe("a node that hangs", () => {
  it("delays a read by less than two seconds, is soon removed from the registry, and comes back by itself", async () => {
    const { caller, child } = await readFromTwo();
    let running = true;
    let longest = 0;
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let n = 0; running; n++) {
          const start = runningMs();
          expect(await caller.call("echo.back", { n })).toEqual({ n });
          longest = Math.max(longest, runningMs() - start);
          await new Promise(setImmediate);
        }
      }),
    );
    await caller.call("echo.back", {});
    const gone = heard(caller, "$node.disconnected");
    child.kill("SIGSTOP");
    const start = runningMs();
    await gone;
    const detected = runningMs() - start;
    const back = heard(caller, "$node.connected");
    child.kill("SIGCONT");
    await back;
    running = false;
    await load;
    // Its heartbeats are half a second apart. Three times the aims, for a busy machine.
    expect(detected).toBeLessThan(6_000);
    expect(longest).toBeLessThan(4_500);
  });

  it("refuses, when it resumes, the calls that were sent to it meanwhile", async () => {
    const caller = await node("caller");
    const child = await process_("lab");
    await caller.waitForServices("echo");
    child.kill("SIGSTOP");
    const asked = caller.call("echo.back", {}, { timeout: 9_000 });
    const rejected = expect(asked).rejects.toMatchObject({ type: expect.stringMatching(/REQUEST_REJECTED|SERVICE_NOT_(FOUND|AVAILABLE)/) });
    await heard(caller, "$node.disconnected");
    await rejected;
    const back = heard(caller, "$node.connected");
    child.kill("SIGCONT");
    await back;
    await expect(caller.call("echo.back", { again: true })).resolves.toEqual({ again: true });
  });
});

describe("the loss of NATS", () => {
  it("fails calls in progress and new ones at once, and everything works again when it is back", async () => {
    const [caller] = await Promise.all([node("caller"), node("lab", echo)]);
    await nonNull(caller).waitForServices("echo");
    const underWay = Array.from({ length: 50 }, () => nonNull(caller).call("echo.hang", {}));
    const rejected = Promise.all(underWay.map((call) => expect(call).rejects.toMatchObject({ type: "REQUEST_REJECTED", retryable: true })));
    await nonNull(caller).call("echo.back", {});
    await nonNull(caller).cacher?.set("ward", { beds: 3 });
    const lost = heard(nonNull(caller), "$transporter.disconnected");
    const start = runningMs();
    await nats.kill();
    await lost;
    await rejected;
    expect(runningMs() - start).toBeLessThan(5_000); // they would have waited for their timeout, 10 s
    await expect(nonNull(caller).call("echo.back", {})).rejects.toMatchObject({
      type: expect.stringMatching(/BAD_GATEWAY|SERVICE_NOT_(FOUND|AVAILABLE)/),
    });
    expect(await nonNull(caller).cacher?.get("ward")).toBeUndefined();
    const back = Promise.all(brokers.map((broker) => heard(broker, "$mesh.reconnected")));
    nats = await startNats({ dir, port: nats.port });
    await back;
    await nonNull(caller).waitForServices("echo");
    await expect(nonNull(caller).call("echo.back", { again: true })).resolves.toEqual({ again: true });
  });

  it("does not end a node that is just announcing itself", async () => {
    const broker = await node("lab", echo);
    jest.spyOn(clientOf(broker), "flush").mockRejectedValueOnce(new Error("DISCONNECT"));
    await expect(transporterOf(broker).announce()).resolves.toBeUndefined();
  });

  it("does not keep a node from stopping", async () => {
    const broker = await node("lab", echo);
    await nats.kill();
    await broker.stop();
    brokers.length = 0;
    nats = await startNats({ dir, port: nats.port });
  });
});

describe("a deadline", () => {
  it("is passed on: the calls of a handler get only the remaining time", async () => {
    const [caller] = await Promise.all([node("caller"), node("lab", echo)]);
    await nonNull(caller).waitForServices("echo");
    const left = await nonNull(caller).call<number, unknown>("echo.through", {}, { timeout: 60_000 });
    expect(left).toBeLessThan(60_000);
    expect(left).toBeGreaterThan(20_000); // those of a call without a time limit of its own get 10 s
  });

  it("ends a call that is never answered, so that its caller's node can stop", async () => {
    const [caller] = await twoThatKnowEachOther();
    await expect(caller.call("echo.hang", {}, { timeout: 100 })).rejects.toMatchObject({ type: "REQUEST_TIMEOUT" });
    const said = jest.spyOn(caller.logger, "error");
    await caller.stop();
    expect(said).not.toHaveBeenCalled(); // GracefulStopTimeoutError
    brokers.splice(brokers.indexOf(caller), 1);
  });
});
