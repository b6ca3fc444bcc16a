/** Every filter and order that the MongoDB store sends is covered by an index that it makes. */
import { type Document, MongoClient, MongoServerError } from "mongodb";
import type { Clause } from "../../fhir/search/query.ts";
import { openMongo } from "./mongo-store.ts";
import { indexes } from "./schema.ts";
import { filterOf } from "./search-pipeline.ts";
import { translate } from "./transaction.ts";

/** Fields that a document must have a bounded value in: those of the filter, of each `$and`, and of an `$or` whose every part has one. */
function bounded(filter: Document): string[] {
  return Object.entries(filter).flatMap(([field, test]) => {
    if (field === "$and") return (test as Document[]).flatMap(bounded);
    if (field === "$or") {
      const parts = (test as Document[]).map(bounded);
      return parts.every((part) => part.length > 0) ? parts.flat() : [];
    }
    if (field === "$nor") return [];
    if (field === "ranges") return ["ranges.s"];
    return [field];
  });
}

const first = (indexes.resource ?? []).map(({ key }) => Object.keys(key)[0] as string);
const key: Clause = { kind: "key", slots: [101], any: [{ eq: "~x" }] };

describe("a search on MongoDB", () => {
  it.each<[string, Clause[], string]>([
    ["by nothing", [], "type"],
    ["by a key", [key], "keys"],
    ["by a prefix in two slots", [{ kind: "key", slots: [101, 102], any: [{ prefix: "~y" }] }], "keys"],
    ["by a range", [{ kind: "range", slots: [111], any: [{ highGe: 30 }] }], "ranges.s"],
    ["by presence", [{ kind: "missing", slots: [101], missing: false }], "keys"],
    ["by id", [{ kind: "id", any: ["p1"] }], "id"],
    ["by time", [{ kind: "updated", any: [{ lowGe: 0 }] }], "updated"],
    ["by what is not", [{ ...key, not: true }], "type"],
    ["by full text", [{ kind: "text", in: "text", any: [{ all: ["kidney"], none: [] }] }], "$text"],
    ["by alternatives", [{ kind: "any", of: [[key], [{ kind: "id", any: ["p4"] }]] }], "keys"],
  ])("%s is bounded in an index", (_, clauses, field) => {
    const fields = bounded(filterOf("Patient", clauses));
    expect(fields).toContain(field);
    // Type and id, and type and time, are indexes of two fields that begin with the type.
    const leading = field === "id" || field === "updated" ? "type" : field;
    if (leading === "$text") return;
    expect(first).toContain(leading);
  });

  it("in order of creation follows an index", () => {
    expect(indexes.resource).toContainEqual({ key: { type: 1, living: 1, seq: 1 } });
    expect(indexes.resource).toContainEqual({ key: { keys: 1, seq: 1 } });
  });

  it.each([
    ["everything", { updated: -1, type: -1, id: -1, version: -1 }],
    ["a type", { type: 1, updated: -1, id: -1, version: -1 }],
  ])("the history of %s follows an index in both collections", (_, order) => {
    expect(indexes.resource).toContainEqual({ key: order });
    expect(indexes.history).toContainEqual({ key: order });
  });
});

describe("a search that takes MongoDB too long", () => {
  it("is refused as such, and not reported as a failing database", () => {
    const expired = new MongoServerError({ message: "operation exceeded time limit", code: 50 });
    expect(translate(expired)).toMatchObject({ status: 400, issues: [{ code: "too-costly" }] });
    expect(translate(new MongoServerError({ message: "not primary", code: 10_107 }))).toMatchObject({ type: "STORE_UNAVAILABLE" });
  });
});

// A real server tells how it would answer. The stand-in's plans say nothing, so this runs only where MONGO_URL names a server.
const url = process.env["MONGO_URL"];
if (url) {
  describe("a MongoDB server", () => {
    it.each<[string, Clause[]]>([
      ["by a key", [key]],
      ["by a prefix in two slots", [{ kind: "key", slots: [101, 102], any: [{ prefix: "~y" }] }]],
      ["by a range", [{ kind: "range", slots: [111], any: [{ highGe: 30 }] }]],
      ["by id", [{ kind: "id", any: ["p1"] }]],
      ["by nothing", []],
    ])("answers a search %s from an index", async (_, clauses) => {
      const database = `plans${Date.now()}`;
      const store = await openMongo({ name: "plans", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), url, database });
      const client = new MongoClient(url);
      try {
        const plan = await client
          .db(database)
          .collection("resource")
          .find(filterOf("Patient", clauses))
          .sort({ seq: 1 })
          .explain("queryPlanner");
        const isStandIn = plan.serverInfo?.host === "secantus";
        expect(isStandIn || !JSON.stringify(plan).includes("COLLSCAN")).toBe(true);
      } finally {
        await client.db(database).dropDatabase();
        await client.close();
        await store.close();
      }
    });
  });
}
