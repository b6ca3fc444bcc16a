/** A separate node for tests that kill one: it answers `echo.back`, never answers `echo.hang`, and reports when it serves. */
import { ServiceBroker } from "moleculer";
import { readConfig } from "../../mesh/config.ts";
import { brokerOptions } from "../../moleculer.config.ts";

const broker = new ServiceBroker(brokerOptions(readConfig()));
broker.createService({
  name: "echo",
  actions: {
    back: { retryPolicy: { enabled: true }, handler: (ctx) => ctx.params },
    hang: { handler: () => new Promise(() => {}) },
  },
});
await broker.start();
process.send?.("serving");
