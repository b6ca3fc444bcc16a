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
    return write(batch.entries);
  }
}

/** Writes entries of several services to the store of one of them, the one with the fewest waiting writes; if it refuses, each to its own. */
function write(entries: Batch["entries"]): Map<string, Promise<unknown>> {
  const byService = Map.groupBy(entries, ({ recorder }) => recorder.service);
  const recorders = [...byService.values()].map(([first]) => (first as Batch["entries"][number]).recorder);
  const freest = recorders.reduce((best, one) => (one.store().waiting() < best.store().waiting() ? one : best));
  const all = append(freest, entries);
  if (byService.size === 1) return new Map([[freest.service, all]]);
  return new Map(
    [...byService].map(([service, own]) => [service, all.catch(() => append((own[0] as Batch["entries"][number]).recorder, own))]),
  );
}

async function append({ service, store }: Recorder, entries: Batch["entries"]): Promise<void> {
  const texts = entries.map(({ recorder, text }) => (recorder.service === service ? text : shownBy(recorder.service, text)));
  await store().write([auditEvent(randomUUID(), service, texts)]);
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
