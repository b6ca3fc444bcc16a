/** What an operator's alarms see of the events that NATS holds for a service. */
import type { JsMsg } from "nats";
import { registry } from "../../mesh/metrics.ts";
import { StreamGauge } from "./stream-gauge.ts";

const messageFrom = (at: number) => ({ info: { timestampNanos: at * 1_000_000 } }) as JsMsg;

it("messages that wait on the stream, and the age of the oldest that is not handled, are numbers of the service's metrics", async () => {
  const gauge = new StreamGauge("streamed");
  gauge.begun(0, messageFrom(Date.now() - 90_000));
  gauge.begun(1, messageFrom(Date.now() - 900_000)); // given back, and handled by another node
  gauge.begun(2, messageFrom(Date.now() - 900_000));
  gauge.handled(2);
  const count = (num_pending: number, num_ack_pending: number) => ({ num_pending, num_ack_pending });
  gauge.start(async () => [count(4, 1), count(0, 0), count(2, 0)]);
  await new Promise(setImmediate);
  gauge.stop();
  const text = await registry.metrics();
  expect(text).toContain('openward_stream_waiting{service="streamed"} 7\n');
  expect(text).toMatch(/openward_stream_oldest_seconds\{service="streamed"\} 90/);
});
