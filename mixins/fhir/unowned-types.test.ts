import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Service, ServiceBroker } from "moleculer";
import type { Caller } from "../../mesh/caller.ts";
import { openAccess, setAccess } from "../../mesh/access/access.ts";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import { journal } from "../../services/journal/journal.contract.ts";
import JournalService from "../../services/journal/journal.service.ts";
import { Fhir, type WithFhir } from "./fhir.ts";
import { creation } from "./write-steps.ts";
import { tellUnownedTypes } from "./unowned-types.ts";

describe("a type that gets another owner while the system is in use", () => {
  let dataDir: string;
  const brokers: ServiceBroker[] = [];
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "openward-unowned-"));
  });
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.stop();
    rmSync(dataDir, { recursive: true });
  });

  /** Starts the files' only process, whose service `therapies` owns these types. */
  async function start(...owns: string[]): Promise<{ broker: ServiceBroker; therapies: Service & WithFhir }> {
    const before = process.env["DATA_DIR"];
    process.env["DATA_DIR"] = dataDir;
    const broker = new ServiceBroker({ logger: false, internalServices: false });
    setAccess(broker, openAccess());
    broker.createService(JournalService);
    const therapies = broker.createService({ name: "therapies", mixins: [Fhir({ owns })] }) as Service & WithFhir;
    brokers.push(broker);
    await broker.start();
    if (before === undefined) delete process.env["DATA_DIR"];
    else process.env["DATA_DIR"] = before;
    return { broker, therapies };
  }
  const told = async (broker: ServiceBroker) => {
    await anomaliesOf(broker).flush();
    return journal.list(broker as unknown as Caller, { kind: AnomalyKind.unownedType });
  };

  it("is reported to the operator with the number of resources that are no longer served; owned types are not", async () => {
    const first = await start("Flag", "Goal");
    const patient = { reference: "Patient/1" };
    await first.therapies.fhir.write([
      creation({ resourceType: "Flag", id: "a", status: "active", code: { text: "falls" }, subject: patient }),
      creation({ resourceType: "Flag", id: "b", status: "active", code: { text: "falls" }, subject: patient }),
      creation({ resourceType: "Goal", id: "c", lifecycleStatus: "active", description: { text: "walks" }, subject: patient }),
    ]);
    expect(await told(first.broker)).toEqual([]);
    await brokers.pop()?.stop();

    const { broker, therapies } = await start("Goal");
    const lines: string[] = [];
    await tellUnownedTypes(
      { name: "therapies", broker, logger: { error: (line) => lines.push(line) }, store: therapies.store },
      new Set(["Goal"]),
    );
    expect(lines).toEqual([
      expect.stringMatching(
        /^The store of therapies contains 2 resources of type Flag, which therapies does not own: they are not shown\./,
      ),
    ]);
    expect(await told(broker)).toMatchObject([{ kind: "unowned-type", subject: "therapies: Flag", count: 2 }]); // by the start, and by this test
  });

  it("does not keep a service from starting if its store cannot be read", async () => {
    const { broker } = await start("Goal");
    const store = { stats: () => Promise.reject(new Error("The disk says no.")) };
    await tellUnownedTypes({ name: "therapies", broker, logger: { error: () => {} }, store }, new Set(["Goal"]));
    expect(await told(broker)).toEqual([]);
  });
});
