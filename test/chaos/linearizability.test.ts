import fc from "fast-check";
import { isLinearizable, type Operation, type RecordInput, recordModelOf, type RecordOutput, type RecordState } from "./linearizability.ts";

type Op = Operation<RecordInput, RecordOutput>;
const put = (begin: number, end: number, value: string, version: number, ifVersion?: number): Op => ({
  begin,
  end,
  input: { kind: "put", value, ...(ifVersion !== undefined && { ifVersion }) },
  output: { version, value },
});
const read = (begin: number, end: number, value: string, version: number): Op => ({
  begin,
  end,
  input: { kind: "read" },
  output: { version, value },
});
const stale = (begin: number, end: number, ifVersion: number): Op => ({
  begin,
  end,
  input: { kind: "put", value: "refused", ifVersion },
  output: { stale: true },
});
const unanswered = (begin: number, value: string): Op => ({ begin, end: Infinity, input: { kind: "put", value } });

describe("the history of one resource", () => {
  it.each<[string, Op[]]>([
    ["one after the other", [put(0, 1, "a", 1), read(2, 3, "a", 1), put(4, 5, "b", 2), read(6, 7, "b", 2)]],
    ["two at once, in either order", [put(0, 5, "a", 2), put(0, 5, "b", 1), read(6, 7, "a", 2)]],
    ["a read of what is being written, before and after", [put(0, 1, "a", 1), put(2, 9, "b", 2), read(3, 4, "a", 1), read(5, 6, "b", 2)]],
    ["one of two If-Match let through", [put(0, 1, "a", 1), put(2, 5, "b", 2, 1), stale(2, 5, 1)]],
    ["an unanswered write that was seen", [put(0, 1, "a", 1), unanswered(2, "b"), read(3, 4, "b", 2)]],
    ["an unanswered write that never was", [put(0, 1, "a", 1), unanswered(2, "b"), read(3, 4, "a", 1), put(5, 6, "c", 2)]],
    ["an unanswered write that came late", [put(0, 1, "a", 1), unanswered(2, "b"), read(3, 4, "a", 1), read(5, 6, "b", 2)]],
  ])("is in order with %s", (_, history) => {
    expect(isLinearizable(history, recordModelOf(history))).toBe(true);
  });

  it.each<[string, Op[]]>([
    ["a read of an old value", [put(0, 1, "a", 1), put(2, 3, "b", 2), read(4, 5, "a", 1)]],
    ["a value that goes back", [put(0, 1, "a", 1), put(2, 9, "b", 2), read(3, 4, "b", 2), read(5, 6, "a", 1)]],
    ["a lost write", [put(0, 1, "a", 1), put(2, 3, "b", 1)]],
    ["a write carried out twice", [put(0, 1, "a", 1), read(2, 3, "a", 2)]],
    ["two If-Match let through", [put(0, 1, "a", 1), put(2, 5, "b", 2, 1), put(2, 5, "c", 3, 1)]],
    ["a refusal without reason", [put(0, 1, "a", 1), stale(2, 3, 1)]],
    ["an unanswered write before it was sent", [put(0, 1, "a", 1), read(2, 3, "b", 2), unanswered(4, "b")]],
  ])("is not with %s", (_, history) => {
    expect(isLinearizable(history, recordModelOf(history))).toBe(false);
  });

  it("is checked quickly if many writes had no answer", () => {
    const history = Array.from({ length: 100 }, (_, n) => [
      unanswered(3 * n, `lost-${n}`),
      put(3 * n, 3 * n + 1, `kept-${n}`, n + 1),
      read(3 * n + 2, 3 * n + 2, `kept-${n}`, n + 1),
    ]).flat();
    expect(isLinearizable(history, recordModelOf(history))).toBe(true);
    const older = [...history, read(300, 301, "kept-98", 99)];
    expect(isLinearizable(older, recordModelOf(older))).toBe(false);
  });

  it("is checked as by trying every order", () => {
    const operation = fc
      .record({
        begin: fc.integer({ min: 0, max: 8 }),
        length: fc.integer({ min: 0, max: 4 }),
        isLost: fc.boolean(),
        input: fc.oneof(
          fc.constant<RecordInput>({ kind: "read" }),
          fc.record({ kind: fc.constant("put" as const), value: fc.constantFrom("a", "b") }),
          fc.record({ kind: fc.constant("put" as const), value: fc.constantFrom("a", "b"), ifVersion: fc.integer({ min: 0, max: 2 }) }),
        ),
        output: fc.oneof(
          fc.record({ version: fc.integer({ min: 0, max: 3 }), value: fc.constantFrom("", "a", "b") }),
          fc.constant<RecordOutput>({ stale: true }),
        ),
      })
      .map(
        ({ begin, length, isLost, input, output }): Op =>
          isLost ? { begin, end: Infinity, input } : { begin, end: begin + length, input, output },
      );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (history) => {
        expect(isLinearizable(history, recordModelOf(history))).toBe(byEveryOrder(history));
      }),
      { numRuns: 5_000, seed: 1 },
    );
  });
});

/** The rule alone, that knows nothing of a history. */
function plainNext(state: RecordState, { input, output }: Op): RecordState | undefined {
  if (input.kind === "read") {
    if (!output) return state;
    return "version" in output && output.version === state.version && output.value === state.value ? state : undefined;
  }
  const isStale = input.ifVersion !== undefined && input.ifVersion !== state.version;
  if (output && "stale" in output) return isStale ? state : undefined;
  if (isStale) return output ? undefined : state;
  const after = { version: state.version + 1, value: input.value };
  return !output || (output.version === after.version && output.value === after.value) ? after : undefined;
}

/** Without any thought: each order of each choice of the unanswered ones. */
function byEveryOrder(history: Op[], state: RecordState = { version: 0, value: "" }): boolean {
  if (history.every(({ end }) => end === Infinity)) return true;
  return history.some((one) => {
    if (history.some((other) => other !== one && other.end < one.begin)) return false;
    const after = plainNext(state, one);
    return (
      after !== undefined &&
      byEveryOrder(
        history.filter((other) => other !== one),
        after,
      )
    );
  });
}
