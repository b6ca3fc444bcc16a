import { Errors, ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";

/** Each call fails with the next of these, then succeeds. */
let failures: Error[] = [];
let tries = 0;
/** The time limit of each call of `lab.slow`, milliseconds. */
let limits: (number | null | undefined)[] = [];
/** How long `lab.slow` takes, milliseconds. */
const SLOW_MS = 40;

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
      handler: async (ctx) => {
        limits.push(ctx.options.timeout);
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
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
  limits = [];
});

const busy = () => new Errors.MoleculerRetryableError("The store is busy.", 503, "STORE_BUSY", {});
const leaving = () => new Errors.ServiceNotAvailableError({ action: "lab.write", nodeID: "lab-2" });

describe("a call that fails", () => {
  it("is retried if it is a read, without the caller noticing", async () => {
    failures = [busy(), busy()];
    await expect(broker.call("lab.read", {})).resolves.toBe("done");
    expect(tries).toBe(3);
  });

  it("is sent at most three times", async () => {
    failures = [busy(), busy(), busy(), busy()];
    await expect(broker.call("lab.read", {})).rejects.toMatchObject({ type: "STORE_BUSY" });
    expect(tries).toBe(3);
  });

  it("is not retried if it is a write, which may have taken effect", async () => {
    failures = [busy()];
    await expect(broker.call("lab.write", {})).rejects.toMatchObject({ type: "STORE_BUSY" });
    expect(tries).toBe(1);
  });

  it("is sent to another node, even if it is a write, when its node was stopping and never began it", async () => {
    failures = [leaving()];
    await expect(broker.call("lab.write", {})).resolves.toBe("done");
    expect(tries).toBe(2);
  });

  it("is not retried if the caller is at fault", async () => {
    failures = [new Errors.MoleculerClientError("No.", 409, "TAKEN", {})];
    await expect(broker.call("lab.read", {})).rejects.toMatchObject({ code: 409 });
    expect(tries).toBe(1);
  });

  it("is retried only at the root of a request, so that retries do not multiply", async () => {
    failures = Array.from({ length: 20 }, busy);
    await expect(broker.call("lab.through", {})).rejects.toMatchObject({ type: "STORE_BUSY" });
    expect(tries).toBe(3);
  });

  it("has one deadline for all its attempts", async () => {
    failures = Array.from({ length: 20 }, busy);
    await expect(broker.call("lab.slow", {}, { timeout: 60_000 })).rejects.toMatchObject({ type: "STORE_BUSY" });
    const [first = 0, second = 0, third = 0] = limits as number[];
    expect([first, second <= first - SLOW_MS + 1, third <= second - SLOW_MS + 1]).toEqual([60_000, true, true]); // a timer may be early by 1 ms
    await expect(broker.call("lab.slow", {}, { timeout: 20 })).rejects.toMatchObject({ type: "REQUEST_TIMEOUT" });
    expect(limits.slice(3)).toEqual([20]); // no time is left for another attempt
  });
});

describe("a service whose calls all fail", () => {
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

  it("gets retries for a fifth of its normal calls, beside the budget saved in quiet times", async () => {
    await calls(600); // the reserve is used up
    expect(await calls(1_000)).toBeLessThanOrEqual(1_200);
  });

  it("still has calls that never ran sent to other nodes", async () => {
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

  it("is not begun if it has waited too long in the queue, and begins nothing further", async () => {
    const given = await Promise.allSettled([0, 1, 2].map(() => ward.call("rounds.visit", {}, { timeout: 30 })));
    expect(given.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await ward.call("rounds.visit", {}); // waits for its place behind them
    expect([began, nested]).toEqual([2, 1]);
  });

  it("has passed on its remaining time", async () => {
    expect(await ward.call("rounds.through", {}, { timeout: 500 })).toBeLessThanOrEqual(481);
  });
});
