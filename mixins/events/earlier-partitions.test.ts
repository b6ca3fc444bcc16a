/** Events of an earlier version, which had more partitions, are handled, also while its nodes are still there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { headers, type NatsConnection } from "nats";
import { nonNull } from "../../fhir/non-null.ts";
import { readConfig } from "../../mesh/config.ts";
import type { MeshTransporter } from "../../mesh/transporter.ts";
import { keysFromFolder } from "../../mesh/trust/key-files.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import { type Server, startNats } from "../../scripts/servers.mjs";
import { eventually } from "../../test/kit/events.ts";
import { Fhir, type WithFhir } from "../fhir/fhir.ts";
import { type DurableEvent, effectOf } from "./event.ts";
import { Events } from "./events.ts";
import { SIGNED, signatureOf } from "./signed-events.ts";
import { ensureStream } from "./stream.ts";
import { ensureConsumer } from "./stream-consumers.ts";

const EVENT = "teller.noted";

describe("a service", () => {
  let dataDir: string;
  let nats: Server;
  let broker: ServiceBroker;
  const handled: string[] = [];
  const before = process.env.DATA_DIR;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "openward-partitions-"));
    process.env.DATA_DIR = dataDir; // the stores read their settings when they start
    nats = await startNats({ dir: join(dataDir, "nats") });
    broker = new ServiceBroker(
      brokerOptions(readConfig({ ACCESS: "open", DATA_DIR: dataDir, NATS_URL: nats.url, LOG_LEVEL: "fatal", SERVICES: "x" })),
    );
    await broker.start();
  }, 60_000);
  afterAll(async () => {
    await broker?.stop();
    await nats?.stop();
    if (before === undefined) delete process.env.DATA_DIR;
    else process.env.DATA_DIR = before;
    rmSync(dataDir, { recursive: true });
  }, 60_000);

  const client = (): NatsConnection => nonNull((nonNull(broker.transit).tx as MeshTransporter).client);
  const names = () => ({
    stream: `${broker.namespace}-events`,
    subject: (partition: number, name: string) => `${broker.namespace}.event.${partition}.${name}`,
  });
  const told = async (id: string, partition: number) => {
    const subject = names().subject(partition, EVENT);
    const text = JSON.stringify([{ id, subject: EVENT, key: id, at: Date.now(), payload: "{}" }]);
    const signed = headers();
    signed.set(SIGNED, signatureOf(subject, text, keysFromFolder(dataDir).signer));
    await client().jetstream().publish(subject, text, { headers: signed });
  };
  const reader = {
    name: "reader",
    mixins: [
      Events<WithFhir>({
        handles: {
          async [EVENT](this: WithFhir, event: DurableEvent) {
            await this.fhir.write([effectOf(event)]);
            handled.push(event.id);
          },
        } as never,
      }),
      Fhir({ owns: ["Flag"] }),
    ],
  } as ServiceSchema;

  it("handles what earlier versions have left in partitions that are no longer used, and what their nodes still send there", async () => {
    const jsm = await client().jetstreamManager();
    await ensureStream(jsm, { names: names(), servers: 1, members: {} });
    await ensureConsumer(jsm, names(), { service: "reader", partition: 5, events: [EVENT] });
    await told("left", 5);
    broker.createService(reader);
    await broker.waitForServices("reader");
    await told("sent", 5);
    await told("now", 1);
    await eventually(
      async () => handled,
      (all) => all.length === 3,
    );
    expect([...handled].sort()).toEqual(["left", "now", "sent"]);
    const all = await jsm.consumers.list(names().stream).next();
    expect(all.map(({ name }) => name).sort()).toEqual(["reader-0", "reader-1", "reader-5"]); // none is made for the others
  }, 30_000);
});
