/** An action that is carried out once although the node that carries it out may die, or stand still, under it. */
import { setTimeout as delay } from "node:timers/promises";
import { v7 as timeOrderedId } from "uuid";
import { brokerOf, type Caller } from "./caller.ts";
import type { Action } from "./contract.ts";
import { retries } from "./metrics.ts";
import { mayCallAgain, serviceOf } from "./retry-budget.ts";
import { isLeftSilent, leavingSilent } from "./silent-node.ts";

/** Tries in all, and the longest pause before the second, doubled for the third; milliseconds. */
const [MAX_TRIES, PAUSE_MS] = [3, 50];

/** One of the tries of a call. */
export interface Attempt {
  /** A UUID of version 7, the same in all tries. */
  key: string;
  isRepeated: boolean;
}

/**
 * The action, called again with the same key where its node has died, or says nothing while there is another. That it takes effect once, and has the first answer, is the action's own work.
 * @throws what the action refuses; REQUEST_REJECTED when each node has died that was asked
 */
export function againWhereItDied<Params, Result>(of: Action<Params & Partial<Attempt>, Result>): Action<Params & Partial<Attempt>, Result> {
  const call = async (caller: Caller, params: Params & Partial<Attempt>): Promise<Result> => {
    const key = timeOrderedId();
    for (let tries = 1; ; tries += 1) {
      try {
        return await of(caller, { ...params, key, isRepeated: tries > 1 }, tries === MAX_TRIES ? {} : leavingSilent({}));
      } catch (error) {
        const { type, data } = error as { type?: string; data?: { action?: string } };
        const isLost = (type === "REQUEST_REJECTED" || isLeftSilent(error)) && data?.action === of.action;
        if (!isLost || tries === MAX_TRIES || !mayCallAgain(brokerOf(caller), of.action)) throw error;
        retries.labels(serviceOf(of.action)).inc();
        await delay(Math.random() * PAUSE_MS * 2 ** (tries - 1));
      }
    }
  };
  return Object.assign(call, { action: of.action });
}
