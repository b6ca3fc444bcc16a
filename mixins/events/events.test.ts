/** Events over a real NATS: in order, once in effect, and not lost while somebody is away. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Errors, type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import { headers, type NatsConnection } from "nats";
import { nonNull } from "../../fhir/non-null.ts";
import { readConfig } from "../../mesh/config.ts";
import { event } from "../../mesh/contract.ts";
import type { MeshTransporter } from "../../mesh/transporter.ts";
import { caPublicFile, issueKeyFile, keyFolder, keysFromFiles, keysFromFolder } from "../../mesh/trust/key-files.ts";
import { membershipOf } from "../../federation/membership.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import { type Server, startNats } from "../../scripts/servers.mjs";
import { eventually } from "../../test/kit/events.ts";
import { Fhir, type WithFhir } from "../fhir/fhir.ts";
import { addition } from "../fhir/write-steps.ts";
import { type DurableEvent, effectOf, task } from "./event.ts";
import { Events, eventsOf } from "./events.ts";
import { partitionOf } from "./jetstream.ts";
import { SIGNED, signatureOf } from "./signed-events.ts";
import { ensureStream } from "./stream.ts";
import { PARTITIONS } from "./stream-consumers.ts";

type WithConsumer = { consumer: { attempt(event: DurableEvent, tries: number): Promise<unknown> } };

const noted = event<{ n: number }>("teller.noted");
const ended = event<{ n: number }>("teller.ended");

describe("events over NATS", () => {
  let dataDir: string;
  let nats: Server;
  let teller: ServiceBroker;
  const brokers: ServiceBroker[] = [];
  /** What the listeners of this process were given, in order. */
  let heard: { node: string; key: string; n: number }[];
  /** What a listener does first. */
  let first: (event: DurableEvent<{ n: number }>) => Promise<void>;

  async function start(service: ServiceSchema): Promise<ServiceBroker> {
    const broker = new ServiceBroker(
      brokerOptions(readConfig({ ACCESS: "open", DATA_DIR: dataDir, NATS_URL: nats.url, LOG_LEVEL: "fatal", SERVICES: "x" })),
    );
    broker.createService(service);
    await broker.start();
    brokers.push(broker);
    return broker;
  }
  async function stop(broker: ServiceBroker): Promise<void> {
    brokers.splice(brokers.indexOf(broker), 1);
    await broker.stop();
  }
  const tellerService = { name: "teller", mixins: [Fhir({ owns: ["Basic"] })] } as ServiceSchema;
  const listener = (): ServiceSchema => ({
    name: "listener",
    mixins: [
      Events<WithFhir>({
        handles: {
          async "teller.noted"(this: { broker: ServiceBroker } & WithFhir, told: DurableEvent<{ n: number }>) {
            await first(told);
            await this.fhir.write([effectOf(told), addition("heard", 1), task({ ...told, event: "listener.did", id: `${told.id}/did` })]);
            heard.push({ node: this.broker.nodeID, key: told.key, n: told.payload.n });
          },
        } as never,
        tasks: {
          async "listener.did"(this: WithFhir, told: DurableEvent<{ n: number }>) {
            await this.fhir.write([effectOf(told), addition("did", 1)]);
          },
        } as never,
      }),
      Fhir({ owns: ["Flag"] }),
    ],
  });
  const tell = (key: string, n: number) =>
    (teller.getLocalService("teller") as unknown as WithFhir).fhir.write([noted.told({ id: `${key}/${n}`, key, payload: { n } })]);
  const aListener = () => brokers.map((it) => it.getLocalService("listener")).find(Boolean) as unknown as Service & WithFhir & WithConsumer;
  const counter = (name: string) => aListener().store.counter(name);
  const numbersOf = (key: string) => heard.filter((it) => it.key === key).map(({ n }) => n);
  /** Resolves when so many events of this record were handled. */
  const arrived = (key: string, count: number) =>
    eventually(
      async () => numbersOf(key).length,
      (handled) => handled >= count,
    );
  const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
  const jetStream = () => {
    const { tx } = teller.transit as NonNullable<typeof teller.transit>;
    return (tx as unknown as { client: NatsConnection }).client.jetstreamManager();
  };
  const before = process.env.DATA_DIR;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "openward-events-"));
    process.env.DATA_DIR = dataDir; // the stores read their settings when they start
    nats = await startNats({ dir: join(dataDir, "nats") });
    teller = await start(tellerService);
  });
  beforeEach(() => {
    heard = [];
    first = async () => {};
  });
  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await nats?.stop();
    if (before === undefined) delete process.env.DATA_DIR;
    else process.env.DATA_DIR = before;
    rmSync(dataDir, { recursive: true });
  });

  it("are shared by the replicas of a service, each handled once and those of a record in order, and so are its own tasks", async () => {
    const replicas = [await start(listener()), await start(listener())];
    let failures = 3;
    first = async ({ key, payload }) => {
      if (key !== "b" || payload.n !== 4) return;
      failures -= 1;
      if (failures >= 0) throw new Errors.MoleculerClientError("not yet", 409, "NOT_YET");
    };
    for (const n of upTo(12)) await Promise.all(["a", "b", "c", "d", "e"].map((key) => tell(key, n)));
    await eventually(
      () => counter("did"),
      (count) => count === 60,
    );
    for (const key of ["a", "b", "c", "d", "e"]) expect(numbersOf(key)).toEqual(upTo(12));
    expect(await counter("heard")).toBe(60);
    expect(new Set(heard.map(({ node }) => node)).size).toBe(2);
    for (const replica of replicas) await stop(replica);
  });

  it("that must wait hold up no events of other records, even in one message", async () => {
    const replica = await start(listener());
    const one = "waiting/0";
    const other = nonNull(
      upTo(1_000)
        .map((n) => `other/${n}`)
        .find((key) => partitionOf(key) === partitionOf(one)),
    );
    let isBlocked = true;
    first = async ({ key }) => {
      if (key === one && isBlocked) throw new Errors.MoleculerClientError("not yet", 409, "NOT_YET");
    };
    const events = [one, other].map((key) => noted.told({ id: `${key}/0`, key, payload: { n: 0 } }));
    await (teller.getLocalService("teller") as unknown as WithFhir).fhir.write(events);
    await arrived(other, 1);
    expect(numbersOf(one)).toEqual([]);
    isBlocked = false;
    await arrived(one, 1);
    await stop(replica);
  });

  it.each([
    ["while something is down", () => new Errors.MoleculerRetryableError("down", 503, "OWNER_DOWN")],
    ["until it is set aside", () => new Errors.MoleculerClientError("not yet", 409, "NOT_YET")],
  ])("that must wait %s hold up only later ones of their record, which stay in order, in later messages too", async (why, failure) => {
    const replicas = [await start(listener()), await start(listener())];
    const one = `late ${why}`;
    const others = upTo(1_000).map((n) => `early ${why}/${n}`);
    const other = nonNull(others.find((key) => partitionOf(key) === partitionOf(one)));
    let isBlocked = true;
    first = async ({ key }) => {
      if (key === one && isBlocked) throw failure();
    };
    for (const n of upTo(4)) {
      await tell(one, n);
      await tell(other, n);
      await arrived(other, n + 1);
    }
    expect(numbersOf(one)).toEqual([]);
    const late = await aListener().store.outbox("late", 10);
    expect(late.map(({ id }) => id)).toEqual(upTo(4).map((n) => `${one}/${n}`));
    isBlocked = false;
    await arrived(one, 4);
    expect(numbersOf(one)).toEqual(upTo(4));
    for (const replica of replicas) await stop(replica);
  });

  it("wait for a service that is down, and for a NATS that returns with its data", async () => {
    for (const n of upTo(3)) await tell("down", n);
    await eventually(
      () => (teller.getLocalService("teller") as unknown as WithFhir).store.outboxState(),
      ({ waiting }) => waiting === 0,
    );
    await nats.kill();
    for (const n of upTo(3)) await tell("down", n + 3);
    nats = await startNats({ dir: join(dataDir, "nats"), port: nats.port });
    const own = await start(listener());
    await arrived("down", 6);
    expect(numbersOf("down")).toEqual(upTo(6));
    await stop(own);
  });

  it("are handled by one replica at a time, however long it takes", async () => {
    await Promise.all([start(listener()), start(listener())]);
    let begun = 0;
    first = async ({ key }) => {
      if (key !== "long") return;
      begun += 1;
      await delay(6_500); // longer than a claim lasts that is not renewed
    };
    await tell("long", 0);
    await arrived("long", 1);
    expect(begun).toBe(1);
  });

  it("of a new kind are left by an older replica to the next version of the service", async () => {
    const told = (key: string, event: typeof noted) =>
      (teller.getLocalService("teller") as unknown as WithFhir).fhir.write([event.told({ id: `${key}/0`, key, payload: { n: 0 } })]);
    const handled: string[] = [];
    const version = (...events: string[]): ServiceSchema => {
      const hear = async (one: DurableEvent) => void handled.push(one.id);
      return {
        name: "reader",
        mixins: [Events({ handles: Object.fromEntries(events.map((event) => [event, hear])) }), Fhir({ owns: ["List"] })],
      };
    };
    const until = (...ids: string[]) =>
      eventually(
        async () => handled,
        (all) => ids.every((id) => all.includes(id)),
      );
    const jsm = await jetStream();
    /** What each partition's consumer asks for. */
    const asked = async () => {
      const all = await jsm.consumers.list(`${teller.namespace}-events`).next();
      return all.flatMap(({ name, config }) =>
        name.startsWith("reader-")
          ? [
              config.filter_subjects
                ?.map((subject) => subject.split(".").at(-1))
                .sort()
                .join(),
            ]
          : [],
      );
    };
    const asks = (wanted: string) => eventually(asked, (all) => all.length === PARTITIONS && all.every((one) => one === wanted));
    const older = await start(version(noted.event));
    await asks("noted");
    await told("first", noted);
    await until("first/0");
    const newer = await start(version(noted.event, ended.event));
    await asks("ended,noted");
    const keys = upTo(16).map((n) => `end${n}`);
    for (const key of keys) await told(key, ended);
    await until(...keys.map((key) => `${key}/0`));
    await stop(older);
    await stop(newer);
    const next = await start(version(noted.event));
    await asks("noted");
    await stop(next);
  });

  it("wait for a service that is down in a new stream", async () => {
    const own = brokers.filter((broker) => broker.getLocalService("listener"));
    for (const broker of own) await stop(broker);
    const jsm = await jetStream();
    await jsm.streams.delete(`${teller.namespace}-events`); // as with the disk that it was on
    for (const n of upTo(3)) await tell("anew", n);
    await eventually(
      () => (teller.getLocalService("teller") as unknown as WithFhir).store.outboxState(),
      ({ waiting }) => waiting === 0,
    );
    expect(await jsm.streams.info(`${teller.namespace}-events`)).toMatchObject({ config: { retention: "interest" } });
    await start(listener());
    await arrived("anew", 3);
    expect(numbersOf("anew")).toEqual(upTo(3));
  });

  it("are kept in a stream that another node has created at the same moment", async () => {
    const jsm = await jetStream();
    const stream = `${teller.namespace}-events`;
    let looks = 0;
    const info = (name: string) => {
      looks += 1;
      return looks === 1 ? Promise.reject(new Error("stream not found")) : jsm.streams.info(name);
    };
    const earlier = Object.create(jsm, { streams: { value: Object.setPrototypeOf({ info }, jsm.streams) } }) as typeof jsm;
    const names = { stream, subject: (partition: number, name: string) => `${teller.namespace}.event.${partition}.${name}` };
    for (const node of [jsm, earlier]) await ensureStream(node, { names, servers: 1, members: {} });
    expect(await jsm.streams.info(stream)).toMatchObject({ config: { retention: "interest" } });
  });

  it("that cannot be handled become dead letters, and are handled when an operator replays them", async () => {
    let isMended = false;
    first = async ({ key }) => {
      if (key === "bad" && !isMended) throw new Errors.MoleculerClientError("never", 422, "NEVER");
    };
    const bad: DurableEvent = { id: "bad/0", event: noted.event, key: "bad", at: 0, payload: { n: 0 } };
    await aListener().consumer.attempt(bad, 9); // the tenth try
    const operator = teller;
    expect(await eventsOf("listener").dead(operator, {})).toMatchObject([{ event: bad, tries: 10, reason: { type: "NEVER", code: 422 } }]);
    await expect(eventsOf("listener").replay(operator, { id: "bad/0" })).rejects.toMatchObject({ code: 422, type: "NEVER" });
    isMended = true;
    await eventsOf("listener").replay(operator, { id: "bad/0" });
    expect(await eventsOf("listener").dead(operator, {})).toEqual([]);
    expect(numbersOf("bad")).toEqual([0]);
    await expect(eventsOf("listener").replay(operator, { id: "bad/0" })).rejects.toMatchObject({
      code: 404,
      type: "DEAD_LETTER_NOT_FOUND",
    });
  });

  it("without a valid signature of their sender become dead letters, and have no effect", async () => {
    const own = await start(listener());
    const { client } = nonNull(teller.transit).tx as MeshTransporter;
    const forged = (id: string) => JSON.stringify([{ id, subject: "teller.noted", key: "forged", at: Date.now(), payload: '{"n":0}' }]);
    const subject = `${teller.namespace}.event.${partitionOf("forged")}.teller.noted`;
    const other = keysFromFiles(issueKeyFile(keyFolder(dataDir), { serves: ["billing"] }), [caPublicFile(keyFolder(dataDir))]);
    const told = new Map([
      ["unsigned", ""],
      ["by another", signatureOf(subject, forged("by another"), other.signer)],
      ["of another message", signatureOf(subject, forged("unsigned"), keysFromFolder(dataDir).signer)],
    ]);
    for (const [id, signature] of told) {
      const head = headers();
      head.set(SIGNED, signature);
      await nonNull(client).jetstream().publish(subject, forged(id), { headers: head });
    }
    await nonNull(client).jetstream().publish(subject, "no event at all");
    const right = keysFromFolder(dataDir).signer; // any service's
    const head = headers();
    const text = forged("right"); // made once: it has the time in it
    head.set(SIGNED, signatureOf(subject, text, right));
    await nonNull(client).jetstream().publish(subject, text, { headers: head });
    await arrived("forged", 1);
    expect(numbersOf("forged")).toEqual([0]);
    const dead = (await eventsOf("listener").dead(own, {})).filter(({ event }) => event.key === "forged");
    expect(dead.map(({ event, reason }) => [event.id, reason.code, reason.type]).sort()).toEqual(
      [...told.keys()].sort().map((id) => [id, 403, "NOT_CERTIFIED"]),
    );
    await stop(own);
  });

  it("are no longer kept for a retired service", async () => {
    const jsm = await jetStream();
    const consumers = async () =>
      (await jsm.consumers.list(`${teller.namespace}-events`).next()).filter(({ name }) => name.startsWith("listener-")).length;
    expect(await consumers()).toBe(PARTITIONS);
    for (const broker of brokers.filter((it) => it !== teller)) await stop(broker);
    membershipOf(teller).retire("listener");
    await eventually(consumers, (count) => count === 0);
  });
});
