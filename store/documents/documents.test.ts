/** Collections of documents, in both stores: one set of sentences. */
import { rm } from "node:fs/promises";
import { ServiceBroker } from "moleculer";
import DbService from "moleculer-db";
import { mongoKit, temporaryFolder } from "../../test/kit/stores.ts";
import { type CollectionOptions, type Document, DuplicateKey } from "./documents.ts";
import type { DocumentAdapter } from "./document-adapter.ts";
import { type DocumentDatabase, documentDatabase } from "./open-documents.ts";

interface Account extends Document {
  name: string;
  age?: number;
  isActive?: boolean;
  version?: number;
}

const options: CollectionOptions = { unique: ["name"], indexes: ["age"] };
const kits = [
  { kind: "SQLite", start: async () => {}, stop: async () => {}, url: () => undefined },
  { kind: "MongoDB", start: () => mongoKit.start(), stop: () => mongoKit.stop(), url: () => mongoKit.url() },
];

describe.each(kits)("a collection in $kind", ({ start, stop, url }) => {
  let folder: string;
  let database: DocumentDatabase;
  let accounts: DocumentAdapter<Account>;
  const open = (service: string) => {
    const mongoUrl = url();
    return documentDatabase({ dataDir: folder, ...(mongoUrl && { mongoUrl }) }, service);
  };
  let next = 0;
  let service: string;

  beforeAll(start);
  afterAll(stop);
  beforeEach(async () => {
    folder = await temporaryFolder();
    next += 1;
    service = `documents${process.pid}x${next}`;
    database = open(service);
    accounts = database.collection<Account>("accounts", options);
    await accounts.connect();
  });
  afterEach(async () => {
    await accounts.clear();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("returns what was stored, also after it was closed and opened again", async () => {
    await accounts.insert({ _id: "1", name: "ann", age: 30 });
    await database.close();
    database = open(service);
    accounts = database.collection<Account>("accounts", options);
    await accounts.connect();
    expect(await accounts.find()).toEqual([{ _id: "1", name: "ann", age: 30 }]);
  });

  it("refuses a second document with the same id or the same unique member, and keeps the first", async () => {
    await accounts.insert({ _id: "1", name: "ann" });
    await expect(accounts.insert({ _id: "1", name: "bob" })).rejects.toThrow(DuplicateKey);
    await expect(accounts.insert({ _id: "2", name: "ann" })).rejects.toThrow(DuplicateKey);
    await accounts.insert({ _id: "2", name: "bob" });
    await expect(accounts.updateMany({ _id: "2" }, { $set: { name: "ann" } })).rejects.toThrow(DuplicateKey);
    expect((await accounts.find({ sort: ["_id"] })).map(({ name }) => name)).toEqual(["ann", "bob"]);
  });

  it.each<[string, object, string[]]>([
    ["equality", { age: 30 }, ["1"]],
    ["truth", { isActive: true }, ["1", "3"]],
    ["falsehood", { isActive: false }, ["2"]],
    ["a range", { age: { $gte: 30, $lt: 50 } }, ["1", "2"]],
    ["one of several", { name: { $in: ["ann", "cid"] } }, ["1", "3"]],
    ["another value, or none", { age: { $ne: 30 } }, ["2", "3"]],
    ["presence", { age: { $exists: true } }, ["1", "2"]],
    ["absence", { age: { $exists: false } }, ["3"]],
    ["alternatives", { $or: [{ age: 30 }, { name: "cid" }] }, ["1", "3"]],
    ["all conditions at once", { age: { $gt: 10 }, isActive: true }, ["1"]],
    ["everything", {}, ["1", "2", "3"]],
  ])("finds by %s", async (_, query, ids) => {
    await accounts.insertMany([
      { _id: "1", name: "ann", age: 30, isActive: true },
      { _id: "2", name: "bob", age: 40, isActive: false },
      { _id: "3", name: "cid", isActive: true },
    ]);
    expect((await accounts.find({ query, sort: ["_id"] })).map(({ _id }) => _id)).toEqual(ids);
    expect(await accounts.count({ query })).toBe(ids.length);
  });

  it("returns pages in the requested order", async () => {
    await accounts.insertMany(["a", "b", "c", "d"].map((name, index) => ({ _id: name, name, age: index % 2 })));
    expect((await accounts.find({ sort: ["-age", "name"], limit: 3 })).map(({ _id }) => _id)).toEqual(["b", "d", "a"]);
    expect((await accounts.find({ sort: ["-age", "name"], limit: 3, offset: 3 })).map(({ _id }) => _id)).toEqual(["c"]);
    await expect(accounts.find({ limit: 10_001 })).rejects.toThrow(RangeError);
  });

  it("updates by query, increments, and removes members", async () => {
    await accounts.insert({ _id: "1", name: "ann", age: 1 });
    expect(await accounts.updateMany({ name: "ann" }, { $inc: { age: 2 }, $set: { isActive: true } })).toBe(1);
    expect(await accounts.findById("1")).toEqual({ _id: "1", name: "ann", age: 3, isActive: true });
    await accounts.updateMany({ name: "ann" }, { $unset: { age: true } });
    expect(await accounts.findById("1")).toEqual({ _id: "1", name: "ann", isActive: true });
    expect(await accounts.updateMany({ name: "nobody" }, { $set: { age: 1 } })).toBe(0);
  });

  it("lets one of 64 concurrent updates of one version succeed", async () => {
    await accounts.insert({ _id: "1", name: "ann", version: 1 });
    const other = open(service);
    const same = other.collection<Account>("accounts", options);
    await same.connect();
    const tries = Array.from({ length: 64 }, (_, index) =>
      (index % 2 ? accounts : same).updateMany({ _id: "1", version: 1 }, { $set: { version: 2 } }),
    );
    expect((await Promise.all(tries)).reduce((sum, one) => sum + one, 0)).toBe(1);
    await other.close();
  });

  it("keeps what is written at the same time as something that is refused", async () => {
    await accounts.insert({ _id: "1", name: "ann", age: 1 });
    await accounts.insert({ _id: "2", name: "bob", age: 1 });
    const writes = await Promise.allSettled([
      accounts.insert({ _id: "3", name: "cid" }),
      accounts.insert({ _id: "4", name: "ann" }), // a name that another has
      accounts.updateMany({ _id: "2" }, { $set: { name: "ann" } }), // likewise
      accounts.updateMany({ _id: "2" }, { $inc: { name: 1 } as never }), // no number
      accounts.updateMany({ _id: "1" }, { $inc: { age: 1 } }),
      accounts.insert({ _id: "5", name: "eve" }),
    ]);
    expect(writes.map(({ status }) => status === "fulfilled")).toEqual([true, false, false, false, true, true]);
    expect((await accounts.find({ sort: ["_id"] })).map(({ _id, name, age }) => [_id, name, age])).toEqual([
      ["1", "ann", 2],
      ["2", "bob", 1],
      ["3", "cid", undefined],
      ["5", "eve", undefined],
    ]);
  });

  it("does not treat text as a query", async () => {
    const hostile = ["a') OR 1=1 --", "$where", "a.b", "", "x".repeat(100)];
    for (const name of hostile) await expect(async () => accounts.find({ sort: [name] })).rejects.toThrow(RangeError);
  });

  it.each<[string, object]>([
    ["code", { $where: "true" }],
    ["an expression", { $expr: { $eq: [1, 1] } }],
    ["a pattern", { name: { $regex: "^a" } }],
    ["a negation", { name: { $not: { $gt: "a" } } }],
    ["a value with operators of its own", { name: { $ne: { $gt: "" } } }],
    ["a list with them", { name: { $in: [{ $gt: "" }] } }],
    ["a list", { name: ["ann"] }],
    ["a path", { "name.first": "ann" }],
    ["a member without a value", { name: undefined }],
    ["one of these among alternatives", { $or: [{ name: "ann" }, { $where: "true" }] }],
    ["alternatives that are none", { $or: { name: "ann" } }],
  ])("refuses %s in a query, at each door, and changes nothing", async (_, query) => {
    await accounts.insert({ _id: "1", name: "ann" });
    const foreign = query as never;
    const doors = [
      () => accounts.find({ query: foreign }),
      () => accounts.findOne(foreign),
      () => accounts.count({ query: foreign }),
      () => accounts.updateMany(foreign, { $set: { name: "eve" } }),
      () => accounts.removeMany(foreign),
    ];
    for (const door of doors) await expect(door()).rejects.toThrow(RangeError);
    expect(await accounts.find()).toEqual([{ _id: "1", name: "ann" }]);
  });

  it("does not treat an invalid id as all documents", async () => {
    await accounts.insert({ _id: "1", name: "ann" });
    for (const id of [undefined, { $gt: "" }] as never[]) {
      await expect(accounts.findById(id)).rejects.toThrow(RangeError);
      await expect(accounts.removeById(id)).rejects.toThrow(RangeError);
    }
    await expect(accounts.updateMany({ _id: "1" }, { $rename: { name: "age" } } as never)).rejects.toThrow(RangeError);
    await expect(accounts.updateMany({ _id: "1" }, { $set: { "name.first": "x" } } as never)).rejects.toThrow(RangeError);
    expect(await accounts.count()).toBe(1);
  });

  it("is an adapter of moleculer-db, whose mixin works on it without its published actions", async () => {
    const broker = new ServiceBroker({ logger: false });
    const { actions, ...mixin } = DbService as unknown as { actions: Record<string, unknown> };
    const withoutActions = Object.fromEntries(Object.keys(actions).map((name) => [name, false]));
    const notes = database.collection<Document>("notes");
    const created = broker.createService({
      name: "notes",
      mixins: [{ ...mixin, actions }],
      // Moleculer clones what a schema holds, and a clone lacks the private members.
      merged(schema: { adapter?: unknown }) {
        schema.adapter = notes;
      },
      actions: withoutActions,
    } as never) as unknown as {
      _insert(ctx: unknown, params: object): Promise<unknown>;
      _find(ctx: unknown, params: object): Promise<object[]>;
    };
    await broker.start();
    await created._insert(broker, { entity: { _id: "1", text: "milk" } });
    expect(await created._find(broker, { query: { text: "milk" } })).toMatchObject([{ _id: "1", text: "milk" }]);
    await expect(broker.call("notes.find", {})).rejects.toMatchObject({ type: "SERVICE_NOT_FOUND" });
    await notes.clear();
    await broker.stop();
  });
});
