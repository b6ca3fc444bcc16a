import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const ZONES = ["UTC", "America/St_Johns", "Pacific/Kiritimati"];

/** Searches, validation, profiles and patches, each asked of a process that runs in the zone. */
it("answers the same whatever the server's time zone", async () => {
  const answers: Record<string, unknown>[] = [];
  for (const TZ of ZONES) {
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "../kit/zoned-node.ts")], {
      env: { ...process.env, TZ, NODE_OPTIONS: "", NODE_NO_WARNINGS: "1" },
      maxBuffer: 10_000_000,
    });
    answers.push(JSON.parse(stdout) as Record<string, unknown>);
  }
  const [atGreenwich, ...elsewhere] = answers;
  for (const answer of elsewhere) expect(answer).toEqual(atGreenwich);
  expect(atGreenwich?.["date=2026-03-08"]).toEqual(["o2", "o3", "o4", "o6"]);
  expect(Object.keys(atGreenwich ?? {})).toHaveLength(8 * 12 + 1 + 100 + 40 + 10);
});
