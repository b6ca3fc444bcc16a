/** `_content` and `_text` on both stores: what is found, and that MongoDB's expression finds what SQLite's index does. */
import fc from "fast-check";
import { MongoClient } from "mongodb";
import type { Clause } from "../fhir/search/query.ts";
import { textContentOf } from "../fhir/search/text-content.ts";
import { parseTextQuery } from "../fhir/search/text-query.ts";
import { nothing } from "../test/kit/resources.ts";
import { mongoKit, sqliteKit, temporaryFolder } from "../test/kit/stores.ts";
import { wordsFields, wordsFilter, wordsSearch } from "./mongo/word-fields.ts";
import type { Store } from "./store.ts";
import type { Write } from "./writes.ts";

type TextClause = Extract<Clause, { kind: "text" }>;

const text = (json: string) => textContentOf(JSON.parse(json));
const storing = (id: string, members: object): Write => {
  return { op: "create", type: "Condition", id, body: { meta: "", rest: `,${JSON.stringify(members).slice(1)}` }, index: nothing };
};
const condition = (id: string, note: string, narrative: string): Write =>
  storing(id, { note: [{ text: note }], text: { status: "generated", div: `<div>${narrative}</div>` } });
const asked = (query: string, where: TextClause["in"] = "content"): TextClause => ({
  kind: "text",
  in: where,
  any: parseTextQuery(query, "_content"),
});
const isQuestion = (query: string): boolean => {
  try {
    return asked(query).kind === "text";
  } catch {
    return false; // nothing to look for
  }
};
const found = async (store: Store, ...clauses: Clause[]): Promise<string[]> => {
  const { rows } = await store.search({ type: "Condition", clauses, sort: [], limit: 100, want: "ids" });
  return rows.map(({ id }) => id);
};

const notes = [
  condition("kidney", "Chronic kidney disease, stage 3.", "kidney"),
  condition("asthma", "Asthma since childhood", "mild asthma"),
  condition("both", "Asthma; and a disease of the kidney", "nothing else"),
  condition("adan", "Sr. Adán dice: dolor", "x-ray of the chest"),
];
const questions: [string, TextClause, string[]][] = [
  ["a word, of any case", asked("ASTHMA"), ["asthma", "both"]],
  ["a word without its accent", asked("adan"), ["adan"]],
  ["several words, all of them", asked("asthma disease"), ["both"]],
  ["either of two", asked("childhood OR dolor"), ["asthma", "adan"]],
  ["a phrase", asked('"kidney disease"'), ["kidney"]],
  ["a phrase or a word", asked('"kidney disease" OR childhood'), ["kidney", "asthma"]],
  ["a word with a hyphen", asked("x-ray", "text"), ["adan"]],
  ["no part of a word", asked("kid"), []],
  ["the narrative alone", asked("asthma", "text"), ["asthma"]],
  ["one of two with a third", asked("(kidney OR childhood) and asthma"), ["asthma", "both"]],
  ["one without another", asked("asthma NOT kidney"), ["asthma"]],
  ["what has none of several", asked("disease or asthma and not (kidney or gout)"), ["kidney", "asthma", "both"]],
  ["a command of the index as the word that it is", asked('"kidney" NOT NEAR(asthma*)'), ["both"]],
];

describe("full text in SQLite", () => {
  let folder: string;
  let store: Store;
  beforeAll(async () => {
    folder = await temporaryFolder();
    store = await sqliteKit.open(folder, { text });
    await store.write(notes);
  });
  afterAll(async () => {
    await store.close();
    await sqliteKit.clear(folder);
  });

  it.each(questions)("finds %s", async (_, clause, ids) => {
    expect(await found(store, clause)).toEqual(ids);
  });

  it("finds and counts as many texts at once as a request may name", async () => {
    const many = Array.from({ length: 100 }, () => asked("asthma"));
    const ids = await found(store, asked("asthma"));
    expect([await found(store, ...many), await store.count("Condition", many)]).toEqual([ids, ids.length]);
  });
});

describe("full text in MongoDB", () => {
  let folder: string;
  let store: Store;
  const hasWords = process.env.MONGO_URL !== undefined;
  beforeAll(async () => {
    await mongoKit.start();
    folder = await temporaryFolder();
    store = await mongoKit.open(folder, { text });
    await store.write(notes);
  });
  afterAll(async () => {
    await store.close();
    await mongoKit.clear(folder);
    await mongoKit.stop();
  });

  it.each(questions)("finds %s, or says that the server has no full text", async (_, clause, ids) => {
    if (hasWords) expect(await found(store, clause)).toEqual(ids);
    else await expect(found(store, clause)).rejects.toMatchObject({ type: "NOT_SUPPORTED" });
  });

  it("finds two texts at once, and one among alternatives, or reports that the server does not support it", async () => {
    const two = [asked("asthma"), asked("nothing", "text")];
    const among: Clause = { kind: "any", of: [[asked("dolor")], [{ kind: "id", any: ["kidney"] }]] };
    if (hasWords) {
      expect(await found(store, ...two)).toEqual(["both"]);
      expect(await found(store, among)).toEqual(["kidney", "adan"]);
    } else {
      await expect(found(store, among)).rejects.toMatchObject({ type: "NOT_SUPPORTED" });
      await expect(store.count("Condition", two)).rejects.toMatchObject({ type: "NOT_SUPPORTED" });
      await expect(store.joinKeysAmong({ type: "Condition", clauses: two, slots: [1], among: ["Patient/1"] })).rejects.toMatchObject({
        type: "NOT_SUPPORTED",
      });
    }
  });

  // The part that decides needs no text index: it is held against SQLite's on any server.
  it("gives the same matches as SQLite, and uses the index for them", async () => {
    const word = fc.constantFrom("asthma", "Gicht", "kidney", "disease", "adán", "x-ray", "3", "OR", "—", "a.b");
    const prose = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "));
    const phrase = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `"${words.join(" ")}"`);
    const term = fc.oneof(word, phrase, fc.constantFrom("NOT", "(", ")"));
    const question = fc
      .array(term, { minLength: 1, maxLength: 6 })
      .map((terms) => terms.join(" "))
      .filter(isQuestion);
    const where = fc.constantFrom<TextClause["in"]>("content", "text");
    const client = await new MongoClient(mongoKit.url()).connect();
    const collection = client.db("words").collection<{ _id: string } & ReturnType<typeof wordsFields>>("words");
    const decides = async (rows: [string, string][], clause: TextClause): Promise<void> => {
      const place = await temporaryFolder();
      const sqlite = await sqliteKit.open(place, { text: (json) => JSON.parse(json).words });
      try {
        await collection.deleteMany({});
        for (const [i, words] of rows.entries()) {
          await sqlite.write([storing(`c${i}`, { words })]);
          await collection.insertOne({ _id: `c${i}`, ...wordsFields(words) });
        }
        const matches = await collection.find(wordsFilter(clause)).sort({ _id: 1 }).toArray();
        expect(matches.map(({ _id }) => _id)).toEqual(await found(sqlite, clause));
        const searched = wordsSearch(clause).$text.$search.split(" ");
        for (const { words } of matches) expect(words?.content.split(" ").some((one) => searched.includes(one))).toBe(true);
      } finally {
        await sqlite.close();
        await sqliteKit.clear(place);
      }
    };
    try {
      const rows = fc.array(fc.tuple(prose, prose), { maxLength: 8 }).map((all) => all.map(([a, b]): [string, string] => [`${a} ${b}`, b]));
      await fc.assert(
        fc.asyncProperty(rows, question, where, (stored, query, at) => decides(stored, asked(query, at))),
        { numRuns: 60 },
      );
    } finally {
      await client.db("words").dropDatabase();
      await client.close();
    }
  });
});
