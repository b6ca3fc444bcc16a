import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";
import { machineLoad } from "./machine-load.ts";

describe("the load of a machine", () => {
  it("is the share of processor time used since the last measurement, which is kept for ten seconds", () => {
    let [ms, looks] = [0, 0];
    const ticks = [
      { idle: 1_000, all: 1_000 },
      { idle: 1_250, all: 2_000 },
      { idle: 1_250, all: 2_000 },
    ];
    const load = machineLoad(
      () => {
        looks += 1;
        return ticks[looks - 1] as (typeof ticks)[number];
      },
      () => ms,
    );
    expect([load(), looks]).toEqual([0, 1]);
    ms = 9_999;
    expect([load(), looks]).toEqual([0, 1]);
    ms = 10_000;
    expect([load(), looks]).toEqual([75, 2]);
    ms = 15_000;
    expect([load(), looks]).toEqual([75, 2]);
    ms = 20_000;
    expect([load(), looks]).toEqual([75, 3]); // no time has passed on the processors' clock
  });

  it("is sent with a broker's heartbeats, and known without a delay", async () => {
    const broker = new ServiceBroker(brokerOptions(readConfig({ LOG_LEVEL: "fatal", ACCESS: "open" })));
    const { avg } = (await broker.getCpuUsage()) as { avg: number };
    expect(avg).toBe(0);
  });
});
