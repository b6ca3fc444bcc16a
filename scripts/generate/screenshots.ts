/**
 * `npm run screenshots`: the pages as they are, docs/screens/*.png, taken by Chromium of a demo that is started for it: in three languages and
 * widths, light and dark.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Browser, type Page } from "playwright-core";

const FOLDER = join(import.meta.dirname, "../../docs/screens");

interface Shot {
  name: string;
  place: string;
  language: string;
  width: number;
  isDark?: boolean;
  /** What is done before. */
  prepare?: (page: Page) => Promise<void>;
}

const HEIGHTS: Record<number, number> = { 1280: 800, 768: 900, 360: 740 };

const SHOTS: Shot[] = [
  {
    name: "front-desk",
    place: "desk",
    language: "fr",
    width: 1280,
    prepare: async (page) => {
      await page.fill("#field-family", "Ben Ali");
      await page.fill("#field-given", "Yasmine");
      await page.fill("#field-birthDate", "1958-04-12");
      await page.waitForSelector(".list .tag");
    },
  },
  { name: "ward", place: "ward", language: "en", width: 1280 },
  { name: "ward-phone", place: "ward", language: "ar", width: 360, isDark: true },
  { name: "chart", place: "chart", language: "en", width: 1280 },
  { name: "chart-tablet", place: "chart", language: "ar", width: 768 },
  { name: "bench", place: "bench", language: "fr", width: 1280, isDark: true },
  { name: "administration", place: "administration", language: "en", width: 1280 },
];

const dir = mkdtempSync(join(tmpdir(), "openward-screens-"));
const env = { ...process.env, DATA_DIR: dir, PORT: "0", ACCESS: "open", LOG_LEVEL: "error", NATS_URL: "", MONGO_URL: "", REDIS_URL: "" };
const demo = spawn(process.execPath, [join(import.meta.dirname, "../run.mjs"), "demo"], { env, stdio: ["ignore", "pipe", "inherit"] });
try {
  const url = await started();
  mkdirSync(FOLDER, { recursive: true });
  const browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: ["--no-sandbox"], headless: true });
  for (const shot of SHOTS) await take(browser, url, shot);
  await browser.close();
} finally {
  demo.kill("SIGTERM");
  demo.once("exit", () => rmSync(dir, { recursive: true, force: true }));
}

/** @returns the address of the demo, when it has lived its day */
async function started(): Promise<string> {
  let text = "";
  for await (const piece of demo.stdout) {
    text += String(piece);
    if (text.includes("until you press Ctrl-C")) break;
  }
  const [, url] = /ready at (\S+)/.exec(text) ?? [];
  if (url === undefined) throw new Error(`The demo did not start:\n${text}`);
  return url;
}

async function take(browser: Browser, url: string, { name, place, language, width, isDark, prepare }: Shot): Promise<void> {
  const viewport = { width, height: HEIGHTS[width] ?? 800 };
  const context = await browser.newContext({ locale: language, viewport, colorScheme: isDark ? "dark" : "light", reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(`${url}/desk/#/${place === "chart" ? `chart/${await aPatient(url)}` : place}`);
  await page.waitForFunction(() => document.querySelector("[data-page]") && !document.querySelector('[aria-busy="true"]'));
  if (place === "ward") await page.selectOption("#ward", { label: "Cardiology" });
  if (place === "ward") await page.waitForSelector("button.bed.taken");
  await prepare?.(page);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await context.close();
  console.log(`docs/screens/${name}.png`);
}

async function aPatient(url: string): Promise<string> {
  const found = (await (await fetch(`${url}/fhir/Patient?family=Larson&_count=1`)).json()) as { entry?: { resource: { id: string } }[] };
  return found.entry?.[0]?.resource.id ?? "";
}
