/** Asks at the terminal, on the error stream, so that a program's output contains only its result. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Lines on standard input that were sent before a question: `echo password | npm run token`. */
let lines: AsyncIterator<string> | undefined;

/** @param isSecret the answer is not shown */
export async function ask(question: string, isSecret = false): Promise<string> {
  if (!process.stdin.isTTY) {
    lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    return done ? "" : value;
  }
  process.stderr.write(question);
  const output = isSecret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    if (isSecret) process.stderr.write("\n");
  }
}
