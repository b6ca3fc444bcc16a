/**
 * How long does another client wait while one asks for what takes a store long? `npm run bench -- slow-searches [rounds] [connections] [seconds]`
 * (default 15, 32, 6): imports the 60 records so many times (15: 210,000 resources), then one client repeats such a search over all its connections,
 * from another address, while one client reads a patient, searches its conditions and updates it, with pauses of 10 ms. One JSON line; the exit code
 * is 1 if that client's 99th percentile is 500 ms or more.
 */
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { Client, load, percentile, start } from "./kit.ts";

const [rounds, connections, seconds] = [15, 32, 6].map((given, place) => Number(process.argv[place + 2] ?? given)) as [
  number,
  number,
  number,
];
const ADDRESS = "127.0.0.2";
/** Pause after each of them, for what is still in progress. Milliseconds. */
const REST_MS = 5_000;
const many = (make: (index: number) => string): string => Array.from({ length: 300 }, (_, index) => make(index)).join(",");

const SEARCHES: Record<string, string> = {
  "three hundred dates that nothing matches": `/Observation?date=${many((index) => `lt${1_000 + index}`)}`,
  "a count of what has no value":
    "/Observation?value-string:missing=true&data-absent-reason:missing=true&combo-value-quantity:missing=false&_total=accurate",
  "a count by three criteria": "/Observation?value-quantity=gt0&date=ge1900&status=final&_sort=code&_total=accurate",
  "a count along a chain": "/Observation?_count=0&encounter.date=ge1900",
};

const running = await start("one");
const client = new Client(running.base);
try {
  for (let round = 0; round < rounds; round++) await load(running.base, "import", 0);
  await client.send("/Patient/waiting", "PUT", patient("0"));
  const figures: Record<string, object> = { quiet: await waits() };
  for (const [what, path] of Object.entries(SEARCHES)) {
    const others = ask(path);
    figures[what] = { ...(await waits()), statuses: await others.end() };
    await delay(REST_MS);
  }
  console.log(JSON.stringify({ connections, ...figures }));
  if (Object.values(figures).some((it) => (it as { p99_ms: number }).p99_ms >= 500)) process.exitCode = 1;
} finally {
  client.close();
  await running.stop();
}

function patient(family: string): string {
  return JSON.stringify({ resourceType: "Patient", id: "waiting", name: [{ family }] });
}

async function waits() {
  const times: number[] = [];
  for (const until = performance.now() + seconds * 1_000; performance.now() < until; await delay(10)) {
    const begun = performance.now();
    await client.send("/Patient/waiting");
    const searched = performance.now();
    await client.send("/Condition?patient=waiting");
    const written = performance.now();
    await client.send("/Patient/waiting", "PUT", patient(`${begun}`));
    times.push(searched - begun, written - searched, performance.now() - written);
  }
  return { p50_ms: Math.round(percentile(times, 0.5)), p99_ms: Math.round(percentile(times, 0.99)), requests: times.length };
}

/** Repeats a search over all connections. @returns to end it, with the number of answers by status */
function ask(path: string): { end(): Promise<Record<string, number>> } {
  const { hostname, port, pathname } = new URL(running.base);
  const agent = new Agent({ keepAlive: true, maxSockets: connections, localAddress: ADDRESS });
  const statuses: Record<string, number> = {};
  let isOver = false;
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const asked = request({ agent, hostname, port, path: pathname + path }, (answer) => {
        statuses[answer.statusCode ?? 0] = (statuses[answer.statusCode ?? 0] ?? 0) + 1;
        answer.resume().on("close", resolve);
      });
      asked.on("error", () => resolve());
      asked.end();
    });
  const all = Array.from({ length: connections }, async () => {
    while (!isOver) await one();
  });
  return {
    async end() {
      isOver = true;
      await Promise.all(all);
      agent.destroy();
      return statuses;
    },
  };
}
