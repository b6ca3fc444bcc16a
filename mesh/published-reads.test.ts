import { Errors, ServiceBroker } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";
import { action, defineService } from "./contract.ts";
import { endpointsOf } from "./moleculer.ts";

const lab = {
  worklist: action<object, string>("lab.worklist"),
  checkAll: action<object, string>("lab.checkAll"),
  release: action<object, string>("lab.release"),
};

let failures = 0;

const attempt = () => {
  if (failures === 0) return Promise.resolve("done");
  failures -= 1;
  return Promise.reject(new Errors.MoleculerRetryableError("The store is busy.", 503, "STORE_BUSY", {}));
};

const broker = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal" })));
broker.createService(
  defineService<typeof lab>({
    name: "lab",
    actions: {
      worklist: { rest: "GET", summary: "Open orders", params: { $$strict: true }, handler: attempt },
      checkAll: { rest: "GET", hedge: false, summary: "Whether all is sealed", params: { $$strict: true }, handler: attempt },
      release: { rest: "POST", summary: "Release results", params: { $$strict: true }, handler: attempt },
    },
  }),
);

beforeAll(() => broker.start());
afterAll(() => broker.stop());
beforeEach(() => {
  failures = 1;
});

describe("a published action", () => {
  it("that only reads is asked again if a node does not carry it out", async () => {
    await expect(lab.worklist(broker, {})).resolves.toBe("done");
  });

  it("that writes is not, for it may have taken effect", async () => {
    await expect(lab.release(broker, {})).rejects.toMatchObject({ code: 503, type: "STORE_BUSY" });
  });

  it.each([
    ["lab.worklist", { retryPolicy: { enabled: true } }],
    ["lab.checkAll", { retryPolicy: { enabled: true }, hedge: false }],
    ["lab.release", {}],
  ])("says so to the other nodes: %s", (name, told) => {
    const [announced] = endpointsOf(broker, name).map((endpoint) => endpoint.action as { retryPolicy?: object; hedge?: boolean });
    expect({ retryPolicy: announced?.retryPolicy, hedge: announced?.hedge }).toEqual({ retryPolicy: undefined, hedge: undefined, ...told });
  });
});
