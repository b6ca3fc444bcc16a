/**
 * How long does a click take while a hospital is at work, and what does that cost? `npm run bench -- at-work one|cluster [minutes] [boards] [users]`
 * (default 0.5, 50, 20): pages with a ward board get notifications and read it again, like those of `desk`; people open charts, write, order, move
 * patients and search others, with pauses. A click lasts until its last request is answered. One JSON line; the exit code is 1 if a request was refused
 * for another reason than that another person was faster.
 */
import { once } from "node:events";
import { type ClientRequest, get, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { admissions, openWards } from "./full-hospital.ts";
import { Client, percentile, start, type Way } from "./kit.ts";

const [way = "one", minutes = "0.5", boards = "50", users = "20"] = process.argv.slice(2);
/** Connections of a browser to one host. */
const CONNECTIONS = 6;
/** Least and longest time between two reads of a page. Milliseconds. */
const [TOGETHER_MS, ANYWAY_MS] = [250, 30_000];
/** Pause between two clicks of a person, milliseconds. */
const [SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS] = [1_000, 3_000];
/** Beds kept free for moves. */
const FREE_BEDS = 12;
/** Types that a chart reads. */
const CHART = ["AllergyIntolerance", "Condition", "MedicationRequest", "Observation", "ServiceRequest", "Encounter", "DocumentReference"];
const TEST = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin" };

interface Stay {
  stay: string;
  patient: string;
}

const running = await start(way as Way);
const root = running.base.replace(/\/fhir$/, "");
const ending = new AbortController();
const times = new Map<string, number[]>();
const figures = { boardsRead: 0, told: 0, faster: 0 };
const faults: string[] = [];
try {
  const [api, fhir] = [new Client(`${root}/api`), new Client(running.base)];
  const beds = await openWards(api);
  const taken = beds.slice(FREE_BEDS);
  for (let from = 0; from < taken.length; from += 50) {
    await fhir.send("", "POST", JSON.stringify(admissions(taken.slice(from, from + 50), from)));
  }
  const all = JSON.parse(await api.send("/wards/board")) as {
    wards: { location: string; rooms: { beds: { stay?: Stay }[] }[] }[];
  };
  const stays = all.wards.flatMap(({ rooms }) => rooms.flatMap((room) => room.beds.flatMap(({ stay }) => stay ?? [])));
  const before = { memory: running.memory().pss, cpu: running.cpu() };
  const shown = Array.from({ length: Number(boards) }, (_, index) => showBoard(all.wards[index % all.wards.length]?.location ?? ""));
  const working = Array.from({ length: Number(users) }, () => work(stays, beds));
  await delay(Number(minutes) * 60_000);
  ending.abort();
  await Promise.all([...shown, ...working]);
  const clicks = [...times.values()].flat();
  const line = {
    way,
    minutes: Number(minutes),
    boards: Number(boards),
    users: Number(users),
    clicks: clicks.length,
    p50_ms: rounded(percentile(clicks, 0.5)),
    p95_ms: rounded(percentile(clicks, 0.95)),
    by_click_p95_ms: Object.fromEntries([...times].map(([name, of]) => [name, rounded(percentile(of, 0.95))])),
    boards_read: figures.boardsRead,
    events_told: figures.told,
    somebody_faster: figures.faster,
    faults: faults.length,
    ...(faults[0] !== undefined && { first_fault: faults[0].slice(0, 300) }),
    memory_mb: running.memory().pss,
    memory_mb_before: before.memory,
    cpu_share: rounded((running.cpu() - before.cpu) / (Number(minutes) * 60_000)),
  };
  console.log(JSON.stringify(line));
  if (faults.length > 0) process.exitCode = 1;
} finally {
  ending.abort();
  await running.stop();
}

/** An event stream, until the end or `close`. */
function listen(path: string, onEvent: () => void): { close(): void } {
  const request: ClientRequest = get(`${root}${path}`, { agent: false });
  const close = () => request.destroy();
  ending.signal.addEventListener("abort", close, { once: true });
  request.on("error", () => {});
  once(request, "response").then(
    ([answer]: IncomingMessage[]) => {
      answer?.on("error", () => {});
      answer?.setEncoding("utf8").on("data", (text: string) => {
        if (!text.includes("\ndata:")) return;
        figures.told += 1;
        onEvent();
      });
    },
    () => {},
  );
  return { close };
}

/** A page with a ward board, until the end. */
async function showBoard(ward: string): Promise<void> {
  const client = new Client(`${root}/api`, CONNECTIONS);
  let changed = () => {};
  listen(`/api/wards/board/events?ward=${ward}`, () => changed());
  while (!ending.signal.aborted) {
    const news = new Promise<void>((resolve) => {
      changed = resolve;
    });
    await client.send(`/wards/board?ward=${ward}`).then(() => {
      figures.boardsRead += 1;
    }, noteFault);
    await Promise.race([news, pause(ANYWAY_MS)]);
    await pause(TOGETHER_MS);
  }
  client.close();
}

/** A person at work, until the end. */
async function work(stays: Stay[], beds: string[]): Promise<void> {
  const [api, fhir] = [new Client(`${root}/api`, CONNECTIONS), new Client(running.base, CONNECTIONS)];
  let chart: { close(): void } | undefined;
  const one = <Of>(from: Of[]): Of => from[Math.floor(Math.random() * from.length)] as Of;
  const clicks: Record<string, () => Promise<unknown>> = {
    async chart() {
      const { patient } = one(stays);
      const id = patient.split("/")[1];
      chart?.close();
      chart = listen(`/api/events?patient=${patient}`, () => {});
      await Promise.all([fhir.send(`/${patient}`), ...CHART.map((type) => fhir.send(`/${type}?patient=${id}&_count=200`))]);
    },
    problem: () =>
      fhir.send(
        "/Condition",
        "POST",
        JSON.stringify({ resourceType: "Condition", code: { text: "Cough" }, subject: { reference: one(stays).patient } }),
      ),
    order: () => {
      const { patient, stay } = one(stays);
      return api.send("/lab/order", "POST", JSON.stringify({ patient, encounter: stay, test: TEST }));
    },
    move: () =>
      api.send("/hospitalizations/transfer", "POST", JSON.stringify({ stay: one(stays).stay, bed: one(beds.slice(0, FREE_BEDS * 2)) })),
    bench: () => api.send("/lab/worklist", "POST", "{}"),
    find: () => fhir.send(`/Patient?name=${`Benali ${Math.floor(Math.random() * 300)}`.split(" ")[1]}&name=Amina&_count=12`),
  };
  while (!ending.signal.aborted) {
    await pause(SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS));
    const [name, click] = one(Object.entries(clicks));
    const begun = performance.now();
    await click().catch(noteFault);
    times.set(name, [...(times.get(name) ?? []), performance.now() - begun]);
  }
  for (const client of [api, fhir]) client.close();
}

/** Errors do not count if another person has taken the bed, or the run has ended. */
function noteFault(error: Error): void {
  if (ending.signal.aborted) return;
  if (/: 409 /.test(error.message)) figures.faster += 1;
  else faults.push(error.message);
}

function pause(ms: number): Promise<void> {
  return delay(ms, undefined, { signal: ending.signal }).catch(() => {});
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
