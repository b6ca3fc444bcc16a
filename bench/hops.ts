/**
 * What do calls over NATS cost? `npm run bench -- hops [seconds]`: one read over 16 connections, alternately from the system in one process and from the
 * cluster, one second each, so that both run under the same conditions.
 */
import { Client, median, start } from "./kit.ts";

const CONNECTIONS = 16;
/** Turns that do not count: uncompiled code of the gateway takes a fifth more time, and in one process it handles twice as many requests meanwhile. */
const WARM_UP = 10;

const seconds = Number(process.argv[2] ?? 10);
const systems = await Promise.all([start("one"), start("cluster")]);
const clients = systems.map(({ base }) => Array.from({ length: CONNECTIONS }, () => new Client(base)));
try {
  for (const [writer] of clients) {
    await writer?.send(
      "/Patient/1",
      "PUT",
      JSON.stringify({ resourceType: "Patient", id: "1", name: [{ family: "Rossi", given: ["Ada"] }] }),
    );
  }
  const rates: [number[], number[]] = [[], []];
  for (let turn = 0; turn < seconds + WARM_UP; turn++) {
    for (const [index, own] of clients.entries()) {
      const rate = await reads(own);
      if (turn >= WARM_UP) rates[index]?.push(rate);
    }
  }
  const [one, cluster] = rates;
  const kept = cluster.map((rate, turn) => rate / (one[turn] as number)); // by turn: the speed of the machine changes within seconds
  console.log(
    `GET /fhir/Patient/1: ${Math.round(median(one))} requests/s in one process, ${Math.round(median(cluster))} over NATS: ${median(kept).toFixed(2)}` +
      ` (turns: ${Math.min(...kept).toFixed(2)}-${Math.max(...kept).toFixed(2)})`,
  );
} finally {
  for (const client of clients.flat()) client.close();
  await Promise.all(systems.map((system) => system.stop()));
}

/** Requests per second, over one second. */
async function reads(clients: Client[]): Promise<number> {
  const begin = performance.now();
  let count = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - begin < 1_000) {
        await client.send("/Patient/1");
        count += 1;
      }
    }),
  );
  return count / ((performance.now() - begin) / 1_000);
}
