/** Asks at the terminal, on the error stream, so that what a program prints is its result only. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Lines that came on standard input before they were asked for: `echo password | npm run token`. */
let lines: AsyncIterator<string> | undefined;

/** @param isSecret what is typed is not shown */
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
