/** The thread that answers questions that take long. It only reads, through connections of its own to files that the process has open. */
import { flushCompileCache } from "node:module";
import { parentPort } from "node:worker_threads";
import { usedMs } from "../../mesh/processor-time.ts";
import { StoreError } from "../store-error.ts";
import { QuestionTooCostly } from "../too-costly.ts";
import { Database } from "./database.ts";
import type { SearchLimits } from "./index-walk.ts";
import { JoinKeys } from "./join-keys.ts";
import { MultiValuedSlots } from "./multi-valued-slots.ts";
import { type Answering, type StoreAnswer, answerTo, type StoreQuestion } from "./questions.ts";
import { SqliteSearch } from "./search-statement.ts";
import { Types } from "./types.ts";

/** One question to one file. */
export interface SlowQuestion {
  file: string;
  question: StoreQuestion;
  /** Processor time that it may take, milliseconds. */
  ms: number;
  limits: SearchLimits | undefined;
}
/** Messages to the thread. */
export type ForThread = SlowQuestion | { close: string };
/** Messages from the thread: one for each question, and that a file is closed. `ms`: processor time, milliseconds. */
export type FromThread =
  | { kind: "answer"; answer: StoreAnswer<StoreQuestion>; ms: number }
  | { kind: "costly"; ms: number }
  | { kind: "unavailable" | "failed"; message: string; ms: number }
  | { kind: "closed"; file: string };

/** Open files; each has a page cache of up to 2 MB. */
const MAX_FILES = 4;

const port = parentPort;
if (!port) throw new Error("This file is run as a worker.");
const tell = (message: FromThread): void => port.postMessage(message);

/** The last one used is the last entry. */
const files = new Map<string, Answering>();

function fileOf({ file, limits }: SlowQuestion): Answering {
  const found = files.get(file) ?? opened(file, limits);
  files.delete(file);
  files.set(file, found);
  const [oldest] = files.keys();
  if (files.size > MAX_FILES) close(oldest as string);
  return found;
}

function opened(file: string, limits: SearchLimits | undefined): Answering {
  const db = new Database(file, true);
  const types = new Types(db);
  const search = new SqliteSearch(db, types, new MultiValuedSlots(db), limits);
  return { db, search, joinKeys: new JoinKeys(db, types, search) };
}

function close(file: string): void {
  files.get(file)?.db.close();
  files.delete(file);
}

async function answer(asked: SlowQuestion): Promise<void> {
  const began = usedMs();
  const ms = () => Math.max(0, usedMs() - began);
  try {
    const from = fileOf(asked);
    const found = await from.db.whenFree(() => from.db.snapshot(() => from.db.within(() => answerTo(asked.question, from), asked.ms)));
    tell({ kind: "answer", answer: found, ms: ms() });
  } catch (error) {
    if (error instanceof QuestionTooCostly) tell({ kind: "costly", ms: ms() });
    else tell({ kind: error instanceof StoreError ? "unavailable" : "failed", message: String((error as Error).message), ms: ms() });
  }
}

port.on("message", (message: ForThread) => {
  if ("close" in message) {
    close(message.close);
    tell({ kind: "closed", file: message.close });
  } else {
    void answer(message);
  }
});

flushCompileCache(); // a thread may be terminated at any moment
