/** A child process of the supervisor. */
import cluster, { type Worker } from "node:cluster";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { GatewayProcess, GatewaySocket } from "./gateway-socket.ts";
import { type Mark, markOf } from "./cluster-state.ts";
import { whenStopped } from "./stopped.ts";

/**
 * Flags that let a dozen processes fit on a small machine: an idle service takes 87 MB with them, 123 MB without. The young generation
 * is small (more but shorter collections), V8 prefers less memory to more speed (60 MB for the whole cluster:
 * docs/performance.md), and has one helper thread instead of four. The C library keeps two heaps, and returns large blocks at
 * once (20 MB after an import).
 */
const SMALL = ["--max-semi-space-size=1", "--optimize-for-size", "--v8-pool-size=1", "--max-old-space-size=384"];
/** Flags of a gateway, which every request passes: speed matters, and the objects of a request die young. */
const QUICK = ["--max-semi-space-size=16", "--v8-pool-size=1", "--max-old-space-size=384"];

/**
 * Flags of `wards` and `transactions`: a board, or a bundle, is megabytes of short-lived objects. `wards` takes half of the processor time with them, and
 * 36 MB more, `transactions` two thirds.
 */
const ROOMY = ["--max-semi-space-size=8", "--v8-pool-size=1", "--max-old-space-size=384"];

/** Flags of the services that store most of a record: each takes a quarter less processor time with them, and 30 to 40 MB more. */
const STORING = ["--max-semi-space-size=4", "--v8-pool-size=1", "--max-old-space-size=384"];

const FLAGS: Record<string, string[]> = {
  api: QUICK,
  wards: ROOMY,
  transactions: ROOMY,
  records: STORING,
  billing: STORING,
  lab: STORING,
};

/** Node's flags for a process of this service. */
export const flagsOf = (service: string): string[] => FLAGS[service] ?? SMALL;
const MEMORY_ENV = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "131072" };

/**
 * Time limit of a start, milliseconds. Rebuilding the search values of millions of resources takes minutes, and starting again would not help; nor
 * would it where many processes start on few processors. A process that hangs is ended by its own watchdog.
 */
const READY_MS = 600_000;
const LEAVE_MS = 15_000; // longer than a node drains; then it gets SIGKILL
const ANSWER_MS = 5_000;
/** Time after its end in which the last output is read, milliseconds. */
const LAST_WORDS_MS = 20;
const TAIL = 400; // characters of its last output

/** Message of a process that it serves; `port`: only from a gateway. */
export interface Ready {
  nodeId: string;
  port?: number;
}

/** A child process. One with a gateway does not listen: the supervisor hands it connections, one after the other. */
export class Child implements GatewayProcess {
  readonly service: string;
  readonly started = new Date().toISOString();
  /** Resolves when it serves; rejects if it ends before that, or takes too long. */
  readonly ready: Promise<Ready>;
  /** Resolves when it has ended, with the reason for people. */
  readonly exited: Promise<string>;
  state: "starting" | "ready" | "leaving" = "starting";
  info: Ready | undefined;
  /** Absent if the system could not create the process. */
  readonly #worker: Worker | undefined;
  readonly mark: Mark;
  /** undefined: it has no gateway. */
  readonly #gateways: GatewaySocket | undefined;
  /** Whether a signal ended it: from its watchdog, or from the system for lack of memory. Then it did not refuse to start. */
  wasKilled = false;
  #lastWords = "";
  /** How long it had been stopped when it was ended for that. */
  #stoppedMs: number | undefined;
  /** Its own message why it could not start. */
  #refusal: string | undefined;

  constructor(service: string, env: Record<string, string>, gateways?: GatewaySocket) {
    this.service = service;
    this.#gateways = gateways;
    const exec = fileURLToPath(new URL("../run.mjs", import.meta.url));
    cluster.setupPrimary({ exec, args: ["serve"], execArgv: flagsOf(service), silent: true });
    const { worker, failure } = fork({ ...MEMORY_ENV, ...env, OPENWARD_SUPERVISED: "1", SERVICES: service });
    this.#worker = worker;
    this.mark = markOf(this.pid);
    const { stdout, stderr } = worker?.process ?? {};
    stdout?.on("data", (chunk: Buffer) => process.stdout.write(chunk));
    stderr?.on("data", (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-TAIL);
      process.stderr.write(chunk);
    });
    this.exited = new Promise((resolve) => {
      const notStarted = ({ message }: Error) => resolve(`cannot be started: ${message}`);
      if (failure) notStarted(failure);
      worker?.once("exit", (code: number, signal: string | null) => {
        this.wasKilled = signal !== null;
        resolve(signal ? `killed by ${signal}${this.#whyKilled()}` : this.#reason(code));
      });
      // Sending to a process that has just ended is an error too; its exit is reported separately.
      worker?.on("error", (error: Error) => {
        if (worker.process.pid === undefined) notStarted(error);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.kill();
        reject(new Error(`${service} was not ready after ${READY_MS / 1000} s`));
      }, READY_MS);
      worker?.on("message", (message: { type?: string; sentence?: string } & Ready) => {
        if (message.type === "refused") this.#refusal = message.sentence?.split("\n")[0];
        if (message.type === "taken") gateways?.taken(this);
        if (message.type === "leaving") {
          void gateways?.leave(this);
          worker.send({ type: "left" }, () => {}); // it may have ended by now
        }
        if (message.type !== "ready") return;
        clearTimeout(timer);
        this.info = { nodeId: message.nodeId, ...(message.port !== undefined && { port: message.port }) };
        this.state = "ready";
        gateways?.join(this);
        this.#endIfStopped();
        resolve(this.info);
      });
      void this.exited.then((reason) => {
        clearTimeout(timer);
        reject(new Error(`${service}: ${reason}`));
      });
    });
    // Not at "disconnect", which Node delays while a handed connection is not confirmed.
    void this.exited.then(() => setTimeout(() => setImmediate(() => gateways?.lost(this)), LAST_WORDS_MS));
    this.ready.catch(() => {}); // those who wait for it get the error; all others are told by `exited`
  }

  /** 0: it could not be started. */
  get pid(): number {
    return this.#worker?.process.pid ?? 0;
  }

  hand(socket: Socket): void {
    this.#worker?.process.send({ type: "connection" }, socket, { keepOpen: true }, (error) => {
      if (error) this.#gateways?.lost(this);
    });
  }

  #endIfStopped(): void {
    const unwatch = whenStopped(this.pid, this.#gateways !== undefined, (stoppedMs) => {
      this.#stoppedMs = stoppedMs;
      this.kill();
    });
    void this.exited.then(unwatch);
  }

  /** Lets the process announce to the mesh that a service is retired. @throws Error with its reason to refuse */
  async retire(service: string): Promise<void> {
    const worker = this.#worker;
    if (!worker) throw new Error("The process does not run.");
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => end(new Error("The process does not answer.")), ANSWER_MS);
      const end = (error?: Error) => {
        clearTimeout(timer);
        worker.off("message", heard);
        if (error) reject(error);
        else resolve();
      };
      const heard = (message: { type?: string; service?: string; refusal?: string }) => {
        if (message.type === "retired" && message.service === service) end(message.refusal ? new Error(message.refusal) : undefined);
      };
      worker.on("message", heard);
      worker.send({ type: "retire", service }, (error) => error && end(error));
    });
  }

  /** Drains and ends it; resolves when it has ended. */
  async leave(): Promise<void> {
    this.state = "leaving";
    await this.#gateways?.leave(this);
    this.#worker?.process.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), LEAVE_MS);
    await this.exited;
    clearTimeout(timer);
  }

  kill(): void {
    this.#worker?.process.kill("SIGKILL");
  }

  #whyKilled(): string {
    return this.#stoppedMs === undefined ? "" : `, having been stopped for ${this.#stoppedMs / 1_000} s`;
  }

  #reason(code: number): string {
    const said = this.#refusal ?? this.#lastWords.trim().split("\n").pop();
    return said ? said : `ended with exit code ${code}`;
  }
}

/** Creates a process. A machine short of processes or memory refuses, at once or by the worker's first 'error'. */
function fork(env: Record<string, string>): { worker?: Worker; failure?: Error } {
  try {
    return { worker: cluster.fork(env) };
  } catch (error) {
    return { failure: error as Error };
  }
}
