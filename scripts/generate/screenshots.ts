/**
 * `npm run screenshots`: takes docs/screens/*.webp in Chromium from a demo that it starts, each page in the role that works with it, in three
 * languages and widths, light and dark.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Browser, type Page } from "playwright-core";

const FOLDER = join(import.meta.dirname, "../../docs/screens");

interface Shot {
  name: string;
  role: string;
  place: string;
  language: string;
  width: number;
  isDark?: boolean;
  /** Steps before the picture is taken. */
  prepare?: (page: Page) => Promise<void>;
}

/** Of the pictures, in percent: text is sharp, and a picture has a third of the bytes of a PNG. */
const QUALITY = 80;

const HEIGHTS: Record<number, number> = { 1280: 800, 768: 900, 360: 740 };

const SHOTS: Shot[] = [
  {
    name: "front-desk",
    role: "front-desk",
    place: "desk",
    language: "fr",
    width: 1280,
    prepare: async (page) => {
      await page.fill("#field-family", "Ben Ali");
      await page.fill("#field-given", "Yasmine");
      await page.fill("#field-birthDate", "12/4/1958");
      await page.waitForSelector(".list .tag");
    },
  },
  {
    name: "front-desk-phone",
    role: "front-desk",
    place: "desk",
    language: "ar",
    width: 360,
    prepare: (page) => page.locator("#part-queue").scrollIntoViewIfNeeded(),
  },
  { name: "home", role: "nurse", place: "home", language: "fr", width: 1280 },
  { name: "beds", role: "nurse", place: "beds", language: "ar", width: 768 },
  { name: "ward", role: "nurse", place: "ward", language: "en", width: 1280 },
  { name: "ward-arabic", role: "nurse", place: "ward", language: "ar", width: 1280 },
  { name: "stay", role: "nurse", place: "ward", language: "fr", width: 1280, prepare: (page) => opened(page, "button.bed.taken") },
  { name: "round", role: "nurse", place: "round", language: "fr", width: 360 },
  { name: "hand-over", role: "nurse", place: "hand-over", language: "fr", width: 1280 },
  { name: "ward-phone", role: "nurse", place: "ward", language: "ar", width: 360, isDark: true },
  { name: "chart", role: "physician", place: "chart", language: "en", width: 1280 },
  { name: "chart-phone", role: "physician", place: "chart", language: "fr", width: 360 },
  {
    name: "prescribe",
    role: "physician",
    place: "chart",
    language: "ar",
    width: 360,
    prepare: (page) => opened(page, "#part-medication header .buttons button >> nth=-1"),
  },
  { name: "mine", role: "physician", place: "mine", language: "fr", width: 768 },
  { name: "chart-tablet", role: "physician", place: "chart", language: "ar", width: 768 },
  { name: "bench", role: "lab-technician", place: "bench", language: "fr", width: 1280, isDark: true },
  { name: "dispensary", role: "pharmacist", place: "dispensary", language: "en", width: 1280 },
  { name: "cash", role: "billing", place: "cash", language: "fr", width: 768 },
  { name: "records", role: "records-office", place: "records", language: "en", width: 1280, prepare: compareDuplicates },
  { name: "places", role: "administrator", place: "places", language: "fr", width: 768 },
  { name: "census", role: "administrator", place: "census", language: "ar", width: 768 },
  { name: "audit", role: "auditor", place: "audit", language: "en", width: 1280, prepare: askWhoHasLooked },
  { name: "administration", role: "administrator", place: "administration", language: "en", width: 1280 },
];

const dir = mkdtempSync(join(tmpdir(), "openward-screens-"));
const env = { ...process.env, DATA_DIR: dir, PORT: "0", ACCESS: "closed", LOG_LEVEL: "error", NATS_URL: "", MONGO_URL: "", REDIS_URL: "" };
const demo = spawn(process.execPath, [join(import.meta.dirname, "../run.mjs"), "demo"], { env, stdio: ["ignore", "pipe", "inherit"] });
try {
  const { url, passwords } = await started();
  mkdirSync(FOLDER, { recursive: true });
  const browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: ["--no-sandbox"], headless: true });
  for (const shot of SHOTS) await take(browser, url, { ...shot, password: passwords.get(shot.role) ?? "" });
  await browser.close();
} finally {
  demo.kill("SIGTERM");
  demo.once("exit", () => rmSync(dir, { recursive: true, force: true }));
}

/** @returns the address of the demo once its day has been played, and the passwords of its accounts by role */
async function started(): Promise<{ url: string; passwords: Map<string, string> }> {
  let text = "";
  for await (const piece of demo.stdout) {
    text += String(piece);
    if (text.includes("until you press Ctrl-C")) break;
  }
  const [, url] = /ready at (\S+)/.exec(text) ?? [];
  if (url === undefined) throw new Error(`The demo did not start:\n${text}`);
  const accounts = [...text.matchAll(/^ {2}(\S+) +try-\S+ +(\S+)$/gm)];
  return { url, passwords: new Map(accounts.map(([, role = "", password = ""]) => [role, password])) };
}

async function take(browser: Browser, url: string, shot: Shot & { password: string }): Promise<void> {
  const { name, role, password, place, language, width, isDark, prepare } = shot;
  const viewport = { width, height: HEIGHTS[width] ?? 800 };
  const context = await browser.newContext({ locale: language, viewport, colorScheme: isDark ? "dark" : "light", reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(`${url}/desk/`);
  await page.fill("#login", `try-${role}`);
  await page.fill("#password", password);
  await page.click('button[value="login"]');
  await page.waitForSelector(".who");
  const hash = `#/${place === "chart" ? `chart/${await aPatient(page)}` : place}`;
  await page.evaluate((to) => location.assign(to), hash);
  const key = place.split("/")[0];
  await page.waitForFunction((of) => document.querySelector(`[data-page="${of}"]`) && !document.querySelector('[aria-busy="true"]'), key);
  if (place === "ward") await page.selectOption("#ward", { label: "Cardiology" });
  if (place === "ward") await page.waitForSelector("button.bed.taken");
  await prepare?.(page);
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  const session = await context.newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  writeFileSync(join(FOLDER, `${name}.webp`), data, "base64");
  await context.close();
  console.log(`docs/screens/${name}.webp`);
}

/** Opens a dialog. */
async function opened(page: Page, selector: string): Promise<void> {
  await page.click(selector);
  await page.waitForSelector("dialog[open]");
}

/** Two records of one person, side by side. */
async function compareDuplicates(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
    const headers = { Authorization: `Bearer ${access}`, "Content-Type": "application/json" };
    const again = { family: "Benaly", given: ["Yasmina"], gender: "female", birthDate: "1958-04-12", confirm: "for the picture" };
    await fetch("/api/patients/register", { method: "POST", headers, body: JSON.stringify(again) });
  });
  await page.fill("#records-search", "Benali");
  await page.waitForSelector("#records-search-list li");
  await page.press("#records-search", "Enter");
  await opened(page, "main li button:has-text('Compare')");
  await page.waitForSelector("dialog button.main");
}

/** Everybody who has looked at a record. */
async function askWhoHasLooked(page: Page): Promise<void> {
  await page.fill("#field-audit-who", "Trial nurse");
  await page.press("#field-audit-who", "Enter");
  await page.waitForSelector("main :is(li, td)");
}

/** A patient with results, found by the page's own API. */
async function aPatient(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { access } = JSON.parse(sessionStorage.getItem("desk.tokens") ?? "{}") as { access: string };
    const answer = await fetch("/fhir/Patient?family=Larson&_count=1", { headers: { Authorization: `Bearer ${access}` } });
    const { entry = [] } = (await answer.json()) as { entry?: { resource: { id: string } }[] };
    return entry[0]?.resource.id ?? "";
  });
}
