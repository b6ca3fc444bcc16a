/** Runs the project's own programs like a user, and reads their output. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";

const RUN = join(import.meta.dirname, "../../scripts/run.mjs");

export interface Program {
  child: ChildProcess;
  /** The output so far, of both streams. */
  output(): string;
  /** Resolves with the match once the output has one; fails if the program ends without. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Exit code, or the signal's name. */
  ended: Promise<number | string>;
}

/** @param file run by Node; default `scripts/run.mjs` */
export function run(args: string[], env: Record<string, string>, options: SpawnOptions = {}, file = RUN): Program {
  const child = spawn(process.execPath, [file, ...args], {
    ...options,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | string>((resolve) => child.once("close", (code, signal) => resolve(code ?? signal ?? "")));
  return {
    child,
    ended,
    output: () => output,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = output.match(pattern);
          if (!match) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        look();
        void ended.then((code) => reject(new Error(`It ended (${code}) without saying ${pattern}: ${output}`)));
      }),
  };
}
