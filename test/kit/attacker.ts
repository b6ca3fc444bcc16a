/** A client that means harm, for a test: raw sockets of an address of its own, and a watch on what others notice of it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

/** The attacker's address: not the one of other clients. */
const ADDRESS = "127.0.0.2";

export interface Attacker {
  /** A connection on which this was sent. It reads nothing of what comes. */
  socket(text: string | Buffer): Promise<Socket>;
  /** So many of them. */
  sockets(count: number, text: string | Buffer): Promise<Socket[]>;
  /** Closes all connections. */
  leave(): void;
}

/** @param base the gateway's address @param localAddress from where it comes */
export function attackerOf(base: string, localAddress = ADDRESS): Attacker {
  const open: Socket[] = [];
  const port = Number(new URL(base).port);
  const socket = async (text: string | Buffer): Promise<Socket> => {
    const made = connect({ port, host: "127.0.0.1", localAddress });
    made.on("error", () => {});
    made.pause();
    open.push(made);
    await Promise.race([once(made, "connect"), once(made, "close")]);
    made.write(text);
    return made;
  };
  return {
    socket,
    sockets: (count, text) => Promise.all(Array.from({ length: count }, () => socket(text))),
    leave() {
      for (const one of open.splice(0)) one.destroy();
    },
  };
}

/** What another client notices meanwhile. */
export interface Watch {
  /** Milliseconds that each request took, and what was not answered by 200. */
  end(): Promise<{ times: number[]; faults: string[] }>;
}

/** Asks again and again, from a process of its own. Resolves when the first answer is there. @param path below the base */
export async function watch(base: string, path: string): Promise<Watch> {
  const child = fork(join(import.meta.dirname, "watch-node.ts"), [base + path], { execArgv: [] });
  await once(child, "message");
  return {
    async end() {
      child.send("end");
      const [noticed] = await once(child, "message");
      return noticed as { times: number[]; faults: string[] };
    },
  };
}

/** Resident memory of a process, MB. */
export const memoryOf = (pid: number): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
