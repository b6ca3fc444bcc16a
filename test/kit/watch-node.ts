/** A client in a separate process: sends requests repeatedly, one at a time, and reports what it experienced when its parent asks. */
import { get } from "node:http";
import { runningMs } from "./running-time.ts";

const [url = ""] = process.argv.slice(2);
const PAUSE_MS = 10;
const times: number[] = [];
const faults: string[] = [];
let isOver = false;

function ask(): Promise<void> {
  return new Promise((resolve) => {
    const begun = runningMs();
    const done = (fault?: string) => {
      if (fault) faults.push(fault);
      times.push(runningMs() - begun);
      resolve();
    };
    get(url, { agent: false }, (answer) => {
      answer.resume().on("end", () => done(answer.statusCode === 200 ? undefined : `${answer.statusCode}`));
      answer.on("error", (error) => done(error.message));
    }).on("error", (error) => done(error.message));
  });
}

process.on("message", () => {
  isOver = true;
});
while (!isOver) {
  await ask();
  if (times.length === 1) process.send?.("begun");
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
process.send?.({ times, faults });
process.disconnect();
