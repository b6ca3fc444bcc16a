import { setTimeout as delay } from "node:timers/promises";
import { type ActionSchema, type Context, ServiceBroker } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { readConfig } from "./config.ts";
import { timeLeft } from "./deadline.ts";

describe("the time limit of a call", () => {
  const options = brokerOptions(readConfig({ ACCESS: "open", LOG_LEVEL: "fatal" }));
  const broker = new ServiceBroker({ ...options, requestTimeout: 10_000 });
  const warned = jest.spyOn(broker.logger, "warn");
  broker.createService({
    name: "ward",
    actions: {
      slow: () => delay(300, "late", { ref: false }),
      hurried: { timeout: 40, handler: () => delay(300, "late", { ref: false }) } as ActionSchema,
      quick: () => "done",
      wrong: () => Promise.reject(new Error("no such ward")),
      left: (ctx: Context) => timeLeft(ctx),
      nested: (ctx: Context) => ctx.call("ward.left"),
    },
  });

  beforeAll(() => broker.start());
  afterAll(() => broker.stop());

  it.each([
    ["of the caller", "ward.slow", { timeout: 40 }],
    ["of the action, where the caller names none", "ward.hurried", {}],
  ])("ends it after the time %s, with what was called and where", async (_, action, own) => {
    await expect(broker.call(action, {}, own)).rejects.toMatchObject({
      code: 504,
      type: "REQUEST_TIMEOUT",
      data: { action, nodeID: broker.nodeID },
    });
    expect(warned).toHaveBeenLastCalledWith(`Request '${action}' is timed out.`, expect.objectContaining({ nodeID: broker.nodeID }));
  });

  it("does not affect an answer in time, nor a refusal", async () => {
    expect(await broker.call("ward.quick", {}, { timeout: 40 })).toBe("done");
    expect(await broker.call("ward.slow", {}, { timeout: 5_000 })).toBe("late");
    expect(await broker.call("ward.slow", {}, { timeout: 0 })).toBe("late");
    await expect(broker.call("ward.wrong")).rejects.toThrow("no such ward");
  });

  it("is the broker's default unless one is given, and nested calls get the remaining time", async () => {
    jest.useFakeTimers(); // no time passes in between
    for (const [action, timeout] of [
      ["ward.left", undefined],
      ["ward.nested", undefined],
      ["ward.nested", 2_000],
    ] as const) {
      const left = await broker.call<number, object>(action, {}, timeout === undefined ? {} : { timeout });
      expect(left).toBe(timeout ?? 10_000);
    }
    expect(await broker.call("ward.left", {}, { timeout: 0 })).toBe(Number.POSITIVE_INFINITY);
    jest.useRealTimers();
  });
});
