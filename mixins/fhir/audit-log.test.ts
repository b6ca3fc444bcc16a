/** An owner notes what is seen before it shows it; what cannot be noted is not shown. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Service, ServiceBroker } from "moleculer";
import { whenRecorded } from "../../federation/audit-before-answer.ts";
import type { AuditBatch } from "../../federation/audit-contract.ts";
import { Access, setAccess } from "../../mesh/access/access.ts";
import { keysInMemory } from "../../mesh/trust/key-files.ts";
import { unavailable } from "../../store/store-error.ts";
import type { AuditLog } from "./audit-log.ts";
import { Fhir, type WithFhir } from "./fhir.ts";

type Owner = Service & WithFhir & { audit: AuditLog };

describe("the audit log of an owner", () => {
  let dataDir: string;
  let broker: ServiceBroker;
  let patients: Owner;
  let records: Owner;
  let meta: object;
  const before = process.env.DATA_DIR;
  const read = (owner: Owner, type: string) => broker.call(`${owner.name}.fhir.read`, { type, id: "1" }, { meta });
  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "openward-log-"));
    process.env.DATA_DIR = dataDir; // the store reads its settings when it starts
    broker = new ServiceBroker({ namespace: randomUUID(), logger: false, nodeID: "host" });
    const roles = new Map([["nurse", { says: "reads", types: { "*": "crus" }, actions: [] }]]);
    const access = new Access({ isOpen: false, roles, keys: keysInMemory() });
    setAccess(broker, access);
    meta = { as: access.stampOf({ sub: "1", roles: ["nurse"] }) };
    patients = broker.createService({ name: "patients", mixins: [Fhir({ owns: ["Patient"] })] }) as Owner;
    records = broker.createService({ name: "records", mixins: [Fhir({ owns: ["Condition"] })] }) as Owner;
    await broker.start();
    await patients.fhir.create({ resourceType: "Patient", id: "1" });
    await records.fhir.create({ resourceType: "Condition", id: "1", subject: { reference: "Patient/1" } });
  });
  afterEach(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
    if (before === undefined) delete process.env.DATA_DIR;
    else process.env.DATA_DIR = before;
  });

  it("returns no data whose reading it cannot record", async () => {
    const waiting = (await patients.store.outboxState()).waiting;
    expect(await read(patients, "Patient")).toMatchObject({ id: "1" });
    expect((await patients.store.outbox("audit", 10)).length + (await patients.store.outboxState()).waiting).toBeGreaterThan(waiting);
    patients.audit.note = () => Promise.reject(unavailable("The disk is full."));
    await expect(read(patients, "Patient")).rejects.toMatchObject({ code: 503, type: "STORE_UNAVAILABLE" });
  });

  it("leaves the waiting to the gateway of its process, which shows nothing that cannot be recorded", async () => {
    const request = {};
    const written = Promise.withResolvers<void>();
    patients.audit.note = () => written.promise;
    let found: unknown;
    const answer = whenRecorded(request, async () => {
      found = await broker.call("patients.fhir.read", { type: "Patient", id: "1" }, { meta: { ...meta, ...request } });
    });
    written.reject(unavailable("The disk is full."));
    await expect(answer).rejects.toMatchObject({ code: 503, type: "STORE_UNAVAILABLE" });
    expect(found).toMatchObject({ id: "1" });
  });

  it("shares commits with the other owners of its process", async () => {
    const recorded: AuditBatch[] = [];
    for (const { store } of [patients, records]) {
      const write = store.write.bind(store);
      store.write = (steps, ...more) => {
        for (const step of steps) if (step.op === "emit" && step.queue === "audit") recorded.push(JSON.parse(step.event.payload));
        return write(steps, ...more);
      };
    }
    const names: [Owner, string][] = [
      [patients, "Patient"],
      [records, "Condition"],
    ];
    await Promise.all(Array.from({ length: 20 }, (_, n) => read(...(names[n % 2] as [Owner, string]))));
    const entries = recorded.flatMap(({ owner, entries }) => entries.map(({ service = owner, type }) => `${service} ${type}`));
    expect(entries.sort()).toEqual([...Array(10).fill("patients Patient"), ...Array(10).fill("records Condition")]);
    expect(recorded.length).toBeLessThan(10);
    expect(recorded.some((batch) => new Set(batch.entries.map(({ type }) => type)).size === 2)).toBe(true);
  });
});
