import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeToOthers } from "./permissions.ts";

describe("the data folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "openward-rights-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);

  it("is closed to other users, with everything in it", () => {
    mkdirSync(join(folder, "nats"), { mode: 0o755 });
    writeFileSync(join(folder, "patients.sqlite"), "", { mode: 0o644 });
    writeFileSync(join(folder, "nats/store"), "", { mode: 0o664 });
    expect(closeToOthers(folder)).toEqual([]);
    expect(["patients.sqlite", "nats", "nats/store"].map(modeOf)).toEqual(["600", "700", "600"]);
  });

  it("may contain a folder that this user may not read, such as lost+found: the start continues and reports it", () => {
    const foreign = join(folder, "lost+found");
    mkdirSync(foreign, { mode: 0o700 });
    writeFileSync(join(folder, "patients.sqlite"), "", { mode: 0o600 });
    chmodSync(folder, 0o777);
    // To root nothing is closed: another user has to try.
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) chmodSync(foreign, 0o000);
    const code = `import { closeToOthers } from ${JSON.stringify(join(import.meta.dirname, "permissions.ts"))};
      if (${isRoot}) process.setuid(65_534);
      console.log(JSON.stringify(closeToOthers(${JSON.stringify(folder)})));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" });
    if (!isRoot) chmodSync(foreign, 0o700);
    expect({ told: JSON.parse(stdout || "null") as unknown, stderr }).toEqual({
      told: [expect.stringContaining("chmod 700"), `Other users may read ${foreign}, which this user cannot change.`],
      stderr: "",
    });
  });
});
