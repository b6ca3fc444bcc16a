/** What an operator reads when a program ends: one sentence about their folder or file, and no stack. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sentenceOf, StartupError } from "./startup-error.ts";

const told = (error: unknown) => sentenceOf(error, { host: "127.0.0.1", port: 3000 });

describe("a program that cannot use a folder says in one sentence why, and what to do", () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "openward-sentence-"));
    writeFileSync(join(dir, "file"), "");
  });
  afterAll(() => rmSync(dir, { recursive: true }));
  const refused = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };

  it("if it is a file, or lies under one", () => {
    for (const work of [() => readdirSync(join(dir, "file")), () => mkdirSync(join(dir, "file/backup"), { recursive: true })]) {
      expect(told(refused(work))).toMatch(/^\S+\/file\S* is a file, or lies under one: name a folder\.$/);
    }
  });

  it.each([
    [
      { code: "ENOSPC", syscall: "copyfile", path: "/backup/lab.sqlite", dest: "/data/lab.sqlite" },
      /^\/data\/lab.sqlite has no space left/,
    ],
    [{ code: "EROFS", syscall: "mkdir", path: "/backup" }, /^\/backup is on a disk that can only be read/],
    [{ code: "EACCES", syscall: "mkdir", path: "/backup" }, /^\/backup is closed to this user/],
    [{ code: "ERR_SQLITE_ERROR", errcode: 13 }, /^A disk is full: free some space/],
  ])("if the system refuses it: %j", (given, sentence) => {
    expect(told(Object.assign(new Error("refused"), given))).toMatch(sentence);
  });

  it("and shows a stack for what is a bug", () => {
    expect(told(new TypeError("no function"))).toContain("startup-error.test");
    expect(told(new StartupError("Set DATA_DIR."))).toBe("Set DATA_DIR.");
    expect(told(Object.assign(new Error("gone"), { code: "ENOENT", path: "/x" }))).toContain("startup-error.test");
  });
});
