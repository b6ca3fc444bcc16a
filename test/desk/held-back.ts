/** A slow network for one kind of request: a person goes on working before the answer. */
import type { Page } from "playwright-core";

/**
 * Holds back the requests to these addresses.
 * @returns a function that lets them pass, now and from then on
 */
export async function heldBack(page: Page, address: RegExp): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(address, async (route) => {
    await promise;
    await route.continue();
  });
  return resolve;
}
