/** An owner notes what is seen before it shows it; what cannot be noted is not shown. */
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Service, ServiceBroker } from "moleculer";
import { Access, setAccess } from "../../mesh/access/access.ts";
import { keysInMemory } from "../../mesh/trust/key-files.ts";
import { unavailable } from "../../store/store-error.ts";
import type { Write } from "../../store/writes.ts";
import { AuditLog } from "./audit-log.ts";
import { Fhir, type WithFhir } from "./fhir.ts";

describe("the audit log of an owner", () => {
  it("writes together what arrives during a write and shortly after, and tells each caller whether it is written", async () => {
    const writes: Write[][] = [];
    const waiting: { resolve(): void; reject(error: Error): void }[] = [];
    const store = new EventEmitter();
    const write = (steps: Write[]) => {
      writes.push(steps);
      store.emit("write");
      return new Promise<never[]>((resolve, reject) => waiting.push({ resolve: () => resolve([]), reject }));
    };
    const log = new AuditLog("lab", () => ({ write }));
    const first = log.note('{"n":1}');
    await new Promise(setImmediate);
    const others = [log.note('{"n":2}'), log.note('{"n":3}')];
    waiting[0]?.resolve();
    await first;
    await new Promise(setImmediate);
    expect(writes).toHaveLength(2);
    expect(JSON.parse((writes[1] as unknown as { event: { payload: string } }[])[0]?.event.payload ?? "")).toEqual({
      owner: "lab",
      entries: [{ n: 2 }, { n: 3 }],
    });
    waiting[1]?.reject(unavailable("full"));
    expect((await Promise.allSettled(others)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const isAsked = once(store, "write");
    const after = [log.note('{"n":4}')];
    await new Promise(setImmediate);
    after.push(log.note('{"n":5}')); // several looked at once just now: it waits for more
    await isAsked;
    waiting[2]?.resolve();
    await Promise.all(after);
    expect(writes).toHaveLength(3);
  });

  it("returns no data whose reading it cannot record", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "openward-log-"));
    const before = process.env.DATA_DIR;
    process.env.DATA_DIR = dataDir; // the store reads its settings when it starts
    const broker = new ServiceBroker({ namespace: randomUUID(), logger: false, nodeID: "host" });
    const roles = new Map([["nurse", { says: "reads", types: { "*": "crus" }, actions: [] }]]);
    const access = new Access({ isOpen: false, roles, keys: keysInMemory() });
    setAccess(broker, access);
    const service = broker.createService({ name: "patients", mixins: [Fhir({ owns: ["Patient"] })] }) as Service &
      WithFhir & { audit: AuditLog };
    try {
      await broker.start();
      await service.fhir.create({ resourceType: "Patient", id: "1" });
      const meta = { as: access.stampOf({ sub: "1", roles: ["nurse"] }) };
      const read = () => broker.call("patients.fhir.read", { type: "Patient", id: "1" }, { meta });
      const waiting = (await service.store.outboxState()).waiting;
      expect(await read()).toMatchObject({ id: "1" });
      expect((await service.store.outbox("audit", 10)).length + (await service.store.outboxState()).waiting).toBeGreaterThan(waiting);
      service.audit.note = () => Promise.reject(unavailable("The disk is full."));
      await expect(read()).rejects.toMatchObject({ code: 503, type: "STORE_UNAVAILABLE" });
    } finally {
      await broker.stop();
      rmSync(dataDir, { recursive: true, force: true });
      if (before === undefined) delete process.env.DATA_DIR;
      else process.env.DATA_DIR = before;
    }
  });
});
