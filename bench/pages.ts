/**
 * How large are the pages, and how fast are they on a processor slowed down four times? `npm run bench -- pages [rate] [rounds]` (default 4 and 5): a
 * hospital of 300 beds, each page opened with an empty cache (bytes on the wire, first contentful paint) and with a full one, then used by keyboard. A
 * reaction is the duration of an interaction in the browser's Event Timing: from the key to the next frame, in steps of 8 ms. One JSON line, medians of
 * the rounds; the exit code is 1 if a limit is exceeded: 150 kB for the first page, 1 s to the first paint, 100 ms for a reaction.
 */
import type { Browser, CDPSession, Page } from "playwright-core";
import { launchBrowser } from "../test/kit/browser.ts";
import { admissions, openWards } from "./full-hospital.ts";
import { Client, median, start } from "./kit.ts";

const [rate = 4, rounds = 5] = process.argv.slice(2).map(Number);
/** The limits. */
const [MAX_BYTES, MAX_PAINT_MS, MAX_REACTION_MS] = [150_000, 1_000, 100];
/** Patients per transaction. */
const AT_ONCE = 50;

/** Typical keys pressed on each page. */
const WORK: Record<string, (page: Page) => Promise<void>> = {
  home: (page) => press(page, ["/", "Escape"]),
  desk: async (page) => {
    await page.focus("#field-family");
    await page.keyboard.type("Benali", { delay: 60 });
    await press(page, ["Tab", "Tab", "Shift+Tab"]);
  },
  ward: async (page) => {
    await page.focus("button.bed >> nth=0");
    await press(page, ["ArrowRight", "ArrowRight", "ArrowLeft", "Enter", "Escape", "m", "ArrowRight", "Escape"]);
  },
  chart: async (page) => {
    await page.focus("#field-problem");
    await page.keyboard.type("Anaemia", { delay: 60 });
    await press(page, ["Tab", "Tab"]);
  },
  bench: async (page) => {
    await page.focus("#field-bench-find");
    await page.keyboard.type("haemo", { delay: 60 });
  },
  dispensary: (page) => press(page, ["Tab", "Tab"]),
};

async function press(page: Page, keys: string[]): Promise<void> {
  for (const key of keys) {
    await page.keyboard.press(key);
    await painted(page);
  }
}

const painted = (page: Page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

interface Opened {
  bytes: number;
  paintMs: number;
}

/** Waits until the page is complete. Its network never becomes idle, as it listens to events. */
async function shown(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector("[data-page]") && !document.querySelector('[aria-busy="true"]'));
}

/** Opens a page. */
async function open(page: Page, cdp: CDPSession, address: string): Promise<Opened> {
  let bytes = 0;
  const count = ({ encodedDataLength }: { encodedDataLength: number }) => {
    bytes += encodedDataLength;
  };
  cdp.on("Network.loadingFinished", count);
  await page.goto("about:blank");
  await page.goto(address);
  await shown(page);
  await painted(page);
  cdp.off("Network.loadingFinished", count);
  const paintMs = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
  return { bytes, paintMs: Math.round(paintMs) };
}

/** The longest interaction of the work, milliseconds; 16 is the least that browsers report. */
async function slowest(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const seen = [16];
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if ((entry as PerformanceEventTiming).interactionId) seen.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
  });
  await work();
  await painted(page);
  return page.evaluate(() => Math.max(...(globalThis as unknown as { seen: number[] }).seen));
}

/** One round of one page, in a browser without a cache. */
async function round(browser: Browser, address: string, work: (page: Page) => Promise<void>) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Emulation.setCPUThrottlingRate", { rate });
  const { bytes, paintMs } = await open(page, cdp, address);
  const again = await open(page, cdp, address);
  const reactionMs = await slowest(page, () => work(page));
  await context.close();
  return { bytes, paintMs, againMs: again.paintMs, reactionMs };
}

const running = await start("one", { ACCESS: "open" });
const root = running.base.replace(/\/fhir$/, "");
const browser = await launchBrowser();
try {
  const [api, fhir] = [new Client(`${root}/api`), new Client(running.base)];
  const beds = await openWards(api);
  for (let from = 0; from < beds.length; from += AT_ONCE) {
    await fhir.send("", "POST", JSON.stringify(admissions(beds.slice(from, from + AT_ONCE), from)));
  }
  const found = JSON.parse(await fhir.send("/Patient?_count=1")) as { entry: { resource: { id: string } }[] };
  api.close();
  fhir.close();
  const placeOf = (name: string) => (name === "chart" ? `chart/${found.entry[0]?.resource.id}` : name);
  const pages: Record<string, unknown> = {};
  const faults: string[] = [];
  // The service prepares and compresses the files for the first request after its start: measured separately.
  const begin = performance.now();
  const first = await browser.newPage();
  await first.goto(`${root}/desk/`);
  await shown(first);
  await first.close();
  const madeMs = Math.round(performance.now() - begin);
  for (const [name, work] of Object.entries(WORK)) {
    const all: Awaited<ReturnType<typeof round>>[] = [];
    for (let turn = 0; turn < rounds; turn += 1) all.push(await round(browser, `${root}/desk/#/${placeOf(name)}`, work));
    const of = (figure: keyof (typeof all)[number]) => median(all.map((one) => one[figure]));
    const figures = { bytes: of("bytes"), paintMs: of("paintMs"), againMs: of("againMs"), reactionMs: of("reactionMs") };
    pages[name] = figures;
    if (name === "home" && figures.bytes > MAX_BYTES) faults.push(`${name}: ${figures.bytes} bytes`);
    for (const ms of [figures.paintMs, figures.againMs]) if (ms > MAX_PAINT_MS) faults.push(`${name}: painted after ${ms} ms`);
    if (figures.reactionMs > MAX_REACTION_MS) faults.push(`${name}: a reaction took ${figures.reactionMs} ms`);
  }
  console.log(JSON.stringify({ rate, rounds, madeMs, pages, faults }));
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  await browser.close();
  await running.stop();
}
