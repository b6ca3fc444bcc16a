/** Actions that take effect once although their node may die, or be suspended, while it carries them out. */
import { setTimeout as delay } from "node:timers/promises";
import { v7 as timeOrderedId } from "uuid";
import { brokerOf, type Caller } from "./caller.ts";
import type { Action } from "./contract.ts";
import { retries } from "./metrics.ts";
import { mayCallAgain, serviceOf } from "./retry-budget.ts";
import { isLeftSilent, leavingSilent } from "./silent-node.ts";
import { isTaken } from "./versions-beside.ts";

/** Attempts in all, and the longest pause before the second, doubled before the third; milliseconds. */
const [MAX_TRIES, PAUSE_MS] = [3, 50];

/** One attempt of a call. */
export interface Attempt {
  /** A UUID of version 7, the same for all attempts. */
  key: string;
  isRepeated: boolean;
}

/**
 * Calls the action again, with the same key, if its node has died, or is silent while there is another one. The action itself ensures that it takes
 * effect once, and returns the first answer. While all its nodes are of a version without keys it is called once, without a key.
 * @param optional params that such a version does not know either; they are left out
 * @throws the action's errors; REQUEST_REJECTED if each called node has died
 */
export function againWhereItDied<Params extends object, Result>(
  of: Action<Params & Partial<Attempt>, Result>,
  optional: (keyof Params)[] = [],
): Action<Params & Partial<Attempt>, Result> {
  const call = async (caller: Caller, params: Params & Partial<Attempt>): Promise<Result> => {
    const key = timeOrderedId();
    const broker = brokerOf(caller);
    if (!isTaken(broker, of.action, { ...params, key })) return of(caller, without(params, optional));
    for (let tries = 1; ; tries += 1) {
      try {
        return await of(caller, { ...params, key, isRepeated: tries > 1 }, tries === MAX_TRIES ? {} : leavingSilent({}));
      } catch (error) {
        const { type, data } = error as { type?: string; data?: { action?: string } };
        const isLost = (type === "REQUEST_REJECTED" || isLeftSilent(error)) && data?.action === of.action;
        // At a node without keys it could take effect twice.
        const isRepeatable = isTaken(broker, of.action, { ...params, key });
        if (!isLost || !isRepeatable || tries === MAX_TRIES || !mayCallAgain(broker, of.action)) throw error;
        retries.labels(serviceOf(of.action)).inc();
        await delay(Math.random() * PAUSE_MS * 2 ** (tries - 1));
      }
    }
  };
  return Object.assign(call, { action: of.action });
}

const without = <Params extends object>(params: Params, names: (keyof Params)[]): Params =>
  Object.fromEntries(Object.entries(params).filter(([name]) => !names.includes(name as keyof Params))) as Params;
