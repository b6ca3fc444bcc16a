/**
 * Records in the database the sessions of each process that may have open MongoDB transactions. What a killed process has written in one stays
 * locked until MongoDB aborts it (`transactionLifetimeLimitSeconds`, a minute). A process that waits for such a lock ends the session as soon as
 * the dead process has not renewed its record for some seconds.
 */
import { randomUUID } from "node:crypto";
import { type ClientSession, type Collection, type MongoClient, UUID } from "mongodb";
import type { SessionsDocument } from "./schema.ts";

/** How long a process counts as alive after it has renewed its record, milliseconds. */
const ALIVE_MS = 5_000;
const RENEW_MS = 1_500;
/** Sessions that the driver keeps for later transactions stay recorded, at most this many: usually nothing has to be written. */
const MAX_KEPT = 500;

/** The sessions of one store of one process. */
export class OpenSessions {
  readonly #client: MongoClient;
  readonly #records: Collection<SessionsDocument>;
  readonly #own = randomUUID();
  readonly #open = new Set<string>();
  /** Sessions that are recorded, or are about to be. */
  #kept = new Set<string>();
  #renewAt = 0;
  #renewal: NodeJS.Timeout | undefined;

  constructor(client: MongoClient, records: Collection<SessionsDocument>) {
    this.#client = client;
    this.#records = records;
  }

  /** Starts a session, to be ended by `end`. It is recorded meanwhile; if the process dies before that, MongoDB's own limit applies. */
  start(): ClientSession {
    const session = this.#client.startSession();
    const id = idOf(session);
    if (this.#kept.size > MAX_KEPT) this.#kept = new Set(this.#open);
    const isNew = !this.#kept.has(id);
    this.#open.add(id);
    this.#kept.add(id);
    if (isNew || performance.now() > this.#renewAt) this.#record();
    this.#renewal ??= setInterval(() => this.#renew(), RENEW_MS).unref();
    return session;
  }

  async end(session: ClientSession): Promise<void> {
    this.#open.delete(idOf(session));
    await session.endSession();
  }

  /**
   * Ends the sessions of processes that have not renewed their records. Such a process that is alive after all repeats its transactions. MongoDB
   * lets each user end their own sessions: the processes of a service are one user.
   */
  async endThoseOfTheDead(): Promise<void> {
    const admin = this.#client.db("admin");
    // By the server's clock only, since those of two machines may differ by minutes.
    const { localTime } = (await admin.command({ hello: 1 })) as { localTime: Date };
    const silent = (seenAt: Date) => localTime.getTime() - seenAt.getTime() > ALIVE_MS;
    const dead = (await this.#records.find().toArray()).filter(({ _id, seenAt }) => _id !== this.#own && silent(seenAt));
    const ids = dead.flatMap(({ sessions }) => sessions);
    // An empty list would end all sessions of the user.
    if (ids.length > 0) await admin.command({ killSessions: ids.map((id) => ({ id: new UUID(id) })) });
    for (const { _id, seenAt } of dead) await this.#records.deleteOne({ _id, seenAt });
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal);
    await this.#records.deleteOne({ _id: this.#own }).catch(() => {});
  }

  #renew(): void {
    if (this.#open.size > 0) {
      this.#record();
    } else {
      clearInterval(this.#renewal);
      this.#renewal = undefined;
    }
  }

  #record(): void {
    this.#renewAt = performance.now() + RENEW_MS;
    const said = { $set: { sessions: [...this.#kept] }, $currentDate: { seenAt: true as const } };
    this.#records.updateOne({ _id: this.#own }, said, { upsert: true }).catch(() => {}); // the next renewal writes it again
  }
}

const idOf = ({ id }: ClientSession): string => id?.id.toUUID().toString() ?? "";
