/** The judge of histories (`linearizability.ts`), held against Porcupine. Where Go is missing, this file is not listed: test/kit/tools.ts. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLinearizable, type Operation, type RecordInput, recordModelOf, type RecordOutput } from "./linearizability.ts";

type History = Operation<RecordInput, RecordOutput>[];

/** Where the project has what it fetches. */
const FETCHED = join(import.meta.dirname, "../../.servers");
/** Porcupine is fetched, and Go's own library compiled, on a machine where neither was. */
const BUILD_MS = 300_000;
const HISTORIES = 1_500;

/** Numbers that look random, and are the same in each run (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Clients at work on one copy: each operation has its effect at a moment between its begin and its end, or has no answer; some answers are changed then. */
function historyFrom(next: (below: number) => number): History {
  const state = { version: 0, value: "" };
  const history: History = [];
  for (let moment = 10, count = 5 + next(40); history.length < count; moment += 1 + next(4)) {
    const kind = next(3) === 0 ? "read" : "put";
    const ifVersion = Math.max(0, state.version - next(3));
    const input: RecordInput = kind === "read" ? { kind } : { kind, value: `v${history.length}`, ...(next(2) === 0 && { ifVersion }) };
    const isStale = input.kind === "put" && input.ifVersion !== undefined && input.ifVersion !== state.version;
    const isLost = next(12) === 0;
    if (input.kind === "put" && !isStale && !(isLost && next(2) === 0)) {
      Object.assign(state, { version: state.version + 1, value: input.value });
    }
    const operation: History[number] = { begin: moment - next(10), end: Infinity, input };
    history.push(isLost ? operation : { ...operation, end: moment + next(10), output: isStale ? { stale: true } : { ...state } });
  }
  for (const one of history) {
    if (next(60) === 0 && one.output && "version" in one.output) one.output.version += next(2) === 0 ? 1 : -1;
  }
  return history;
}

describe("the check of linearizability", () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "openward-porcupine-"));
    program = join(folder, "porcupine");
    const env = { ...process.env, GOPATH: join(FETCHED, "go"), GOCACHE: join(FETCHED, "go-build"), GOFLAGS: "-modcacherw" };
    execFileSync("go", ["build", "-o", program, "."], { cwd: join(import.meta.dirname, "porcupine"), env, timeout: BUILD_MS });
  }, BUILD_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  it("agrees with Porcupine on each of 1,500 histories, linearizable and not", () => {
    const next = numbersFrom(20_261_129);
    const histories = Array.from({ length: HISTORIES }, () => historyFrom(next));
    const lines = execFileSync(program, { input: histories.map((one) => `${JSON.stringify(one)}\n`).join(""), encoding: "utf8" });
    const theirs = lines
      .trim()
      .split("\n")
      .map((line) => line === "true");
    const ours = histories.map((one) => isLinearizable(one, recordModelOf(one)));
    expect(histories.filter((_, index) => ours[index] !== theirs[index]).slice(0, 1)).toEqual([]);
    for (const verdict of [true, false]) expect(theirs.filter((it) => it === verdict).length).toBeGreaterThan(HISTORIES / 5);
  });
});
