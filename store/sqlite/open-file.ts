/** A store's open file, shared by the parts of the store. */
import { fairTurn, isOwnTurn } from "../../mesh/turns.ts";
import type { Effects } from "../plan-write.ts";
import type { StoreOptions } from "../store.ts";
import { unavailable } from "../store-error.ts";
import {
  type Budget,
  CONDITION_MS,
  HERE_MS,
  QUESTION_MS,
  QuestionTooCostly,
  REQUEST_HERE_MS,
  REQUEST_MS,
  requestTooCostly,
  WAIT_MS,
  writeTooCostly,
} from "../too-costly.ts";
import { WriteQueue } from "./commit-queue.ts";
import type { Database } from "./database.ts";
import { JoinKeys } from "./join-keys.ts";
import { type FlushSharing, LogFlush } from "./log-flush.ts";
import { MultiValuedSlots } from "./multi-valued-slots.ts";
import { PreparedWrites } from "./prepared.ts";
import { type Answering, type StoreAnswer, answerTo, type StoreQuestion } from "./questions.ts";
import { type SearchLimits, SqliteSearch } from "./search-statement.ts";
import { askSlowly } from "./slow-questions.ts";
import { noteTime, wasSlow } from "./slow-shapes.ts";
import type { ReadsBesideThread } from "./thread/reads-beside-thread.ts";
import { Types } from "./types.ts";
import { Writer } from "./write.ts";

/** How long a writer waits for a prepared transaction, milliseconds. */
const DEFAULT_WAIT_MS = 2_000;

/** Options of a store in SQLite, besides those of every store. */
export interface SqliteOptions extends StoreOptions {
  /** Path of the file; its folder must exist. */
  file: string;
  /** For tests: thresholds that make few rows use the plans of many. */
  limits?: SearchLimits;
  /** For tests of a full disk: most pages of 4 KiB that the file may have. */
  maxPages?: number;
  /** In a thread that writes: what the readers of the process are told. */
  sharing?: FlushSharing;
}

/** An open file: its parts, and the turns of the event loop in which they use it. */
export class OpenFile implements Answering {
  readonly writer: Writer;
  readonly db: Database;
  readonly types: Types;
  readonly search: SqliteSearch;
  readonly joinKeys: JoinKeys;
  readonly queue: WriteQueue;
  readonly prepared: PreparedWrites;
  readonly waitMs: number;
  readonly options: Pick<SqliteOptions, "onEvents" | "onVersions" | "limits">;
  readonly log: LogFlush;
  readonly #reads: Pick<LogFlush, "reading">;
  isClosed = false;

  /** @param reads of a process whose writes a thread makes */
  constructor(db: Database, options: SqliteOptions, reads?: ReadsBesideThread) {
    this.db = db;
    this.types = new Types(db);
    const several = new MultiValuedSlots(db);
    this.search = new SqliteSearch(db, this.types, several, options.limits);
    this.joinKeys = new JoinKeys(db, this.types, this.search);
    this.options = options;
    this.log = new LogFlush(db, options.sharing);
    this.#reads = reads ?? this.log;
    this.writer = new Writer(db, this.types, several, options, (type, condition, limit, budget) =>
      db.spending(budget, () => this.search.find(type, condition, limit), { ms: CONDITION_MS, exceeded: writeTooCostly }),
    );
    this.prepared = new PreparedWrites(db, this.writer, options);
    this.queue = new WriteQueue(db, this.log, {
      begun: () => this.writer.begin(),
      finish: () => this.writer.finish(),
      rolledBack: () => {
        this.types.forget();
        several.forget();
      },
    });
    this.waitMs = options.waitMs ?? DEFAULT_WAIT_MS;
  }

  /** Announces the events and versions of an atomic write. */
  tell({ hasEvents, versions }: Effects, isOfLooks?: boolean): void {
    if (hasEvents) this.options.onEvents?.(isOfLooks);
    if (versions.length > 0) this.options.onVersions?.(versions);
  }

  /**
   * Answers a question in one snapshot and within a limit of processor time: here if that takes little, otherwise in the thread of such questions.
   * @param budget shared with other questions
   */
  asked<Of extends StoreQuestion>(question: Of, budget: Budget = { leftMs: Number.POSITIVE_INFINITY }): Promise<StoreAnswer<Of>> {
    const { client = "" } = budget;
    const answer = () => answerTo(question, this);
    const ask = () => {
      const hasMuch = budget.leftMs < REQUEST_MS - REQUEST_HERE_MS;
      if (budget.leftMs > 0 && (hasMuch || wasSlow(question, client))) return this.#askedSlowly(question, budget);
      try {
        return this.db.snapshot(() => this.db.spending(budget, answer, { ms: HERE_MS, exceeded: requestTooCostly }));
      } catch (error) {
        if (!(error instanceof QuestionTooCostly && budget.leftMs > 0)) throw error;
        return this.#askedSlowly(question, budget);
      }
    };
    return this.reading(ask, client);
  }

  async #askedSlowly<Of extends StoreQuestion>(question: Of, budget: Budget): Promise<StoreAnswer<Of>> {
    const { client = "" } = budget;
    const asked = { file: this.db.file, question, ms: Math.min(QUESTION_MS, budget.leftMs), limits: this.options.limits };
    const { answer, ms } = await askSlowly(asked, { client, waitMs: budget.waitMs ?? WAIT_MS, request: budget.request ?? budget });
    noteTime(question, client, ms);
    const isLast = budget.leftMs < QUESTION_MS;
    budget.leftMs -= ms;
    if (answer === undefined) throw isLast ? requestTooCostly() : new QuestionTooCostly();
    // What another process has committed meanwhile may be in the answer, and not on the disk yet.
    return this.reading(() => answer, client);
  }

  /**
   * Reads what is then answered: it is on the disk, so that a power cut takes away nothing that a client has seen.
   * @param client that asks; "" if unknown
   */
  reading<T>(work: () => T | Promise<T>, client = ""): Promise<T> {
    return isOwnTurn() ? this.#read(work) : fairTurn(client).then(() => this.#read(work));
  }

  #read<T>(work: () => T | Promise<T>): Promise<T> {
    return this.isClosed ? Promise.reject(storeClosed()) : this.#reads.reading(work);
  }

  /** Reads for the store's own use: no client sees it, so that it need not be on the disk. */
  looking<T>(work: () => T): Promise<T> {
    return this.isClosed ? Promise.reject(storeClosed()) : this.db.whenFree(work);
  }
}

const storeClosed = () => unavailable("The store is closed.");
