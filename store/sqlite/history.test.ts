/** How a history is found in a SQLite file. */
import { join } from "node:path";
import { update } from "../../test/kit/resources.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { Database } from "./database.ts";
import { readHistory } from "./history.ts";
import { openSqlite } from "./sqlite-store.ts";
import { Types } from "./types.ts";

describe("the history of one resource", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => sqliteKit.clear(folder));

  it("is continued after a position by the index alone, however many versions precede it", async () => {
    const file = join(folder, "store.sqlite");
    const store = await openSqlite({ name: "test", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), file });
    for (let n = 0; n < 5; n++) await store.write([update("many")]);
    const [, place] = (await store.history({ type: "Patient", id: "many", limit: 5 })).versions;
    await store.close();

    const db = new Database(file);
    const types = new Types(db);
    const plans: string[] = [];
    db.onStatement = (text) => plans.push(...(/FROM history h\b/.test(text) ? db.explain(text) : []));
    const query = { type: "Patient", id: "many", limit: 1, ...(place && { before: place }) };
    const { versions } = await readHistory(db, types, query, async (piece) => piece());
    expect(versions).toMatchObject([{ version: 3 }]);
    expect(plans).toEqual(["SEARCH h USING INDEX history_version (seq=? AND version<?)"]);
    db.close();
  });
});
