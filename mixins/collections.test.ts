import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { readConfig } from "../mesh/config.ts";
import { keyedCall } from "../mesh/keyed-request.ts";
import { brokerOptions } from "../moleculer.config.ts";
import { Collections } from "./collections.ts";

const dataDir = mkdtempSync(join(tmpdir(), "openward-collections-"));
let left: (() => unknown) | undefined;

const desk: ServiceSchema = {
  name: "desk",
  mixins: [Collections({ notes: {} }, readConfig({ DATA_DIR: dataDir }))],
  actions: {
    async note(ctx) {
      left = keyedCall;
      setTimeout(() => {
        left = () => keyedCall();
      }, 0);
      await this.collections.notes.insert({ _id: ctx.params.id });
      return null;
    },
    /** On its own account, as a report of the mesh is made. */
    noteLater: (ctx) => ctx.broker.call("desk.note", ctx.params),
  },
};

describe("documents written for a request with an Idempotency-Key", () => {
  const broker = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal", DATA_DIR: dataDir })));
  broker.createService(desk);
  beforeAll(() => broker.start());
  afterAll(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const keyed = { meta: { keyed: { tx: "desk~1", at: 0 } } };

  it("are refused, as they cannot wait for its answer; those of other requests are stored", async () => {
    await expect(broker.call("desk.note", { id: "1" }, keyed)).rejects.toMatchObject({ code: 501, type: "IDEMPOTENCY_KEY_NOT_SUPPORTED" });
    await broker.call("desk.note", { id: "1" });
    await broker.call("desk.noteLater", { id: "2" }, keyed);
  });

  it("belong to it only while it is handled", async () => {
    await broker.call("desk.note", { id: "3" }, keyed).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(left?.()).toBeUndefined();
  });
});

it("a start that fails while expired documents are removed warns of nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "openward-collections-"));
  const warnings: string[] = [];
  let stopped: Promise<void> | undefined;
  const options = brokerOptions(readConfig({ ACCESS: "open", DATA_DIR: folder }));
  const broker = new ServiceBroker({ ...options, logger: { type: "Console", options: { level: "fatal" } } });
  broker.createService({
    name: "desk",
    mixins: [Collections({ notes: { expiresAt: "until" }, drafts: { expiresAt: "until" } }, readConfig({ DATA_DIR: folder }))],
    created() {
      this.logger.warn = (text: string) => warnings.push(text);
    },
    started() {
      stopped = this.broker.destroyService(this as never); // as when another service cannot start
    },
  } as ServiceSchema);
  await broker.start();
  await stopped;
  expect(warnings).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
