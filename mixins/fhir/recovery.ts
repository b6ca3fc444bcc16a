/**
 * The owner's side of recovery after an interrupted two-phase commit: a transaction that is prepared here and whose coordinator died or does
 * not respond is settled by asking the coordinator's journal.
 */
import { asSystem } from "../../mesh/access/access.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "moleculer";
import { nonNull } from "../../fhir/non-null.ts";
import { inDoubt } from "../../mesh/metrics.ts";
import type { Prepared, Store } from "../../store/store.ts";
import { type OwnerWrites, RULES_CALLER } from "./owner-writes.ts";
import { coordinatorOf, outcomeOf } from "../../federation/owner-contract.ts";

/**
 * Age at which a prepared transaction is asked about. It is settled if the journal knows the outcome, so that an owner that was down during
 * the commit catches up at once. Milliseconds.
 */
const ASK_AFTER_MS = 1_000;
/**
 * Age at which the question may decide a transaction whose coordinator is alive: longer than a coordinator takes from its first prepare to its
 * decision (`DECIDE_WITHIN_MS` in services/transactions), so that no transaction in progress is aborted. Milliseconds.
 */
const DECIDE_AFTER_MS = 25_000;
/** Interval of the checks: one indexed read of a table that is almost always empty. Milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Longest time for which a service that starts with prepared transactions waits for the journal before it serves; milliseconds. */
const FIRST_LOOK_MS = 3_000;
/** The service with the journal. */
const JOURNAL = "transactions";

/** The recovery of one service. */
export interface InDoubt {
  /** Resolves when the transactions found at the start are settled, or `FIRST_LOOK_MS` have passed. Those that were committed are then readable. */
  looked: Promise<void>;
  /** Stops; waits for a check that is under way. */
  stop(): Promise<void>;
}

/** Watches the prepared transactions of one service from now on. */
export function settleInDoubt(service: Service & { store: Store; writes: Pick<OwnerWrites, "ended"> }): InDoubt {
  const { broker, logger, store, writes } = service;
  let running: Promise<void> | undefined;
  /** When each was first seen here, by the monotonic clock; for those found at the start, long ago. */
  const seen = new Map<string, number>();
  let isFirstLook = true;

  const isAlive = (nodeID: string) => broker.registry.nodes.get(nodeID)?.available === true;

  /** @param mayDecide false at the start, when a coordinator that is alive may not be known yet */
  async function settle({ tx }: Prepared, mayDecide: boolean): Promise<void> {
    const age = performance.now() - nonNull(seen.get(tx));
    const decide = mayDecide && (age > DECIDE_AFTER_MS || !isAlive(coordinatorOf(tx)));
    if (!decide && age < ASK_AFTER_MS) return;
    const outcome = await outcomeOf(asSystem(broker, "recovery"), { tx, decide });
    if (outcome.state === "undecided") return;
    try {
      await (outcome.state === "committed" ? store.commit(tx, outcome.at) : store.abort(tx));
      await writes.ended(tx, { isAborted: outcome.state === "aborted", caller: asSystem(broker, RULES_CALLER) });
      logger.info(`Transaction ${tx}, prepared here and left in doubt, is ${outcome.state}.`);
    } catch (error) {
      logger.error(`Transaction ${tx} is ${outcome.state}, but cannot be carried out here: ${(error as Error).message}`);
    }
  }

  async function settleAll(): Promise<void> {
    const waiting = await store.prepared();
    inDoubt.labels(service.name).set(waiting.length);
    const isFirst = isFirstLook;
    if (isFirst && waiting.length > 0) await broker.waitForServices(JOURNAL, FIRST_LOOK_MS).catch(() => {});
    note(waiting);
    for (const prepared of waiting) {
      // If the journal cannot be reached, the transaction stays prepared and the next check asks again. Others may have another journal.
      await settle(prepared, !isFirst).catch((error: Error) =>
        logger.debug(`Transaction ${prepared.tx} waits for the journal: ${error.message}`),
      );
    }
  }

  function note(waiting: Prepared[]): void {
    const since = performance.now() - (isFirstLook ? ASK_AFTER_MS : 0);
    isFirstLook = false;
    for (const { tx } of waiting) if (!seen.has(tx)) seen.set(tx, since);
    const left = new Set(waiting.map(({ tx }) => tx));
    for (const tx of seen.keys()) if (!left.has(tx)) seen.delete(tx);
  }

  const look = () => {
    running ??= settleAll()
      .catch((error: Error) => logger.debug(`Transactions in doubt cannot be read: ${error.message}`))
      .finally(() => {
        running = undefined;
      });
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  // It may have been a coordinator, whose stand-in waits for what it has prepared here.
  broker.localBus.on("$node.disconnected", look);
  look();
  const looked = Promise.race([running, delay(FIRST_LOOK_MS, undefined, { ref: false })]);

  return {
    looked: looked.then(() => {}),
    stop: async () => {
      clearInterval(timer);
      broker.localBus.off("$node.disconnected", look);
      await running;
    },
  };
}
