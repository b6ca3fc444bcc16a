import { Errors, ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";

/** Each call fails with the next of these, then succeeds. */
let failures: Error[] = [];
let tries = 0;

const attempt = () => {
  tries++;
  const failure = failures.shift();
  if (failure) throw failure;
  return "done";
};

const lab: ServiceSchema = {
  name: "lab",
  actions: {
    read: { retryPolicy: { enabled: true }, handler: attempt },
    write: { handler: attempt },
    through: { retryPolicy: { enabled: true }, handler: (ctx) => ctx.call("lab.read") },
    slow: {
      retryPolicy: { enabled: true },
      handler: async () => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        return attempt();
      },
    },
  },
};

const broker = new ServiceBroker(brokerOptions(readConfig({ LOG_LEVEL: "fatal" })));
broker.createService(lab);

beforeAll(() => broker.start());
afterAll(() => broker.stop());
beforeEach(() => {
  failures = [];
  tries = 0;
});

const busy = () => new Errors.MoleculerRetryableError("The store is busy.", 503, "STORE_BUSY", {});
const leaving = () => new Errors.ServiceNotAvailableError({ action: "lab.write", nodeID: "lab-2" });

describe("a call that fails", () => {
  it("is tried again when it reads, and the caller sees nothing of it", async () => {
    failures = [busy(), busy()];
    await expect(broker.call("lab.read", {})).resolves.toBe("done");
    expect(tries).toBe(3);
  });

  it("is tried three times at most", async () => {
    failures = [busy(), busy(), busy(), busy()];
    await expect(broker.call("lab.read", {})).rejects.toMatchObject({ type: "STORE_BUSY" });
    expect(tries).toBe(3);
  });

  it("is not repeated when it writes: it may have written", async () => {
    failures = [busy()];
    await expect(broker.call("lab.write", {})).rejects.toMatchObject({ type: "STORE_BUSY" });
    expect(tries).toBe(1);
  });

  it("goes elsewhere also when it writes, when its node was leaving and never began", async () => {
    failures = [leaving()];
    await expect(broker.call("lab.write", {})).resolves.toBe("done");
    expect(tries).toBe(2);
  });

  it("is not repeated for what the caller did wrong", async () => {
    failures = [new Errors.MoleculerClientError("No.", 409, "TAKEN", {})];
    await expect(broker.call("lab.read", {})).rejects.toMatchObject({ code: 409 });
    expect(tries).toBe(1);
  });

  it("is repeated at the root of a request only, so that tries do not multiply", async () => {
    failures = Array.from({ length: 20 }, busy);
    await expect(broker.call("lab.through", {})).rejects.toMatchObject({ type: "STORE_BUSY" });
    expect(tries).toBe(3);
  });

  it("has one deadline for all its tries", async () => {
    failures = Array.from({ length: 20 }, busy);
    const start = performance.now();
    await expect(broker.call("lab.slow", {}, { timeout: 100 })).rejects.toThrow();
    expect(performance.now() - start).toBeLessThan(280); // three tries with a deadline each would take 300 ms
  });
});
