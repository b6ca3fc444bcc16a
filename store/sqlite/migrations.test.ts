/** Files that an earlier version of this code has written. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { indexOf, named } from "../../test/kit/resources.ts";
import { sqliteKit, temporaryFolder } from "../../test/kit/stores.ts";
import { APPLICATION_ID, migrations, SCHEMA_VERSION } from "./schema.ts";
import { openSqlite } from "./sqlite-store.ts";

const versions = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);

describe.each(versions)("a file of version %i", (version) => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => sqliteKit.clear(folder));

  it("is migrated with all its data, and found by search", async () => {
    const file = join(folder, "store.sqlite");
    const old = new DatabaseSync(file);
    for (const migration of migrations.slice(0, version)) old.exec(migration);
    const json = JSON.stringify({ resourceType: "Patient", id: "ann", meta: { versionId: "1" }, name: "ann" });
    old.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version};
      INSERT INTO type VALUES (1, 'Patient', 1); INSERT INTO meta VALUES ('index version', 'older');`);
    old.prepare("INSERT INTO resource (seq, type, id, version, updated, method, json) VALUES (1, 1, 'ann', 1, 0, 1, ?)").run(json);
    old.close();

    const store = await openSqlite({ name: "test", indexVersion: "1", reindex: () => indexOf({ name: "ann" }), file });
    expect(await store.read("Patient", "ann")).toMatchObject({ version: 1, json });
    expect((await store.search({ type: "Patient", clauses: [named("ann")], sort: [], limit: 10, want: "ids" })).rows).toMatchObject([
      { id: "ann" },
    ]);
    await store.close();
    const after = new DatabaseSync(file);
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: SCHEMA_VERSION });
    after.close();
  });
});
