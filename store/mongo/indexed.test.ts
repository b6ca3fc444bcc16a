/**
 * Whatever the MongoDB store is asked, each filter and order that it sends begins in an index. The stand-in's plans say nothing, so the commands
 * themselves are held against the indexes, as MongoDB chooses among them: a bounded first field, an order behind fields of one value.
 */
import { basename } from "node:path";
import { type Document, MongoClient } from "mongodb";
import { create, inBed, named, remove, unlessIdentified, update } from "../../test/kit/resources.ts";
import { mongoKit, temporaryFolder } from "../../test/kit/stores.ts";
import type { StoreQuery } from "../../fhir/search/query.ts";
import type { Store } from "../store.ts";
import { openMongo } from "./mongo-store.ts";
import { indexes } from "./schema.ts";

interface Asked {
  collection: string;
  filter: Document;
  sort: [field: string, direction: number][];
}

/** What a command looks for. */
function askedBy(name: string, command: Document): Asked[] {
  const collection = command[name] as string;
  const asked = (filter: Document = {}, sort: Document = {}): Asked => ({
    collection,
    filter,
    sort: sort instanceof Map ? [...sort] : Object.entries(sort),
  });
  if (name === "find") return [asked(command["filter"], command["sort"])];
  if (name === "findAndModify") return [asked(command["query"], command["sort"])];
  if (name === "update") return (command["updates"] as Document[]).map(({ q }) => asked(q));
  if (name === "delete") return (command["deletes"] as Document[]).map(({ q }) => asked(q));
  if (name !== "aggregate") return [];
  const [first, second] = command["pipeline"] as [Document, Document?];
  return [asked(first["$match"], second?.["$sort"])];
}

const isValue = (test: unknown): boolean =>
  typeof test !== "object" || test === null || "$eq" in test || !Object.keys(test).some((key) => key.startsWith("$"));
const isBounded = (test: unknown): boolean =>
  isValue(test) || ["$in", "$gt", "$gte", "$lt", "$lte", "$elemMatch"].some((operator) => operator in (test as object));

/** Fields of a filter that bound what is looked at; of alternatives, those that bound each. */
function boundedBy(filter: Document): { bounded: string[]; values: string[] } {
  const [bounded, values]: [string[], string[]] = [[], []];
  for (const [field, test] of Object.entries(filter)) {
    if (field === "$and") {
      for (const part of test as Document[]) {
        const more = boundedBy(part);
        bounded.push(...more.bounded);
        values.push(...more.values);
      }
    } else if (field === "$or") {
      const parts = (test as Document[]).map((part) => boundedBy(part).bounded);
      if (parts.every((part) => part.length > 0)) bounded.push(...parts.flat());
    } else if (field === "ranges") bounded.push("ranges.s");
    else if (["since", "endedAt", "seq"].includes(field)) {
      bounded.push(field); // its index holds those that have it
    } else if (!field.startsWith("$") && isBounded(test)) {
      bounded.push(field);
      if (isValue(test)) values.push(field);
    }
  }
  return { bounded, values };
}

/** Why what was asked is not answered from an index; undefined: it is. */
function faultOf({ collection, filter, sort }: Asked): string | undefined {
  const { bounded, values } = boundedBy(filter);
  if (bounded.includes("_id") && (sort.length === 0 || sort[0]?.[0] === "_id" || values.includes("_id"))) return undefined;
  if (collection === "resource" && values.includes("type") && values.includes("id")) return undefined; // one document
  const keys = [{ _id: 1 }, ...(indexes[collection as keyof typeof indexes] ?? []).map(({ key }) => key as Document)].map(Object.entries);
  const wanted = sort.filter(([field]) => !values.includes(field));
  const isFiltered = keys.some(([[first = ""] = []]) => bounded.includes(first));
  const isSorted = keys.some((key) => {
    const prefix = key
      .slice(
        0,
        key.findIndex(([field]) => !values.includes(field)),
      )
      .map(([field]) => field);
    if (values.includes("id") && !prefix.includes("id")) return false; // one resource is not looked for among all of its type
    const rest = key.filter(([field]) => !values.includes(field)) as [string, number][];
    const turn = (wanted[0]?.[1] ?? 1) * (rest[0]?.[1] ?? 1);
    return wanted.every(([field, direction], place) => rest[place]?.[0] === field && rest[place][1] * turn === direction);
  });
  if (wanted.length > 0 && !isSorted) return "is sorted";
  return isFiltered || wanted.length > 0 ? undefined : "is looked through";
}

describe("the queries of the MongoDB store", () => {
  let client: MongoClient;
  let store: Store;
  let database: string;
  let asked: Asked[] = [];
  beforeAll(async () => {
    await mongoKit.start();
    database = basename(await temporaryFolder());
    client = new MongoClient(mongoKit.url(), { monitorCommands: true });
    client.on("commandStarted", ({ commandName, command, databaseName }) => {
      if (databaseName === database) asked.push(...askedBy(commandName, command));
    });
    await client.connect();
    store = await openMongo({ name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), client, database });
  });
  afterAll(async () => {
    await client?.db(database).dropDatabase();
    await store?.close();
    await client?.close();
    await mongoKit.stop();
  });
  beforeEach(() => {
    asked = [];
  });

  const faults = () => [
    ...new Set(
      asked.flatMap((one) => {
        const fault = faultOf(one);
        return fault === undefined ? [] : [`${one.collection} ${fault}: ${JSON.stringify(one.filter)} ${JSON.stringify(one.sort)}`];
      }),
    ),
  ];

  it.each<[string, () => Promise<unknown>]>([
    ["to write", () => store.write([create("ann", { name: "Ann" }, inBed("7")), create("bob", {}, unlessIdentified("1")), remove("cid")])],
    ["to write again", () => store.write([update("ann"), { op: "add", counter: "stock", by: 1 }], { id: "key", isRepeated: true })],
    ["to prepare, and to commit", () => store.prepare("t1", [update("ann")]).then(() => store.commit("t1", 1_000))],
    ["to prepare, and to abort", () => store.prepare("t2", [update("ann")]).then(() => store.abort("t2"))],
    ["to abort what it does not know", () => store.abort("t3")],
    ["for what is prepared", () => store.prepared()],
    ["for a version", () => store.readVersion("Patient", "ann", 1)],
    ["for the history of one", () => store.history({ type: "Patient", id: "ann", limit: 10 })],
    [
      "for the rest of it",
      () => store.history({ type: "Patient", id: "ann", limit: 10, before: { updated: 9e12, type: "Patient", id: "ann", version: 2 } }),
    ],
    ["for the history of a type", () => store.history({ type: "Patient", limit: 10, since: 1 })],
    [
      "for the rest of that",
      () => store.history({ type: "Patient", limit: 10, before: { updated: 9e12, type: "Patient", id: "ann", version: 2 } }),
    ],
    ["for all history", () => store.history({ limit: 10, until: 9e12 })],
    ["for a page", () => store.search(page([named("Ann")]))],
    ["for a page of all", () => store.search(page([]))],
    ["for a number", () => store.count("Patient", [named("Ann")])],
    ["for a number of all", () => store.count("Patient", [])],
    ["for the values of a slot", () => store.distinct([101], 10)],
    ["for one end of a chain", () => store.joinKeys({ type: "Patient", clauses: [named("Ann")], limit: 10 })],
    [
      "for who refers to something",
      () =>
        store.referredTo(
          [
            { type: "Patient", slots: [102] },
            { type: "Condition", slots: [103] },
          ],
          ["1", "2"],
        ),
    ],
    ["for the other", () => store.joinKeysAmong({ type: "Patient", clauses: [], slots: [102], among: ["1"] })],
    ["for holders of keys", () => store.holders(["bed:7"])],
    ["for all keys", () => store.heldKeys(10, "a")],
    ["for the outbox", () => store.outbox("out", 10)],
    ["for the outbox without some", () => store.outbox("out", 10, ["Patient/ann"])],
    ["for how much waits", () => store.outboxState()],
    ["for what was handled", () => store.isHandled("one")],
    ["to fence", () => store.fence([{ type: "Patient", id: "ann", version: 1 }], { token: "a", expiresAt: 1 })],
    ["for counters", () => store.counters("st", 10)],
    [
      "for its map",
      () => Promise.all([store.put("a", "1"), store.get("a"), store.entries("a", 10), store.usage("a"), store.lease("l", "me", 1)]),
    ],
    ["to purge", () => store.purge("Patient", ["bob"])],
    ["for its size", () => store.stats()],
  ])("begins in an index, %s", async (_, ask) => {
    await ask();
    expect(faults()).toEqual([]);
    expect(asked).not.toEqual([]);
  });

  it("skip events that wait behind failing records by the index alone, which covers the query", async () => {
    await store.outbox("out", 10, ["Patient/ann"]);
    const [{ filter, sort }] = asked as [Asked];
    const fields = new Set([...Object.keys(filter), ...sort.map(([field]) => field)]);
    const held = (indexes.outbox ?? []).map(({ key }) => new Set(Object.keys(key)));
    expect(held.some((index) => [...fields].every((field) => index.has(field)))).toBe(true);
  });

  it("drop the indexes of an earlier version that have been replaced, once", async () => {
    const outbox = client.db(database).collection("outbox");
    await outbox.createIndex({ queue: 1, at: 1, n: 1 });
    for (const _ of [1, 2]) {
      const again = await openMongo({ name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), client, database });
      await again.close();
      expect((await outbox.indexes()).map(({ name }) => name).sort()).toEqual(["_id_", "key_1_at_1_n_1", "queue_1_at_1_n_1_key_1"]);
    }
  });

  const page = (clauses: StoreQuery["clauses"]): StoreQuery => ({ type: "Patient", clauses, sort: [], limit: 10, want: "rows" });
});
