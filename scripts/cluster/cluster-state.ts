/** `DATA_DIR/cluster.json`: the running cluster. Written atomically by the supervisor alone, read by anyone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bornAt } from "../lock.mjs";
import { writeAtomically } from "../start/data-folder.ts";

/** Identifies a process permanently: process ids are reused. */
export interface Mark {
  pid: number;
  /** Start time in the system's own units; absent where the system does not provide it. */
  born?: string;
}

/** One process of the cluster. */
export interface ChildState extends Mark {
  service: string;
  nodeId: string;
  /** Only of a gateway. */
  port?: number;
  /** ISO 8601, UTC. */
  started: string;
  /** How often it was replaced after it had ended unexpectedly. */
  restarts: number;
  state: "starting" | "ready" | "leaving";
}

/** The content of `cluster.json`, for `npm run cluster -- status` and for processes that join. */
export interface ClusterState {
  supervisor: Mark & { started: string; socket: string };
  /** With the password, since only the owner can read the file. `pid` is absent if NATS_URL names another server. */
  nats: { url: string } & Partial<Mark>;
  url?: string;
  children: ChildState[];
  /** Replicas whose process keeps ending: how often in a row, its last message, and when the next one starts (ISO 8601). */
  failing: { service: string; deaths: number; reason: string; nextTry: string }[];
}

const fileIn = (dataDir: string) => join(dataDir, "cluster.json");

/** Writes the state atomically. */
export function writeState(dataDir: string, state: ClusterState): void {
  writeAtomically(fileIn(dataDir), `${JSON.stringify(state, null, 2)}\n`);
}

/** The state; undefined if no cluster has written one. */
export function readState(dataDir: string): ClusterState | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dataDir), "utf8")) as ClusterState;
  } catch {
    return undefined;
  }
}

/** @param pid of a running process */
export function markOf(pid: number): Mark {
  const born = bornAt(pid);
  return { pid, ...(born !== undefined && { born }) };
}

/** Whether the process runs, and its id was not reused; where the system provides no start times, any process of this id counts. */
export const runs = ({ pid, born }: Mark): boolean => isAlive(pid) && (born === undefined || bornAt(pid) === born);

/** Whether the process certainly runs, so that it may be ended. */
export const surelyRuns = (mark: Partial<Mark>): mark is Required<Mark> =>
  mark.pid !== undefined && mark.born !== undefined && runs(mark as Mark);

/** Whether a process is alive; one that has ended and waits for its parent (a zombie) is not. */
export function isAlive(pid: number): boolean {
  if (pid <= 0) return false; // for kill() that would be a process group
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
    return false; // there is no /proc on this system
  }
}
