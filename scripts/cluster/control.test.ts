import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { listen, removeSocket, socketFor, tell } from "./control.ts";

const dir = mkdtempSync(join(tmpdir(), "openward-control-"));
const deep = join(dir, "d".repeat(60), "e".repeat(60));
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

beforeAll(() => mkdirSync(deep, { recursive: true }));
afterAll(() => rmSync(dir, { recursive: true }));

describe("the supervisor's socket", () => {
  it.each([dir, deep])("is open to its user alone from its first moment, and leaves nothing behind (%#)", async (dataDir) => {
    const umask = process.umask(0); // the most generous user
    const socket = socketFor(dataDir);
    const listening = listen(socket, async () => {});
    expect(modeOf(socket)).toBe("600");
    expect(process.umask(umask)).toBe(0);
    const server = await listening;
    expect(await tell(socket, { do: "stop" })).toEqual({ ok: true });
    await new Promise((resolve) => server.close(resolve));
    removeSocket(socket, dataDir);
    expect([existsSync(socket), existsSync(dirname(socket))]).toEqual([false, dataDir === dir]);
  });

  it("is in a folder that others cannot enter if the data folder's path is too long for a socket", () => {
    const socket = socketFor(deep);
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(100);
    expect(modeOf(dirname(socket))).toBe("700");
    const another = socketFor(deep);
    expect(another).not.toBe(socket); // nobody can foretell it
    for (const it of [socket, another]) removeSocket(it, deep);
  });
});
