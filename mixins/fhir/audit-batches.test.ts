/** The entries of readers of several services share commits, and each reader learns whether its entry is on disk. */
import { EventEmitter, once } from "node:events";
import type { AuditBatch } from "../../federation/audit-contract.ts";
import { unavailable } from "../../store/store-error.ts";
import type { Write, WriteResult } from "../../store/writes.ts";
import { AuditBatches, type Recorder } from "./audit-batches.ts";

/** A service whose store writes when the test says so. */
class Owner {
  readonly recorder: Recorder;
  readonly writes: AuditBatch[] = [];
  /** Ids of the events. */
  readonly events: string[] = [];
  readonly #asked = new EventEmitter();
  readonly #waiting: PromiseWithResolvers<WriteResult[]>[] = [];

  /** @param queue length of its store's queue */
  constructor(service: string, queue = 0) {
    this.recorder = { service, store: () => ({ write: (steps) => this.#write(steps), waiting: () => queue }) };
  }

  #write(steps: Write[]): Promise<WriteResult[]> {
    for (const step of steps) {
      if (step.op !== "emit") continue;
      this.writes.push(JSON.parse(step.event.payload) as AuditBatch);
      this.events.push(step.event.id);
    }
    const waiting = Promise.withResolvers<WriteResult[]>();
    this.#waiting.push(waiting);
    this.#asked.emit("write");
    return waiting.promise;
  }

  /** Resolves once the store is asked for its nth write. */
  async asked(n: number): Promise<void> {
    while (this.writes.length < n) await once(this.#asked, "write");
  }

  end(error?: Error): void {
    const next = this.#waiting.shift();
    if (error) next?.reject(error);
    else next?.resolve([]);
  }
}

const entry = (n: number): string => JSON.stringify({ n });
const outcomes = async (all: Promise<void>[]): Promise<string[]> => (await Promise.allSettled(all)).map(({ status }) => status);

describe("the audit entries of readers", () => {
  it("are written together if they arrive during a write or shortly after, and each reader learns whether its entry is written", async () => {
    const [batches, lab] = [new AuditBatches(), new Owner("lab")];
    const first = batches.note(lab.recorder, entry(1));
    await lab.asked(1);
    const others = [batches.note(lab.recorder, entry(2)), batches.note(lab.recorder, entry(3))];
    lab.end();
    await first;
    await lab.asked(2);
    expect(lab.writes[1]).toEqual({ owner: "lab", entries: [{ n: 2 }, { n: 3 }] });
    lab.end(unavailable("full"));
    expect(await outcomes(others)).toEqual(["rejected", "rejected"]);
    const after = [batches.note(lab.recorder, entry(4))];
    await new Promise(setImmediate);
    after.push(batches.note(lab.recorder, entry(5))); // several looked at once just now: it waits for more
    await lab.asked(3);
    lab.end();
    await Promise.all(after);
    expect(lab.writes).toHaveLength(3);
  });

  it("of several services are written to the store of which the fewest writes wait, each with the service that has answered", async () => {
    const batches = new AuditBatches();
    const [lab, records] = [new Owner("lab", 3), new Owner("records", 2)];
    const all = [batches.note(lab.recorder, entry(1)), batches.note(records.recorder, entry(2))];
    await records.asked(1);
    expect(records.writes).toEqual([{ owner: "records", entries: [{ service: "lab", n: 1 }, { n: 2 }] }]);
    records.end();
    expect(await outcomes(all)).toEqual(["fulfilled", "fulfilled"]);
    expect(lab.writes).toEqual([]);
  });

  it("are written to each service's own store if the shared one refuses: only readers of a store that is away are refused", async () => {
    const batches = new AuditBatches();
    const [lab, records] = [new Owner("lab", 1), new Owner("records")];
    const all = [batches.note(lab.recorder, entry(1)), batches.note(records.recorder, entry(2))];
    await records.asked(1);
    records.end(unavailable("away"));
    await Promise.all([lab.asked(1), records.asked(2)]);
    expect(lab.writes).toEqual([{ owner: "lab", entries: [{ n: 1 }] }]);
    lab.end();
    records.end(unavailable("away"));
    expect(await outcomes(all)).toEqual(["fulfilled", "rejected"]);
  });

  it("do not wait for a store that does not answer", async () => {
    const batches = new AuditBatches();
    const [records, lab] = [new Owner("records"), new Owner("lab")];
    const hanging = batches.note(records.recorder, entry(1));
    await records.asked(1);
    const other = batches.note(lab.recorder, entry(2));
    await lab.asked(1); // though the first write goes on
    lab.end();
    await other;
    records.end();
    await hanging;
  });

  it("do not wait for a store that took them and does not answer: they are written to another one, as the same event", async () => {
    const batches = new AuditBatches();
    const [records, lab] = [new Owner("records"), new Owner("lab")];
    const all = [batches.note(records.recorder, entry(1)), batches.note(lab.recorder, entry(2))];
    await records.asked(1);
    await lab.asked(1);
    expect(lab.writes).toEqual([{ owner: "lab", entries: [{ service: "records", n: 1 }, { n: 2 }] }]);
    expect(lab.events).toEqual(records.events);
    const later = [batches.note(records.recorder, entry(3)), batches.note(lab.recorder, entry(4))];
    lab.end();
    expect(await outcomes(all)).toEqual(["fulfilled", "fulfilled"]);
    await lab.asked(2); // what the store of records has not ended counts
    lab.end();
    expect(await outcomes(later)).toEqual(["fulfilled", "fulfilled"]);
    expect(records.writes).toHaveLength(1);
    records.end(unavailable("away"));
  });

  it("of which a store takes no more in one event are written in several", async () => {
    const [batches, lab] = [new AuditBatches(), new Owner("lab")];
    const large = JSON.stringify({ query: "x".repeat(20_000) });
    const all = Array.from({ length: 5 }, () => batches.note(lab.recorder, large));
    for (const [n, entries] of [3, 2].entries()) {
      await lab.asked(n + 1);
      expect(lab.writes[n]?.entries).toHaveLength(entries);
      lab.end();
    }
    await Promise.all(all);
  });

  it("are refused where a store is not open, and later ones are not affected", async () => {
    const [batches, lab] = [new AuditBatches(), new Owner("lab")];
    const closed: Recorder = {
      service: "records",
      store: () => {
        throw unavailable("The store is closed.");
      },
    };
    await expect(batches.note(closed, entry(1))).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    const other = batches.note(lab.recorder, entry(2));
    await lab.asked(1);
    lab.end();
    await other;
  });
});
