/** A malicious client for tests: raw sockets from an address of its own, and a probe of what other clients experience. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

/** The attacker's address, which differs from that of other clients. */
const ADDRESS = "127.0.0.2";

export interface Attacker {
  /** A connection on which this was sent. It reads no answers. */
  socket(text: string | Buffer): Promise<Socket>;
  /** Several of them. */
  sockets(count: number, text: string | Buffer): Promise<Socket[]>;
  /** Closes all connections. */
  leave(): void;
}

/** @param base the gateway's address @param localAddress the attacker's address */
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

/** What another client experiences meanwhile. */
export interface Watch {
  /** Duration of each request in milliseconds, and failures: answers other than 200. */
  end(): Promise<{ times: number[]; faults: string[] }>;
}

/** Sends requests repeatedly, from a process of its own. Resolves with the first answer. @param path below the base */
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
