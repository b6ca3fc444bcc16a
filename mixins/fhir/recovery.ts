/**
 * The owner's side of a two-phase commit that was cut short: what is prepared here and whose coordinator died, or fell
 * silent, is settled by asking the coordinator's journal.
 */
import type { Service } from "moleculer";
import { coordinatorOf, outcomeOf } from "./contract.ts";
import type { WithFhir } from "./owner.ts";

/**
 * A prepared transaction of a living coordinator is asked about when it is older than this. Longer than a coordinator
 * takes from its first prepare to its decision (`DECIDE_WITHIN` in services/transactions), so that the question never
 * aborts one that is still on its way.
 */
const IN_DOUBT_AFTER = 25_000; // milliseconds
const LOOK_EVERY = 1_000; // milliseconds; one indexed read of a table that is empty but for moments

export interface InDoubt {
  stop(): Promise<void>;
}

/** Watches the prepared transactions of one service from now on. */
export function settleInDoubt(service: Service & WithFhir): InDoubt {
  const { broker, logger, store } = service;
  let running: Promise<void> | undefined;

  const isAlive = (nodeID: string) => broker.registry.nodes.get(nodeID)?.available === true;

  async function settle(): Promise<void> {
    for (const { tx, since } of await store.prepared()) {
      if (isAlive(coordinatorOf(tx)) && Date.now() - since < IN_DOUBT_AFTER) continue;
      const outcome = await outcomeOf(broker as never, { tx });
      if (outcome.committed) await store.commit(tx, outcome.at);
      else await store.abort(tx);
      logger.info(`Transaction ${tx}, prepared here and left in doubt, is ${outcome.committed ? "committed" : "aborted"}.`);
    }
  }

  const look = () => {
    running ??= settle()
      // The journal cannot be reached: what is in doubt stays prepared, and the next look asks again.
      .catch((error: Error) => logger.debug(`Transactions in doubt wait for the journal: ${error.message}`))
      .finally(() => {
        running = undefined;
      });
  };
  const timer = setInterval(look, LOOK_EVERY);
  timer.unref();
  look();

  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
