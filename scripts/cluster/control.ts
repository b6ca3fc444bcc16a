/** How `npm run cluster -- COMMAND` talks to the supervisor that runs: one line of JSON each way, over a socket of this user. */
import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { StartupError } from "../start/startup-error.ts";

/** Longest path of a socket; the system's limit is 104 or 108 bytes. */
const LONGEST_PATH = 100;
const LONGEST_LINE = 10_000;

/** What a supervisor is asked to do with the services that it runs; one line of JSON each. */
export type Command =
  | { do: "restart"; service: string }
  | { do: "scale"; service: string; count: number }
  | { do: "retire"; service: string }
  | { do: "stop" };
/** What became of it; `reason` is a sentence for people. */
export type Outcome = { ok: true } | { ok: false; reason: string };

const NAME = "cluster.sock";
const isShort = (path: string): boolean => Buffer.byteLength(path) <= LONGEST_PATH;

/**
 * A socket in the data folder, or, where its path is too long for one, in a new folder of this user's among the system's temporary ones.
 * @throws StartupError when both are too long
 */
export function socketFor(dataDir: string): string {
  const inside = join(dataDir, NAME);
  if (isShort(inside)) return inside;
  const start = join(tmpdir(), "openward-");
  if (!isShort(join(`${start}123456`, NAME))) {
    throw new StartupError(`The paths of ${dataDir} and of ${tmpdir()} are too long for a socket: choose a shorter DATA_DIR or TMPDIR.`);
  }
  return join(mkdtempSync(start), NAME);
}

/** Removes the socket, and the folder that was made for it. */
export function removeSocket(socket: string, dataDir: string): void {
  rmSync(socket, { force: true });
  if (dirname(socket) === dataDir) return;
  try {
    rmdirSync(dirname(socket));
  } catch {
    // Gone already, or there is something in it that is not ours.
  }
}

/** @param obey carries a command out; what it throws is answered to the caller */
export async function listen(socket: string, obey: (command: Command) => Promise<void>): Promise<Server> {
  rmSync(socket, { force: true }); // the holder of the data folder's lock is the only supervisor
  const server = createServer((peer) => {
    let text = "";
    peer.setEncoding("utf8").on("error", () => {});
    peer.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > LONGEST_LINE) peer.destroy();
      if (!text.endsWith("\n")) return;
      Promise.resolve()
        .then(() => obey(JSON.parse(text) as Command))
        .then(
          (): Outcome => ({ ok: true }),
          (error: Error): Outcome => ({ ok: false, reason: error.message }),
        )
        .then((outcome) => peer.end(`${JSON.stringify(outcome)}\n`));
    });
  });
  const listening = new Promise<void>((resolve, reject) => server.once("error", reject).once("listening", resolve));
  // The socket is made before `listen` returns, and never open to others: to change its mode afterwards would be too late.
  const before = process.umask(0o177);
  try {
    server.listen(socket);
  } finally {
    process.umask(before);
  }
  await listening;
  return server;
}

/** @throws when no supervisor listens */
export function tell(socket: string, command: Command): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let text = "";
    const peer = connect(socket, () => peer.write(`${JSON.stringify(command)}\n`));
    peer.setEncoding("utf8").on("error", reject);
    peer.on("data", (chunk: string) => {
      text += chunk;
    });
    peer.on("end", () => {
      try {
        resolve(JSON.parse(text) as Outcome);
      } catch {
        reject(new Error("The supervisor ended before it answered."));
      }
    });
  });
}
