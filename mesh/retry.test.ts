import { Errors, ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";

/** Each call fails with the next of these, then succeeds. */
let failures: Error[] = [];
let tries = 0;

const attempt = () => {
  tries += 1;
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

const broker = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal" })));
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

describe("a service that fails at all its calls", () => {
  const open = { ...brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal" })), circuitBreaker: { enabled: false } };
  const mesh = new ServiceBroker(open);
  mesh.createService(lab);
  beforeAll(() => mesh.start());
  afterAll(() => mesh.stop());

  const calls = async (count: number) => {
    failures = Array.from({ length: count * 3 }, busy);
    tries = 0;
    await Promise.allSettled(Array.from({ length: count }, () => mesh.call("lab.read", {})));
    return tries;
  };

  it("gets a fifth more than its normal calls, beside what a quiet time has saved up", async () => {
    await calls(600); // the reserve is used up
    expect(await calls(1_000)).toBeLessThanOrEqual(1_200);
  });

  it("has its calls that never ran made elsewhere all the same", async () => {
    await calls(600);
    failures = [leaving()];
    await expect(mesh.call("lab.write", {})).resolves.toBe("done");
  });
});

describe("a call whose caller has given up", () => {
  let began = 0;
  let nested = 0;
  const rounds: ServiceSchema = {
    name: "rounds",
    actions: {
      visit: {
        bulkhead: { enabled: true, concurrency: 1 },
        async handler(ctx) {
          began += 1;
          await new Promise((resolve) => setTimeout(resolve, 60));
          return ctx.call("rounds.look", {});
        },
      },
      look: () => {
        nested += 1;
      },
      left: (ctx) => ctx.options.timeout,
      through: async (ctx) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return ctx.call("rounds.left", {});
      },
    },
  };
  const ward = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal" })));
  ward.createService(rounds);
  beforeAll(() => ward.start());
  afterAll(() => ward.stop());

  it("is not begun when it has waited too long for its place, and begins nothing further", async () => {
    const given = await Promise.allSettled([0, 1, 2].map(() => ward.call("rounds.visit", {}, { timeout: 30 })));
    expect(given.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await ward.call("rounds.visit", {}); // waits for its place behind them
    expect([began, nested]).toEqual([2, 1]);
  });

  it("has handed on what was left of its time", async () => {
    expect(await ward.call("rounds.through", {}, { timeout: 500 })).toBeLessThanOrEqual(481);
  });
});
