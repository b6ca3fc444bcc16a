/** A prepare that comes after its transaction was given up: in whichever order all comes, nothing stays held that nobody ends. */
import fc from "fast-check";
import { create, update } from "../test/kit/resources.ts";
import { freshStore, type StoreKit, stores, temporaryFolder } from "../test/kit/stores.ts";
import { MAX_ENDED } from "./ended-transactions.ts";
import type { Store } from "./store.ts";

const SEED = 20261129;

/** What is done to one of three transactions, each with the resource that it creates and one that two of them change. */
type Deed = { what: "prepare" | "commit" | "abort" | "prepare and abort" | "kill"; tx: number };

const deed: fc.Arbitrary<Deed> = fc.record({
  what: fc.constantFrom("prepare", "commit", "abort", "prepare and abort", "kill"),
  tx: fc.nat(2),
});

const stepsOf = (tx: number) => [create(`own${tx}`, { name: `Of ${tx}` }), update(`shared${tx % 2}`, { name: `By ${tx}` })];

/** `unknown`: nothing has come yet. `over`: it was prepared, and has ended: no prepare is on its way. */
type State = "unknown" | "prepared" | "over" | "ended";

/** What must be so, held against a store that does it. */
class Told {
  readonly #kit: StoreKit;
  readonly #folder: string;
  readonly #left: Store[] = [];
  readonly states: State[] = ["unknown", "unknown", "unknown"];
  readonly committed = new Set<number>();
  store: Store;

  constructor(kit: StoreKit, folder: string, store: Store) {
    this.#kit = kit;
    this.#folder = folder;
    this.store = store;
  }

  async carryOut({ what, tx }: Deed): Promise<void> {
    const name = `gateway~${tx}`;
    if (what === "prepare") await this.#prepare(tx, name);
    else if (what === "commit") {
      if (this.states[tx] === "ended") return; // nobody commits what was given up
      await this.store.commit(name, 1_000);
      if (this.states[tx] === "prepared") this.#end(tx, true);
    } else if (what === "abort") {
      await this.store.abort(name);
      if (this.states[tx] === "prepared") this.#end(tx, false);
      else if (this.states[tx] === "unknown") this.states[tx] = "ended";
    } else if (what === "prepare and abort") {
      if (this.states[tx] !== "unknown" || this.#isHeld(tx)) return;
      const [prepared] = await Promise.allSettled([this.store.prepare(name, stepsOf(tx)), this.store.abort(name)]);
      if (prepared.status === "rejected") expect(prepared.reason).toMatchObject({ type: "TRANSACTION_ENDED" });
      this.states[tx] = prepared.status === "rejected" ? "ended" : "over";
    } else {
      // As another process finds it: what was in the memory of this one is gone.
      this.#left.push(this.store);
      this.store = await this.#kit.open(this.#folder, { waitMs: 1 });
    }
  }

  async close(): Promise<void> {
    for (const store of [...this.#left, this.store]) await store.close();
  }

  async #prepare(tx: number, name: string): Promise<void> {
    const state = this.states[tx];
    if (state === "over") return;
    const prepared = this.store.prepare(name, stepsOf(tx));
    if (state === "prepared") await expect(prepared).rejects.toThrow("prepared already");
    else if (state === "ended") await expect(prepared).rejects.toMatchObject({ type: "TRANSACTION_ENDED" });
    else if (this.#isHeld(tx)) await expect(prepared).rejects.toMatchObject({ type: "LOCKED" });
    else {
      await prepared;
      this.states[tx] = "prepared";
    }
  }

  #end(tx: number, isCommitted: boolean): void {
    this.states[tx] = "over";
    if (isCommitted) this.committed.add(tx);
  }

  #isHeld(tx: number): boolean {
    return this.states.some((state, other) => state === "prepared" && other !== tx && other % 2 === tx % 2);
  }
}

describe.each(stores)("a transaction that was given up, in the store in $name", (kit) => {
  const opened = freshStore(kit, { waitMs: 1 });

  it("cannot be prepared any more, by this process or another, however often it is aborted", async () => {
    const other = await kit.open(opened.folder, { waitMs: 1 });
    await opened.store.abort("late");
    await opened.store.abort("late");
    for (const store of [opened.store, other]) {
      await expect(store.prepare("late", [create("ann")])).rejects.toMatchObject({ type: "TRANSACTION_ENDED", step: 0 });
    }
    expect([await other.prepared(), await other.commit("late", 1_000)]).toEqual([[], []]);
    // Nothing is held for it, and another transaction does the same.
    await other.prepare("again", [create("ann")]);
    await other.commit("again", 1_000);
    expect(await other.read("Patient", "ann")).toMatchObject({ version: 1, updated: 1_000 });
    await other.close();
  });

  it("holds nothing in the end, in whichever order its prepare and its end arrive, and whichever process is killed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 3, maxLength: 14 }), async (deeds) => {
        const folder = await temporaryFolder();
        const told = new Told(kit, folder, await kit.open(folder, { waitMs: 1 }));
        try {
          for (const one of deeds) await told.carryOut(one);
          const open = told.states.flatMap((state, tx) => (state === "prepared" ? [`gateway~${tx}`] : []));
          expect((await told.store.prepared()).map(({ tx }) => tx).sort()).toEqual(open);
          for (const tx of [0, 1, 2]) await told.carryOut({ what: "abort", tx });
          for (const tx of [0, 1, 2]) {
            const there = await told.store.read("Patient", `own${tx}`);
            expect(there?.version).toBe(told.committed.has(tx) ? 1 : undefined);
          }
          await told.store.write(["own0", "own1", "own2", "shared0", "shared1"].map((id) => update(id)));
        } finally {
          await told.close();
          await kit.clear(folder);
        }
      }),
      { numRuns: kit.runs / 5, seed: SEED },
    );
  });
});

describe("the list of aborted transactions in a SQLite file", () => {
  const [sqlite] = stores as [StoreKit, ...StoreKit[]];
  const opened = freshStore(sqlite);

  it("contains the newest ones up to its limit", async () => {
    const names = Array.from({ length: MAX_ENDED + 10 }, (_, index) => `gone~${index}`);
    for (let from = 0; from < names.length; from += 500) {
      await Promise.all(names.slice(from, from + 500).map((tx) => opened.store.abort(tx)));
    }
    const isRefused = async (tx: string) =>
      opened.store.prepare(tx, [create(tx.slice(5))]).then(
        () => false,
        ({ type }) => type === "TRANSACTION_ENDED",
      );
    expect(await Promise.all(["gone~9", "gone~10", names.at(-1) ?? ""].map(isRefused))).toEqual([false, true, true]);
  });
});
