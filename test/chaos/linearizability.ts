/**
 * Judges a history of concurrent operations on one record: is there an order of them that agrees with their answers and with real time
 * (Herlihy and Wing 1990)? By depth-first search over the operations that could be next, remembering what was tried (Wing and Gong 1993,
 * Lowe 2017).
 */

/** One operation as its client saw it. */
export interface Operation<Input, Output> {
  /** When it was sent, and when it was answered, on one clock; Infinity: it had no answer, and may have had its effect at any time, or none. */
  begin: number;
  end: number;
  input: Input;
  /** Absent when it had no answer. */
  output?: Output;
}

/** What the record should do. */
export interface Model<State, Input, Output> {
  initial: State;
  /** The state after it; undefined where the record could not have answered so. @param output absent: whatever it would have answered */
  next(state: State, input: Input, output: Output | undefined): State | undefined;
  /** True for an operation without an answer that could stand where any other such stands: they are tried in the order they were sent. */
  isAnonymous?(input: Input): boolean;
}

/** States looked at before it is given up. */
const MAX_STATES = 2_000_000;

/** @param history in any order @throws Error when it is too long to be judged */
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

/** Operations that began before any other that is left has ended. */
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

/** A versioned FHIR resource that carries one value: read, and update with or without If-Match. */
export type RecordInput = { kind: "read" } | { kind: "put"; value: string; ifVersion?: number };
/** What it answered: its state, or 412. */
export type RecordOutput = { version: number; value: string } | { stale: true };
/** Version 0: it is not there. */
export type RecordState = { version: number; value: string };

/**
 * What R4 promises of one resource (http.html#concurrency): each update makes the next version, If-Match lets only one of two through.
 * Most orders of updates without an answer are not worth trying: the answers of others say what many a version was, nobody saw what comes after
 * the last version that was named, and those whose value nobody saw are as good as each other. Else each would double the work.
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
      // Without an answer and without effect: as if it had not come.
      if (isStale || (!output && after.version > last)) return undefined;
      const isAsSeen = (seen.get(after.version) ?? after.value) === after.value;
      return isAsSeen && (!output || (output.version === after.version && output.value === after.value)) ? after : undefined;
    },
  };
}
