/** An owner notes what is seen before it shows it; what cannot be noted is not shown. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Service, ServiceBroker } from "moleculer";
import { Access, setAccess } from "../../mesh/access/access.ts";
import { keysInMemory } from "../../mesh/trust/key-files.ts";
import { unavailable } from "../../store/store-error.ts";
import type { AuditLog } from "./audit-log.ts";
import { Fhir, type WithFhir } from "./fhir.ts";

describe("the audit log of an owner", () => {
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
