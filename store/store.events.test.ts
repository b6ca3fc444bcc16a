/** Events in the outbox, and events whose effect a write is: the same sentences for both stores. */
import { jest } from "@jest/globals";
import { create, remove, update } from "../test/kit/resources.ts";
import { stores, temporaryFolder } from "../test/kit/stores.ts";
import type { Store } from "./store.ts";
import { MAX_EVENT_CHARACTERS, type OutboxEvent, type ResourceVersion, type Write } from "./writes.ts";

const told = (id: string, key = "bill/1", payload = "{}"): OutboxEvent => ({ id, subject: "billing.charged", key, payload });
const emit = (event: OutboxEvent, queue: "out" | "own" = "out"): Write => ({ op: "emit", event, queue });
const once = (id: string, until = Date.now() + 60_000): Write => ({ op: "once", id, until });

describe.each(stores)("events of the store in $name", (kit) => {
  let folder: string;
  let store: Store;
  let isWanted: boolean;
  let calls: number;
  let versions: ResourceVersion[];
  const options = {
    waitMs: 200,
    emits: () => new Set(isWanted ? ["Patient"] : []),
    onEvents: () => (calls += 1),
    onVersions: (told: ResourceVersion[]) => versions.push(...told),
  };

  beforeAll(() => kit.start());
  afterAll(() => kit.stop());
  beforeEach(async () => {
    isWanted = true;
    calls = 0;
    versions = [];
    folder = await temporaryFolder();
    store = await kit.open(folder, options);
  });
  afterEach(async () => {
    await store.close();
    await kit.clear(folder);
  });
  const waiting = async (queue: "out" | "own" = "out") => (await store.outbox(queue, 100)).map(({ id }) => id);

  it("contain the versions of resources that have subscribers, in their order", async () => {
    await store.write([create("ann"), create("bob")]);
    await store.write([update("ann")]);
    await store.write([remove("ann")]);
    expect((await waiting()).filter((id) => id.startsWith("Patient/ann"))).toEqual(["Patient/ann/1", "Patient/ann/2", "Patient/ann/3"]);
    const [first] = await store.outbox("out", 1, ["Patient/bob"]);
    expect(first).toMatchObject({ subject: "fhir.Patient", key: "Patient/ann" });
    expect(JSON.parse(first?.payload ?? "")).toEqual({ type: "Patient", id: "ann", version: 1, method: "create" });
    expect(calls).toBe(3);
    const keys = ["=Patient/mother", "=Patient/mother", "=Practitioner/x", "=Patient/a\u001fb"].map((value): [number, string] => [
      9_999,
      value,
    ]);
    await store.write([{ ...update("ann"), index: { keys, ranges: [] } }]);
    const newest = async () => JSON.parse((await store.outbox("out", 100)).at(-1)?.payload ?? "") as object;
    expect(await newest()).toEqual({ type: "Patient", id: "ann", version: 4, method: "update", patients: ["Patient/mother"] });

    expect(versions).toEqual([]);
    isWanted = false;
    await store.write([update("bob")]);
    expect(await waiting()).toHaveLength(5);
    expect(calls).toBe(4);
    expect(versions).toEqual([{ type: "Patient", id: "bob", version: 2, method: "update" }]);
  });

  it("or are announced once they are stored, and not before, if there are no subscribers", async () => {
    isWanted = false;
    await store.prepare("t1", [create("ann"), create("bob")]);
    expect(versions).toEqual([]);
    await store.commit("t1", Date.now());
    await store.commit("t1", Date.now());
    await expect(store.write([create("ann")])).rejects.toThrow();
    expect(versions.map(({ id, version }) => `${id}/${version}`)).toEqual(["ann/1", "bob/1"]);
  });

  it("also name the patient whose record a version leaves", async () => {
    const about = (patient: string) => ({ keys: [[9_999, `=Patient/${patient}`] as [number, string]], ranges: [] });
    const newest = async () => JSON.parse((await store.outbox("out", 100)).at(-1)?.payload ?? "") as object;
    await store.write([{ ...create("ann"), index: about("mother") }]);
    await store.write([{ ...update("ann"), index: about("aunt") }]);
    expect(await newest()).toEqual({
      type: "Patient",
      id: "ann",
      version: 2,
      method: "update",
      patients: ["Patient/aunt", "Patient/mother"],
    });
    await store.write([remove("ann")]);
    expect(await newest()).toEqual({ type: "Patient", id: "ann", version: 3, method: "delete", patients: ["Patient/aunt"] });
  });

  it("of one record keep their order when clocks differ", async () => {
    const writeAt = (now: number, ...steps: Write[]) => {
      jest.spyOn(Date, "now").mockReturnValue(now);
      return store.write(steps).finally(() => jest.restoreAllMocks());
    };
    const now = Date.now();
    await writeAt(now, emit(told("bill/a")));
    await writeAt(now - 5_000, emit(told("bill/b")), emit(told("bill/c")));
    await writeAt(now, create("ann"), emit(told("ann/a", "Patient/ann")));
    await writeAt(now - 5_000, update("ann"), emit(told("ann/b", "Patient/ann")), emit(told("ann/c", "Patient/ann")));
    await writeAt(now - 9_000, emit(told("ann/d", "Patient/ann")));
    await writeAt(now - 5_000, update("ann"));
    const found = await waiting();
    expect(found.filter((id) => id.startsWith("bill"))).toEqual(["bill/a", "bill/b", "bill/c"]);
    expect(found.filter((id) => !id.startsWith("bill"))).toEqual([
      "Patient/ann/1",
      "ann/a",
      "Patient/ann/2",
      "ann/b",
      "ann/c",
      "ann/d",
      "Patient/ann/3",
    ]);
  });

  it("do not include a resource that moves to another owner", async () => {
    await store.write([create("ann")]);
    await store.write([remove("ann", { moved: true })]);
    expect(await waiting()).toEqual(["Patient/ann/1"]);
  });

  it("exist exactly if the write does", async () => {
    await store.write([create("ann"), emit(told("own/1"))]);
    await expect(store.write([emit(told("own/2")), create("bob"), create("ann")])).rejects.toMatchObject({ type: "ID_TAKEN" });
    await expect(store.write([create("bob"), emit(told("big", "b", "x".repeat(MAX_EVENT_CHARACTERS + 1)))])).rejects.toMatchObject({
      type: "EVENT_TOO_LARGE",
      step: 1,
    });
    expect((await waiting()).sort()).toEqual(["Patient/ann/1", "own/1"]);
    expect(await store.read("Patient", "bob")).toBeUndefined();
  });

  it("of a prepared write appear with its commit, and never with its abort", async () => {
    await store.prepare("tx", [create("ann"), emit(told("own/1"))]);
    await store.prepare("other", [create("bob"), emit(told("own/2"))]);
    expect(await waiting()).toEqual([]);
    await store.commit("tx", Date.now());
    await store.commit("tx", Date.now());
    await store.abort("other");
    expect((await waiting()).sort()).toEqual(["Patient/ann/1", "own/1"]);
    expect(calls).toBe(1);
  });

  it("wait in two queues until they are relayed, even over a restart", async () => {
    await store.write([emit(told("out/1")), emit(told("own/1"), "own"), emit(told("own/2", "bill/2"), "own")]);
    await store.close();
    store = await kit.open(folder, options);
    expect(await waiting("own")).toEqual(["own/1", "own/2"]);
    const [first, second] = await store.outbox("own", 10);
    await store.relayed([first?.place ?? ""]);
    expect(await waiting("own")).toEqual(["own/2"]);
    expect(await store.outboxState()).toEqual({ waiting: 2, oldest: expect.any(Number) });
    await store.relayed([second?.place ?? "", ...(await store.outbox("out", 10)).map(({ place }) => place)]);
    expect(await store.outboxState()).toEqual({ waiting: 0 });
  });

  it("are not removed when another one is removed a second time", async () => {
    await store.write([emit(told("1"))]);
    const [first] = await store.outbox("out", 1);
    await store.relayed([first?.place ?? ""]);
    await store.write([emit(told("2"))]);
    await store.relayed([first?.place ?? ""]);
    expect(await waiting()).toEqual(["2"]);
  });

  it("have their effect once, however often they arrive", async () => {
    await store.write([once("visits/1"), create("ann")]);
    await expect(store.write([once("visits/1"), create("bob")])).rejects.toMatchObject({
      type: "ALREADY_HANDLED",
      step: 0,
      data: { id: "visits/1" },
    });
    const tries = Array.from({ length: 16 }, () => store.write([once("visits/2"), { op: "add", counter: "stock", by: 1 }]));
    expect((await Promise.allSettled(tries)).filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await store.counter("stock")).toBe(1);
    expect([await store.isHandled("visits/2"), await store.isHandled("visits/3")]).toEqual([true, false]);
    await expect(store.write([once("a"), create("ann")])).rejects.toMatchObject({ type: "ID_TAKEN" });
    expect(await store.isHandled("a")).toBe(false); // nothing of it was carried out
  });

  it("whose effect is prepared are not handled by others until that is decided", async () => {
    await store.prepare("tx", [once("visits/1"), create("ann")]);
    await expect(store.write([once("visits/1"), create("bob")])).rejects.toMatchObject({ type: "LOCKED" });
    expect(await store.isHandled("visits/1")).toBe(false);
    await store.abort("tx");
    await store.prepare("again", [once("visits/1"), create("ann")]);
    await store.commit("again", Date.now());
    await expect(store.write([once("visits/1")])).rejects.toMatchObject({ type: "ALREADY_HANDLED" });
  });

  it("are relayed by one process at a time, whose lease expires by itself", async () => {
    expect(await store.lease("relay", "a", 60_000)).toBe(true);
    expect(await store.lease("relay", "a", 60_000)).toBe(true);
    expect(await store.lease("relay", "b", 60_000)).toBe(false);
    expect(await store.lease("relay", "a", -1)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 5)); // milliseconds are what it is counted in
    expect(await store.lease("relay", "b", 60_000)).toBe(true);
    expect(await store.lease("relay", "a", 60_000)).toBe(false);
  });
});
