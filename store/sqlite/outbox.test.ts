/** What waits in the outbox of a SQLite file. */
import { join } from "node:path";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { Database } from "./database.ts";
import { waitingEvents } from "./outbox.ts";
import { migrations } from "./schema.ts";

describe("the outbox of a SQLite file", () => {
  let folder: string;
  let db: Database;
  beforeEach(async () => {
    folder = await temporaryFolder();
    db = new Database(join(folder, "store.sqlite"));
    for (const migration of migrations) db.exec(migration);
  });
  afterEach(async () => {
    db.close();
    await sqliteKit.clear(folder);
  });

  it.each([[[]], [["ann", "bea"]]])("finds what waits in one queue without passing over another's (except %j)", (except) => {
    const statements: string[] = [];
    db.onStatement = (text) => statements.push(text);
    expect(waitingEvents(db, "out", 10, except)).toEqual([]);
    const [plan] = statements.flatMap((text) => db.explain(text).filter((line) => line.includes("outbox")));
    expect(plan).toBe("SEARCH outbox USING INDEX outbox_queue (queue=?)");
    expect(statements.flatMap((text) => db.explain(text)).join()).not.toContain("TEMP B-TREE FOR ORDER BY");
  });
});
