/**
 * How long does another client wait while 300 connections read large pages slowly, or hang up? `npm run bench -- slow-readers one|cluster [seconds]`
 * (default 10): 3,000 patients of 4 kB and as many conditions of one of them. Each connection reads one piece, waits for 100 ms, and sends its request
 * again when it has the page or was refused; or it hangs up after the request, and repeats that after 100 ms. Meanwhile one client reads a patient
 * repeatedly. One JSON line; the exit code is 1 if that client's 99th percentile is 500 ms or more.
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Client, percentile, start, type Way } from "./kit.ts";

const [way = "cluster", seconds = "10"] = process.argv.slice(2);
const [CONNECTIONS, RECORDS, AT_ONCE] = [300, 3_000, 500];
/** They count as another client than the one that is measured. */
const ADDRESS = "127.0.0.2";
/** Pause between two of them, milliseconds. */
const REST_MS = 3_000;
/** Pause between two pieces, and between two requests; milliseconds. */
const PAUSE_MS = 100;

/** The pages they read. */
const PAGES = [
  "/Patient?_count=1000",
  "/Patient?_count=1000&_elements=name",
  "/Patient?_count=200",
  "/Patient/p0/$everything?_count=1000",
  "/Patient?_id=p0&_revinclude=Condition:subject",
];

const running = await start(way as Way);
try {
  const client = new Client(running.base);
  await fill(client);
  const quiet = await waits(client, Number(seconds));
  const figures: Record<string, object> = { quiet };
  for (const page of PAGES) {
    for (const hangsUp of [false, true]) {
      const readers = readSlowly(running.base, page, hangsUp);
      figures[`${page}${hangsUp ? ", hung up" : ""}`] = { ...(await waits(client, Number(seconds))), ...readers.end() };
      await delay(REST_MS); // for what is still in progress for clients that have left
    }
  }
  console.log(JSON.stringify({ way, ...figures }));
  if (Object.values(figures).some((it) => (it as { p99_ms: number }).p99_ms >= 500)) process.exitCode = 1;
} finally {
  await running.stop();
}

async function fill(client: Client): Promise<void> {
  const texts = (count: number) => Array.from({ length: count }, (_, n) => ({ text: `${n} ${"of a note ".repeat(8)}` }));
  const telecom = Array.from({ length: 40 }, (_, n) => ({ system: "phone", value: `+39 06 1234 5678 ${n}`, use: "home", rank: n + 1 }));
  const subject = { reference: "Patient/p0" };
  for (const resourceOf of [
    (id: string) => ({ resourceType: "Patient", id: `p${id}`, name: [{ family: `Rossi ${id}` }], telecom }),
    (id: string) => ({ resourceType: "Condition", id: `c${id}`, subject, note: texts(40) }),
  ]) {
    for (let from = 0; from < RECORDS; from += AT_ONCE) {
      const entry = Array.from({ length: AT_ONCE }, (_, n) => {
        const resource = resourceOf(`${from + n}`);
        return { resource, request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` } };
      });
      await client.send("", "POST", JSON.stringify({ resourceType: "Bundle", type: "batch", entry }));
    }
  }
}

/** Waiting times of a client that reads one resource repeatedly. */
async function waits(client: Client, forSeconds: number) {
  const times: number[] = [];
  for (const until = performance.now() + forSeconds * 1_000; performance.now() < until; await delay(10)) {
    const begun = performance.now();
    await client.send("/Patient/p1");
    times.push(performance.now() - begun);
  }
  return { p50_ms: Math.round(percentile(times, 0.5)), p99_ms: Math.round(percentile(times, 0.99)) };
}

function readSlowly(base: string, page: string, hangsUp: boolean): { end(): { pages: number; refused: number } } {
  const { host, port, pathname } = new URL(base);
  const counted = { pages: 0, refused: 0 };
  const sockets = new Set<Socket>();
  let isOver = false;
  const open = (): void => {
    if (isOver) return;
    const socket = connect({ port: Number(port), host: "127.0.0.1", localAddress: ADDRESS });
    sockets.add(socket);
    let isFirst = true;
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      setTimeout(open, PAUSE_MS);
    });
    socket.on("data", (chunk) => {
      if (isFirst) counted[String(chunk).startsWith("HTTP/1.1 200") ? "pages" : "refused"] += 1;
      isFirst = false;
      socket.pause();
      setTimeout(() => socket.resume(), PAUSE_MS);
    });
    const ask = `GET ${pathname}${page} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    socket.write(ask, () => hangsUp && socket.destroy());
  };
  for (let n = 0; n < CONNECTIONS; n++) open();
  return {
    end: () => {
      isOver = true;
      for (const socket of sockets) socket.destroy();
      return counted;
    },
  };
}
