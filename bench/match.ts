/**
 * How well and how fast is a person found again? `npm run bench -- match [people] [seed]` (default 100000, 1): synthetic people in SQLite; searched are
 * altered copies of a tenth of them, and as many who are not stored. One JSON line; the exit code is 1 if a target is missed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "../store/sqlite/sqlite-store.ts";
import { measureMatching } from "../test/kit/matching.ts";

const [count = 100_000, seed = 1] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), "openward-match-"));
const store = await openSqlite({
  name: "patients",
  indexVersion: "1",
  reindex: () => ({ keys: [], ranges: [] }),
  file: join(folder, "patients.sqlite"),
});
try {
  const figures = await measureMatching(store, count, seed);
  console.log(JSON.stringify({ people: count, seed, ...figures }));
  if (figures.recall < 0.95 || figures.precision < 0.99 || figures.p95 >= 30) process.exitCode = 1;
} finally {
  await store.close();
  await rm(folder, { recursive: true, force: true });
}
