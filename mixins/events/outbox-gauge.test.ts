/** What an operator's alarms see of a service's events. */
import { registry } from "../../mesh/metrics.ts";
import type { Store } from "../../store/store.ts";
import { gaugeOutbox } from "./outbox-gauge.ts";

it("events that wait and events that were set aside are numbers of the service's metrics", async () => {
  const store = {
    outboxState: async () => ({ waiting: 2, oldest: Date.now() - 90_000 }),
    usage: async (prefix: string) => ({ count: prefix === "dead-letter/" ? 3 : 0, bytes: 0 }),
  } satisfies Pick<Store, "outboxState" | "usage">;
  const stop = gaugeOutbox("gauged", store);
  await new Promise(setImmediate);
  stop();
  const text = await registry.metrics();
  expect(text).toContain('openward_outbox_waiting{service="gauged"} 2\n');
  expect(text).toMatch(/openward_outbox_oldest_seconds\{service="gauged"\} 90/);
  expect(text).toContain('openward_dead_letters{service="gauged"} 3\n');
});
