/** A cluster whose NATS could not write to its disk: it takes events again by itself once there is room. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect, type JetStreamClient, type NatsConnection } from "nats";
import { nonNull } from "../../fhir/non-null.ts";
import { type Program, run } from "../../test/kit/programs.ts";
import { type ClusterState, readState } from "./cluster-state.ts";
import { hasRoom } from "./has-room.ts";

const LAB = `export default { name: "lab", actions: { wait: { handler: () => "done" } } };`;

describe("NATS that could not write to its disk", () => {
  const dir = mkdtempSync(join(tmpdir(), "openward-nats-room-"));
  const dataDir = join(dir, "data");
  let mesh: Program;
  let client: NatsConnection;
  let events: JetStreamClient;
  beforeAll(async () => {
    mkdirSync(join(dir, "services/lab"), { recursive: true });
    writeFileSync(join(dir, "services/lab/lab.service.ts"), LAB);
    mesh = run(["cluster"], {
      DATA_DIR: dataDir,
      NATS_URL: "",
      LOG_LEVEL: "error",
      OPENWARD_SERVICES_DIR: join(dir, "services"),
      PORT: "0",
    });
    await mesh.says(/The mesh is ready/);
    const { host, username, password } = new URL(nonNull(nats()).url);
    client = await connect({ servers: host, user: username, pass: password, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    await (await client.jetstreamManager()).streams.add({ name: "LAB", subjects: ["lab.>"] });
    events = client.jetstream();
  });
  afterAll(async () => {
    await client?.close();
    mesh.child.kill("SIGTERM");
    await mesh.ended;
    rmSync(dir, { recursive: true });
  });

  const nats = () => (readState(dataDir) as ClusterState).nats;
  const emit = () =>
    events.publish("lab.done", new Uint8Array(2_000), { timeout: 500 }).then(
      () => true,
      () => false,
    );

  it("is restarted when there is room, with all events that it had taken", async () => {
    expect(await emit()).toBe(true);
    const { pid } = nonNull(nats());
    execFileSync("prlimit", ["--pid", `${pid}`, "--fsize=1024:unlimited"]);
    expect(await emit()).toBe(false);
    await mesh.says(/NATS could not write to its disk/);
    while (!(await emit())) await pause(100);
    expect(nonNull(nats()).pid).not.toBe(pid);
    const { state } = await (await client.jetstreamManager()).streams.info("LAB");
    expect(state.messages).toBeGreaterThanOrEqual(2);
  });

  it("is restarted by what can be written, not by the reported free space", () => {
    expect(hasRoom(dir)).toBe(true);
    expect(hasRoom(join(dir, "not there"))).toBe(false);
  });
});
