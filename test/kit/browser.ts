/** Headless Chromium, from an npm package that unpacks it into the machine's temporary folder. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";
import { withLock } from "../../scripts/lock.mjs";

/** How long a page waits for something that does not come, before the error names it. Shorter than a test's own limit; no assertion of speed. Milliseconds. */
export const PATIENCE_MS = 120_000;

const LOCK = join(tmpdir(), "openward-chromium.lock");

/** Tests run in parallel: one unpacks, the others wait until that is complete. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = await withLock(
    LOCK,
    () => chromium.executablePath(),
    () => {},
  );
  return playwright.launch({ executablePath, args: ["--no-sandbox"], headless: true });
}
