/**
 * Checks a history of concurrent operations on one record: is there an order of them that is consistent with their answers and with real time (Herlihy and
 * Wing 1990)? By depth-first search over the possible next operations, with a cache of visited states (Wing and Gong 1993, Lowe 2017).
 */

/** One operation as its client saw it. */
export interface Operation<Input, Output> {
  /** When it was sent, and when it was answered, on one clock; Infinity: without an answer, it may have taken effect at any time, or not. */
  begin: number;
  end: number;
  input: Input;
  /** Absent if it had no answer. */
  output?: Output;
}

/** The specified behaviour of the record. */
export interface Model<State, Input, Output> {
  initial: State;
  /** The state after the operation; undefined if the record cannot have given this output. @param output absent: unknown */
  next(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Whether operations without an answer are interchangeable: they are then tried only in the order in which they were sent. */
  isAnonymous?(input: Input): boolean;
}

/** States that are examined before giving up. */
const MAX_STATES = 2_000_000;

/** @param history in any order @throws Error when it is too long to be checked */
export function isLinearizable<State, Input, Output>(history: Operation<Input, Output>[], model: Model<State, Input, Output>): boolean {
  const operations = history.toSorted((a, b) => a.begin - b.begin);
  const tried = new Set<string>();
  const wanted = operations.reduce((mask, { end }, index) => (end === Infinity ? mask : mask | (1n << BigInt(index))), 0n);
  // Depth first, without recursion: a history may be long.
  const open: { done: bigint; state: State }[] = [{ done: 0n, state: model.initial }];
  for (let at = open.pop(); at; at = open.pop()) {
    const { done, state } = at;
    if ((done & wanted) === wanted) return true;
    const name = `${done.toString(36)} ${JSON.stringify(state)}`;
    if (tried.has(name)) continue;
    tried.add(name);
    if (tried.size > MAX_STATES) throw new Error("The history is too long to be judged.");
    for (const { index, operation } of possibleNext(operations, done, model)) {
      const after = model.next(state, operation.input, operation.output);
      if (after !== undefined) open.push({ done: done | (1n << BigInt(index)), state: after });
    }
  }
  return false;
}

/** Operations that began before any other remaining one has ended. */
function possibleNext<State, Input, Output>(
  operations: Operation<Input, Output>[],
  done: bigint,
  model: Model<State, Input, Output>,
): { index: number; operation: Operation<Input, Output> }[] {
  const possible: { index: number; operation: Operation<Input, Output> }[] = [];
  let firstEnd = Infinity;
  let hasAnonymous = false;
  for (const [index, operation] of operations.entries()) {
    if (operation.begin > firstEnd) break;
    if ((done >> BigInt(index)) & 1n) continue;
    firstEnd = Math.min(firstEnd, operation.end);
    if (operation.end === Infinity && model.isAnonymous?.(operation.input)) {
      if (hasAnonymous) continue;
      hasAnonymous = true;
    }
    possible.push({ index, operation });
  }
  return possible.filter(({ operation }) => operation.begin <= firstEnd);
}

/** A versioned FHIR resource with one value: read, and updated with or without If-Match. */
export type RecordInput = { kind: "read" } | { kind: "put"; value: string; ifVersion?: number };
/** The answer: its state, or 412. */
export type RecordOutput = { version: number; value: string } | { stale: true };
/** Version 0: it does not exist. */
export type RecordState = { version: number; value: string };

/**
 * What R4 guarantees for one resource (http.html#concurrency): each update creates the next version, and If-Match lets only one of two succeed. Most orders
 * of updates without an answer need not be tried, each of which would double the work: the versions in other answers determine many of them, nobody has
 * seen what follows the last named version, and updates whose value was never seen are interchangeable.
 */
export function recordModelOf(history: Operation<RecordInput, RecordOutput>[]): Model<RecordState, RecordInput, RecordOutput> {
  const seen = new Map<number, string>();
  for (const { output } of history) if (output && "version" in output) seen.set(output.version, output.value);
  const seenValues = new Set(seen.values());
  const named = history.map(({ input }) => ("ifVersion" in input ? (input.ifVersion ?? 0) : 0));
  const last = Math.max(0, ...seen.keys(), ...named) + 1;
  return {
    initial: { version: 0, value: "" },
    isAnonymous: (input) => input.kind === "put" && input.ifVersion === undefined && !seenValues.has(input.value),
    next(state, input, output) {
      if (input.kind === "read") {
        const isSo = !output || (!("stale" in output) && output.version === state.version && output.value === state.value);
        return isSo ? state : undefined;
      }
      const isStale = input.ifVersion !== undefined && input.ifVersion !== state.version;
      if (output && "stale" in output) return isStale ? state : undefined;
      const after = { version: state.version + 1, value: input.value };
      // Without an answer and without effect: as if it had not been sent.
      if (isStale || (!output && after.version > last)) return undefined;
      const isAsSeen = (seen.get(after.version) ?? after.value) === after.value;
      return isAsSeen && (!output || (output.version === after.version && output.value === after.value)) ? after : undefined;
    },
  };
}
