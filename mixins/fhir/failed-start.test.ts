import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { openAccess, setAccess } from "../../mesh/access/access.ts";
import { WatchedTypes } from "../events/watched-types.ts";
import type { Relay } from "../events/relay.ts";
import { addRelays, relaysOf } from "../events/relays.ts";
import { Fhir } from "./fhir.ts";

describe("a service that is stopped while it starts, because another one could not", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "openward-failed-start-"));
  afterAll(() => rmSync(dataDir, { recursive: true }));

  it("begins nothing that would need its store, which is closed", async () => {
    process.env["DATA_DIR"] = dataDir;
    const broker = new ServiceBroker({ logger: false, internalServices: false });
    setAccess(broker, openAccess());
    const therapies = broker.createService({ name: "therapies", mixins: [Fhir({ owns: ["Flag"] })] });
    delete process.env["DATA_DIR"];
    let goOn = () => {};
    const looking = new Promise<void>((begun) => {
      jest.spyOn(WatchedTypes.prototype, "look").mockImplementation(() => {
        begun();
        return new Promise((resolve) => {
          goOn = resolve;
        });
      });
    });
    const started = broker.start();
    await looking;
    await broker.stop();
    goOn();
    await started;
    expect(relaysOf(therapies)).toEqual([]);
    const stop = jest.fn(async () => {});
    addRelays(therapies, { stop } as unknown as Relay); // of another mixin, which was starting too
    expect(stop).toHaveBeenCalled();
  });
});
