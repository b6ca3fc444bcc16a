/** Headless Chromium, from an npm package that unpacks it into the machine's temporary folder. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";
import { withLock } from "../../scripts/lock.mjs";

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
