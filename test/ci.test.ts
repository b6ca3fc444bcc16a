/** `.ci/run`: what its last line says, and its exit code, with an npm that is made up. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RUN = join(import.meta.dirname, "../.ci/run");

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "openward-ci-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

interface Outcomes {
  lint?: number;
  types?: number;
  test?: number;
  /** Jest's report; undefined: it wrote none. */
  report?: object;
}

function ci({ lint = 0, types = 0, test = 0, report }: Outcomes): { code: number | null; last: string | undefined } {
  const write = report
    ? `for it in "$@"; do case "$it" in --outputFile=*) echo '${JSON.stringify(report)}' > "\${it#*=}";; esac; done;`
    : "";
  writeFileSync(
    join(dir, "npm"),
    `#!/bin/sh
case "$*" in
  "run --silent lint") exit ${lint} ;;
  "run --silent types") exit ${types} ;;
  test*) ${write} exit ${test} ;;
  *) exit 99 ;;
esac
`,
  );
  chmodSync(join(dir, "npm"), 0o755);
  const { status, stdout } = spawnSync(RUN, { encoding: "utf8", env: { ...process.env, PATH: `${dir}:${process.env["PATH"]}` } });
  return { code: status, last: stdout.trimEnd().split("\n").pop() };
}

describe("the last line of .ci/run", () => {
  it.each<[string, Outcomes, string, number]>([
    ["all holds", { report: { numPassedTests: 40, numFailedTests: 0, numRuntimeErrorTestSuites: 0 } }, "42 passed, 0 failed", 0],
    ["tests fail", { test: 1, report: { numPassedTests: 38, numFailedTests: 2, numRuntimeErrorTestSuites: 0 } }, "40 passed, 2 failed", 1],
    [
      "a suite cannot begin",
      { test: 1, report: { numPassedTests: 38, numFailedTests: 0, numRuntimeErrorTestSuites: 1 } },
      "40 passed, 1 failed",
      1,
    ],
    ["lint and types fail", { lint: 1, types: 2, report: { numPassedTests: 40, numFailedTests: 0 } }, "40 passed, 2 failed", 1],
    ["the tests do not even start", { test: 1 }, "2 passed, 1 failed", 1],
    ["jest fails though no test did", { test: 1, report: { numPassedTests: 40, numFailedTests: 0 } }, "42 passed, 1 failed", 1],
    ["nothing is tested at all", { report: { numPassedTests: 0, numFailedTests: 0 } }, "2 passed, 1 failed", 1],
  ])("when %s", (_, outcomes, last, code) => {
    expect(ci(outcomes)).toEqual({ code, last });
  });
});
