/** How `npm run cluster -- COMMAND` talks to the supervisor that runs: one line of JSON each way, over a socket of this user. */
import { createHash } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest path of a socket; the system's limit is 104 or 108 bytes. */
const LONGEST_PATH = 100;
const LONGEST_LINE = 10_000;

export type Command = { do: "restart"; service: string } | { do: "scale"; service: string; count: number } | { do: "stop" };
export type Outcome = { ok: true } | { ok: false; reason: string };

/** A socket in the data folder, or, where its path is too long for one, in the system's folder for temporary files. */
export function socketFor(dataDir: string): string {
  const inside = join(dataDir, "cluster.sock");
  if (Buffer.byteLength(inside) <= LONGEST_PATH) return inside;
  return join(tmpdir(), `openward-${createHash("sha256").update(dataDir).digest("hex").slice(0, 16)}.sock`);
}

/** @param obey carries a command out; what it throws is told to the caller */
export async function listen(socket: string, obey: (command: Command) => Promise<void>): Promise<Server> {
  rmSync(socket, { force: true }); // whoever holds the data folder's lock is the only supervisor
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
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socket, resolve));
  chmodSync(socket, 0o600);
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
