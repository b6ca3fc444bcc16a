import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { jest } from "@jest/globals";
import { copyStores } from "./snapshot.ts";

/** SQLite's SQLITE_BUSY_RECOVERY and SQLITE_CORRUPT. */
const [BUSY_RECOVERY, CORRUPT] = [261, 11];

describe("the copy of a store", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "openward-snapshot-"));
    const db = new DatabaseSync(join(dir, "lab.sqlite"));
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE resource (id TEXT); INSERT INTO resource VALUES ('1')");
    db.close();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(dir, { recursive: true, force: true });
  });

  const failOnce = (errcode: number) => {
    const { exec } = DatabaseSync.prototype;
    let hasFailed = false;
    jest.spyOn(DatabaseSync.prototype, "exec").mockImplementation(function (this: DatabaseSync, sql: string) {
      if (hasFailed) return exec.call(this, sql);
      hasFailed = true;
      throw Object.assign(new Error("It fails."), { code: "ERR_SQLITE_ERROR", errcode });
    });
  };

  it("waits while another process locks it, or recovers its log after a crash", async () => {
    failOnce(BUSY_RECOVERY);
    const target = mkdtempSync(join(dir, "backup-"));
    await copyStores(dir, target, () => {});
    const copy = new DatabaseSync(join(target, "lab.sqlite"));
    expect(copy.prepare("SELECT id FROM resource").all()).toEqual([{ id: "1" }]);
    copy.close();
  });

  it("is not retried if the store is damaged", async () => {
    failOnce(CORRUPT);
    await expect(copyStores(dir, mkdtempSync(join(dir, "backup-")), () => {})).rejects.toMatchObject({ errcode: CORRUPT });
  });
});
