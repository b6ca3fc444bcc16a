/** Chromium without a window, of an npm package that unpacks it into the temporary folder of the machine. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";
import { withLock } from "../../scripts/lock.mjs";

const LOCK = join(tmpdir(), "openward-chromium.lock");

/** Tests run side by side: one unpacks, the others wait for the whole of it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = await withLock(
    LOCK,
    () => chromium.executablePath(),
    () => {},
  );
  return playwright.launch({ executablePath, args: ["--no-sandbox"], headless: true });
}
