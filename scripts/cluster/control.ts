/** How `npm run cluster -- COMMAND` talks to the running supervisor: one line of JSON each way, over a socket that only this user can open. */
import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { StartupError } from "../start/startup-error.ts";

/** Longest path of a socket; the systems' limits are 104 or 108 bytes. */
const LONGEST_PATH = 100;
const LONGEST_LINE = 10_000;

/** A command to the supervisor; one line of JSON. */
export type Command =
  | { do: "restart"; service: string }
  | { do: "scale"; service: string; count: number }
  | { do: "retire"; service: string }
  | { do: "stop" };
/** The result of a command; `reason` is a sentence for people. */
export type Outcome = { ok: true } | { ok: false; reason: string };

const NAME = "cluster.sock";
const isShort = (path: string): boolean => Buffer.byteLength(path) <= LONGEST_PATH;

/**
 * Path of the socket: in the data folder or, if that is too long, in a new folder under the system's temporary one.
 * @throws StartupError if both are too long
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
    // It has gone already, or contains other files.
  }
}

/** @param obey carries out a command; its error is returned to the caller */
export async function listen(socket: string, obey: (command: Command) => Promise<void>): Promise<Server> {
  rmSync(socket, { force: true }); // only the holder of the data folder's lock is a supervisor
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
  // The umask makes the socket private from its creation; changing its mode afterwards would be too late.
  const before = process.umask(0o177);
  try {
    server.listen(socket);
  } finally {
    process.umask(before);
  }
  await listening;
  return server;
}

/** @throws Error if no supervisor listens */
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
