/** `DATA_DIR/cluster.json`: what runs. Written by the supervisor alone, whole or not at all, and read by anyone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bornAt } from "../lock.mjs";
import { writeAtomically } from "../start/data-folder.ts";

/** A process for good: its id alone is given to another some day. */
export interface Mark {
  pid: number;
  /** When it started, in the system's own terms; absent where the system does not tell. */
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
  /** How often its process was replaced after a death. */
  restarts: number;
  state: "starting" | "ready" | "leaving";
}

/** What `cluster.json` holds, for `npm run cluster -- status` and for those who join. */
export interface ClusterState {
  supervisor: Mark & { started: string; socket: string };
  /** With password: the file is readable for its owner only. `pid` is absent when NATS_URL names another's server. */
  nats: { url: string } & Partial<Mark>;
  url?: string;
  children: ChildState[];
  /** Replicas whose process keeps dying: how often in a row, what it said last, and when another is started (ISO 8601). */
  failing: { service: string; deaths: number; reason: string; nextTry: string }[];
}

const fileIn = (dataDir: string) => join(dataDir, "cluster.json");

/** Writes the state, whole or not at all. */
export function writeState(dataDir: string, state: ClusterState): void {
  writeAtomically(fileIn(dataDir), `${JSON.stringify(state, null, 2)}\n`);
}

/** The state; undefined where no cluster has written one. */
export function readState(dataDir: string): ClusterState | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dataDir), "utf8")) as ClusterState;
  } catch {
    return undefined;
  }
}

/** @param pid of a process that runs */
export function markOf(pid: number): Mark {
  const born = bornAt(pid);
  return { pid, ...(born !== undefined && { born }) };
}

/** Runs still, and is no other that has its id now; where the system does not tell them apart, every process of this id is taken for it. */
export const runs = ({ pid, born }: Mark): boolean => isAlive(pid) && (born === undefined || bornAt(pid) === born);

/** Runs still beyond doubt, so that it may be ended. */
export const surelyRuns = (mark: Partial<Mark>): mark is Required<Mark> =>
  mark.pid !== undefined && mark.born !== undefined && runs(mark as Mark);

/** A process that is dead and only waits for its parent to notice (a zombie) is not alive. */
export function isAlive(pid: number): boolean {
  if (pid <= 0) return false; // to a signal that would be a group of processes
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
