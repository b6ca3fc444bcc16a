/** Waits for events in tests: there is no notification that the last one has taken effect. */
import { setTimeout as delay } from "node:timers/promises";
import type { Caller } from "../../mesh/caller.ts";
import { ownerOf } from "../../federation/owner-contract.ts";

/** Resolves when the outboxes of these services are empty: in one process all events are then handled, or set aside. */
export async function allRelayed(caller: Caller, ...services: string[]): Promise<void> {
  for (const service of services) while ((await ownerOf(service).stats(caller, {})).outbox.waiting > 0) await delay(5);
}

/** The first answer that satisfies the condition. Limited by the test's own time limit. */
export async function eventually<Answer>(ask: () => Promise<Answer>, isWanted: (answer: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    await delay(20);
  }
}
