/**
 * The owner's side of a two-phase commit that was cut short: what is prepared here and whose coordinator died, or fell
 * silent, is settled by asking the coordinator's journal.
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
 * A prepared transaction older than this is asked about; it is settled if the journal knows the answer, so that an owner
 * that was down when the commit came makes up for it at once. Milliseconds.
 */
const ASK_AFTER_MS = 1_000;
/**
 * When its coordinator lives, the question decides it only after this time, longer than a coordinator takes from its first
 * prepare to its decision (`DECIDE_WITHIN_MS` in services/transactions): it never aborts what is still on its way. Milliseconds.
 */
const DECIDE_AFTER_MS = 25_000;
/** One indexed read of a table that is empty but for moments. Milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Longest that a service which finds something in doubt at its start waits for the journal's word, before it serves; milliseconds. */
const FIRST_LOOK_MS = 3_000;
/** Who keeps the journal. */
const JOURNAL = "transactions";

/** The watch. */
export interface InDoubt {
  /** What was in doubt at the start is settled, or cannot be within `FIRST_LOOK_MS`. What was confirmed meanwhile can be read then. */
  looked: Promise<void>;
  /** Waits for the look that is under way. */
  stop(): Promise<void>;
}

/** Watches the prepared transactions of one service from now on. */
export function settleInDoubt(service: Service & { store: Store; writes: Pick<OwnerWrites, "ended"> }): InDoubt {
  const { broker, logger, store, writes } = service;
  let running: Promise<void> | undefined;
  /** When each was first seen here, by a clock that nobody sets; of what was there at the start, long ago. */
  const seen = new Map<string, number>();
  let isFirstLook = true;

  const isAlive = (nodeID: string) => broker.registry.nodes.get(nodeID)?.available === true;

  /** @param mayDecide at the start a coordinator that lives may not be known yet */
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
      // The journal cannot be reached: what is in doubt stays prepared, and the next look asks again. Others may have other journals.
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
  // Of a coordinator, perhaps: who stands in for it waits for what it has prepared here.
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
