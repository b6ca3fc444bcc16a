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
    for (const { index, operation } of possibleNext(operations, done)) {
      const after = model.next(state, operation.input, operation.output);
      if (after !== undefined) open.push({ done: done | (1n << BigInt(index)), state: after });
    }
  }
  return false;
}

/** Operations that began before any other that is left has ended. */
function possibleNext<Input, Output>(operations: Operation<Input, Output>[], done: bigint) {
  const possible: { index: number; operation: Operation<Input, Output> }[] = [];
  let firstEnd = Infinity;
  for (const [index, operation] of operations.entries()) {
    if (operation.begin > firstEnd) break;
    if ((done >> BigInt(index)) & 1n) continue;
    firstEnd = Math.min(firstEnd, operation.end);
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

/** What R4 promises of one resource (http.html#concurrency): each update makes the next version, If-Match lets only one of two through. */
export const recordModel: Model<RecordState, RecordInput, RecordOutput> = {
  initial: { version: 0, value: "" },
  next(state, input, output) {
    if (input.kind === "read") {
      const isSo = !output || (!("stale" in output) && output.version === state.version && output.value === state.value);
      return isSo ? state : undefined;
    }
    const isStale = input.ifVersion !== undefined && input.ifVersion !== state.version;
    if (output && "stale" in output) return isStale ? state : undefined;
    const after = isStale ? state : { version: state.version + 1, value: input.value };
    if (!output) return after;
    return !isStale && output.version === after.version && output.value === after.value ? after : undefined;
  },
};
