/**
 * Audit entries of reads, written before the answers. Entries that arrive while others are being written, of whichever service of the process,
 * share the next commit: it costs more than all entries in it.
 */
import { randomUUID } from "node:crypto";
import type { ServiceBroker } from "moleculer";
import { auditEvent, shownBy } from "../../federation/audit.ts";
import { whileBusy } from "../../mesh/turns.ts";
import type { Store } from "../../store/store.ts";
import { MAX_EVENT_CHARACTERS } from "../../store/writes.ts";

/** Entries in one event, and their characters: what a store accepts as one event. */
const [MAX_ENTRIES, MAX_CHARACTERS] = [100, MAX_EVENT_CHARACTERS - 1_000];
/** Characters for the name of a service in an entry. */
const NAME_CHARACTERS = 120;
/** Longest time to gather the entries of concurrent readers while the process is busy, milliseconds. */
const GATHER_MS = 5;
/** After this time the next entries do not wait for a write any longer: another store may be free. Milliseconds. */
const SLOW_MS = 50;
/**
 * After this time a batch is also written to the store of another of its services: the first may not answer, and its readers see other
 * services, too. The ledger keeps an entry that comes from both once. Milliseconds.
 */
const DOUBT_MS = 500;

/** Where a service records what it shows. */
export interface Recorder {
  /** Its name. */
  service: string;
  /** Its store; called only once that is open. */
  store: () => Pick<Store, "write" | "waiting">;
}

interface Batch {
  entries: { recorder: Recorder; text: string }[];
  characters: number;
  /** For each service, whether its entries are on disk. */
  written: Promise<Map<string, Promise<unknown>>>;
}

/** The batches of one process. */
export class AuditBatches {
  /** The batch that is not yet being written. */
  #next: Batch | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #areSeveral = false;
  /** Writes of batches that have not ended, by the service to whose store they go: a store does not count what it works on. */
  readonly #unfinished = new Map<string, number>();

  /** Resolves when the entry is on disk. @throws StoreError when it cannot be recorded: nothing may be shown then */
  async note(recorder: Recorder, text: string): Promise<void> {
    const batch = this.#roomFor(text) ?? this.#begin();
    batch.entries.push({ recorder, text });
    batch.characters += text.length + NAME_CHARACTERS;
    await (await batch.written).get(recorder.service);
  }

  #roomFor(text: string): Batch | undefined {
    const batch = this.#next;
    return batch && batch.entries.length < MAX_ENTRIES && batch.characters + text.length < MAX_CHARACTERS ? batch : undefined;
  }

  #begin(): Batch {
    const made: Batch = { entries: [], characters: 0, written: Promise.resolve(new Map()) };
    this.#next = made;
    const before = this.#writing;
    made.written = this.#gathered(made, before);
    this.#writing = untilSlow(made.written.then((written) => Promise.allSettled(written.values())));
    return made;
  }

  async #gathered(batch: Batch, before: Promise<unknown>): Promise<Map<string, Promise<unknown>>> {
    await before;
    if (this.#areSeveral) await whileBusy(GATHER_MS);
    this.#areSeveral = batch.entries.length > 1;
    if (this.#next === batch) this.#next = undefined;
    return this.#write(batch.entries);
  }

  /** Writes entries of several services to the store of one of them, the one with the fewest waiting writes; if it refuses, each to its own. */
  #write(entries: Batch["entries"]): Map<string, Promise<unknown>> {
    const byService = Map.groupBy(entries, ({ recorder }) => recorder.service);
    const id = randomUUID();
    const [freest, next] = this.#byWaitingWrites([...byService.values()].map(([first]) => (first as Batch["entries"][number]).recorder));
    const first = this.#append(id, freest as Recorder, entries);
    if (next === undefined) return new Map([[(freest as Recorder).service, first]]);
    const all = eitherOf(first, () => this.#append(id, next, entries));
    return new Map(
      [...byService].map(([service, own]) => {
        const { recorder } = own[0] as Batch["entries"][number];
        return [service, all.catch(() => this.#append(randomUUID(), recorder, own))];
      }),
    );
  }

  #byWaitingWrites(recorders: Recorder[]): Recorder[] {
    if (recorders.length < 2) return recorders;
    const waiting = recorders.map((recorder) => ({
      recorder,
      writes: recorder.store().waiting() + (this.#unfinished.get(recorder.service) ?? 0),
    }));
    return waiting.sort((a, b) => a.writes - b.writes).map(({ recorder }) => recorder);
  }

  /** @param id of the event: one that is written to two stores takes effect once */
  async #append(id: string, { service, store }: Recorder, entries: Batch["entries"]): Promise<void> {
    const texts = entries.map(({ recorder, text }) => (recorder.service === service ? text : shownBy(recorder.service, text)));
    const count = (change: number) => this.#unfinished.set(service, (this.#unfinished.get(service) ?? 0) + change);
    count(1);
    try {
      await store().write([auditEvent(id, service, texts)]);
    } finally {
      count(-1);
    }
  }
}

/** Resolves with the first write that succeeds; the second one begins if the first has not ended after DOUBT_MS. @throws if none succeeds */
async function eitherOf(first: Promise<void>, second: () => Promise<void>): Promise<void> {
  const doubt = Promise.withResolvers<void>();
  const timer = setTimeout(doubt.resolve, DOUBT_MS).unref();
  const isDoubtful = await Promise.race([first.then(() => false), doubt.promise.then(() => true)]).finally(() => clearTimeout(timer));
  if (isDoubtful) await Promise.any([first, second()]);
}

/** Resolves when the write has ended, or after SLOW_MS. */
function untilSlow(ended: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SLOW_MS).unref();
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    ended.then(end, end);
  });
}

const shared = new WeakMap<ServiceBroker, AuditBatches>();

/** The batches that the services of this broker share. */
export function auditBatchesOf(broker: ServiceBroker): AuditBatches {
  const batches = shared.get(broker) ?? new AuditBatches();
  shared.set(broker, batches);
  return batches;
}
