import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";
import { callsHandledBy } from "./metrics.ts";

describe("the counter of handled calls", () => {
  const broker = new ServiceBroker(brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal" })));
  const [ward, bed] = ["ward", "bed"].map((name) =>
    broker.createService({ name, actions: { ask: () => name, refuse: () => Promise.reject(new Error("no")) } }),
  );

  beforeAll(() => broker.start());
  afterAll(() => broker.stop());

  it("counts those of its own service, including refused ones", async () => {
    await broker.call("ward.ask");
    await broker.call("ward.ask");
    await expect(broker.call("ward.refuse")).rejects.toThrow("no");
    await broker.call("bed.ask");
    expect([ward, bed].map((service) => callsHandledBy(service ?? {}))).toEqual([3, 1]);
  });
});
