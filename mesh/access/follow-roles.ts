/** Keeps a broker's roles up to date: it asks `identity` when it hears of a newer generation. */
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { CURRENT_ROLES, type ChangedRoles } from "./changed-roles.ts";
import type { RolesNow } from "./roles-now.ts";

/** Time limit of one attempt, milliseconds. */
const TRY_MS = 2_000;
/** Attempts, and the pause between them in milliseconds; another announcement starts them again. */
const [TRIES, PAUSE_MS] = [3, 300];

/** Makes `roles.refresh()` ask `identity`; concurrent callers share one question. */
export function followRoles(broker: ServiceBroker, roles: RolesNow): void {
  let asking: Promise<void> | undefined;
  const ask = async () => {
    for (let tries = 1; ; tries += 1) {
      try {
        roles.take(await broker.call<ChangedRoles, object>(CURRENT_ROLES, {}, { timeout: TRY_MS }));
        if (roles.isUpToDate) return;
      } catch (error) {
        if (tries === TRIES) throw error;
      }
      if (tries === TRIES) return;
      await delay(PAUSE_MS, undefined, { ref: false });
    }
  };
  roles.askBy(() => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  });
}
