/**
 * How long does the board of a hospital with 300 beds take, and what do 500 listening pages cost? `npm run bench -- board one|cluster [looks]` (default
 * 500): a patient in each bed, with an allergy, an order and a flag; the board is read repeatedly, of the whole hospital (also with a write between two
 * reads) and of one ward; then streams, and the time from the request of a change until each stream has its notification. One JSON line; the exit code
 * is 1 if the whole hospital takes 30 ms or longer at the 95th percentile, the streams 100 MB, or a change 500 ms.
 */
import { once } from "node:events";
import { type ClientRequest, get, type IncomingMessage } from "node:http";
import type { Board } from "../services/wards/board.contract.ts";
import { admissions, BEDS, openWards, ROOMS } from "./full-hospital.ts";
import { Client, percentile, start, type Way } from "./kit.ts";

const [way = "one", looks = "500"] = process.argv.slice(2);
/** Listening pages, and changes. */
const [STREAMS, CHANGES] = [500, 20];
/** Reads before measuring: a gateway compiles as it runs. */
const WARM_UP = 200;

const running = await start(way as Way);
try {
  const fhir = new Client(running.base);
  const api = new Client(running.base.replace(/\/fhir$/, "/api"));
  const beds = await openWards(api);
  for (let from = 0; from < beds.length; from += 50) {
    await fhir.send("", "POST", JSON.stringify(admissions(beds.slice(from, from + 50), from)));
  }
  const all = await measure(api, "/wards/board");
  const [ward = ""] = all.wards;
  const one = await measure(api, `/wards/board?ward=${ward}`);
  const note = JSON.stringify({ resourceType: "Flag", status: "inactive", subject: { reference: all.patient }, code: { text: "seen" } });
  const busy = await measure(api, "/wards/board", () => fhir.send("/Flag", "POST", note));
  const streams = await listen(running.base.replace(/\/fhir$/, ""));
  const heard_ms = rounded(percentile(await changes(fhir, beds, streams.all), 0.95));
  const figures = { streams: STREAMS, streams_mb: streams.megabytes, heard_p95_ms: heard_ms };
  console.log(
    JSON.stringify({ way, beds: beds.length, all_wards: all.figures, all_wards_changed: busy.figures, ward: one.figures, ...figures }),
  );
  if (all.figures.p95_ms >= 30 || streams.megabytes >= 100 || heard_ms >= 500) process.exitCode = 1;
  for (const { request } of streams.all) request.destroy();
} finally {
  await running.stop();
}

/** @param between called between two reads, e.g. to write */
async function measure(api: Client, path: string, between?: () => Promise<unknown>) {
  const times: number[] = [];
  let text = "";
  for (let look = -WARM_UP; look < Number(looks); look += 1) {
    await between?.();
    const begun = performance.now();
    text = await api.send(path);
    if (look >= 0) times.push(performance.now() - begun);
  }
  const board = JSON.parse(text) as Board;
  const taken = board.wards.flatMap(({ rooms }) => rooms.flatMap(({ beds }) => beds.filter(({ stay }) => stay?.allergies.length === 1)));
  if (!board.isComplete || taken.length !== board.wards.length * ROOMS * BEDS.length) throw new Error("The board is not whole.");
  const figures = { p50_ms: rounded(percentile(times, 0.5)), p95_ms: rounded(percentile(times, 0.95)), bytes: text.length };
  return { wards: board.wards.map(({ location }) => location), patient: taken[0]?.stay?.patient, figures };
}

interface Stream {
  request: ClientRequest;
  /** Resolves when an event names this bed. */
  heard(bed: string): Promise<void>;
}

async function listen(base: string): Promise<{ all: Stream[]; megabytes: number }> {
  const before = running.memory().pss;
  const all = await Promise.all(Array.from({ length: STREAMS }, () => stream(`${base}/api/wards/board/events`)));
  return { all, megabytes: running.memory().pss - before };
}

async function stream(url: string): Promise<Stream> {
  const request = get(url, { agent: false });
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  let all = ""; // each bed is changed once
  answer.setEncoding("utf8").on("data", (text: string) => {
    all += text;
    answer.emit("told");
  });
  request.on("error", () => {});
  answer.on("error", () => {});
  return {
    request,
    async heard(bed) {
      while (!all.includes(bed)) await once(answer, "told");
    },
  };
}

/** Milliseconds from the request of each change until all streams have its notification. */
async function changes(fhir: Client, beds: string[], streams: Stream[]): Promise<number[]> {
  const times: number[] = [];
  for (const bed of beds.slice(0, CHANGES)) {
    const location = JSON.parse(await fhir.send(`/${bed}`)) as object;
    const all = Promise.all(streams.map((it) => it.heard(bed)));
    const begun = performance.now();
    await fhir.send(`/${bed}`, "PUT", JSON.stringify({ ...location, description: "moved to the window" }));
    await all;
    times.push(performance.now() - begun);
  }
  return times;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
