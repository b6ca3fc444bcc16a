/** `DATA_DIR/cluster.json`: what runs. Written by the supervisor alone, whole or not at all, and read by anyone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../start/data-folder.ts";

export interface ChildState {
  service: string;
  nodeId: string;
  pid: number;
  /** Only of a gateway. */
  port?: number;
  /** ISO 8601, UTC. */
  started: string;
  /** How often this place was filled again after a death. */
  restarts: number;
  state: "starting" | "ready" | "leaving";
}

export interface ClusterState {
  supervisor: { pid: number; started: string; socket: string };
  /** With password: the file is readable for its owner only. `pid` is absent when NATS_URL names a server of somebody else. */
  nats: { url: string; pid?: number };
  url?: string;
  children: ChildState[];
  /** Places whose process keeps dying: how often in a row, what it said last, and when another is started (ISO 8601). */
  failing: { service: string; deaths: number; reason: string; nextTry: string }[];
}

const fileIn = (dataDir: string) => join(dataDir, "cluster.json");

export function writeState(dataDir: string, state: ClusterState): void {
  writeAtomically(fileIn(dataDir), `${JSON.stringify(state, null, 2)}\n`);
}

export function readState(dataDir: string): ClusterState | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dataDir), "utf8")) as ClusterState;
  } catch {
    return undefined;
  }
}

/** A process that is dead and only waits for its parent to notice (a zombie) is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.[0] === "Z";
  } catch {
    return false; // no /proc on this system
  }
}
