/** The whole register is looked through for duplicates, and the search goes on where it stood. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frameOf } from "../../../fhir/frame.ts";
import { indexOf } from "../../../fhir/search/extract.ts";
import type { Patient } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { people } from "../../../scripts/simulate/synthetic-people.ts";
import { openSqlite } from "../../../store/sqlite/sqlite-store.ts";
import type { Store } from "../../../store/store.ts";
import { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { FoundDuplicates, pageOfDuplicates } from "./duplicates.ts";
import { DuplicatesPass } from "./duplicates-pass.ts";
import { distinctFrom } from "./distinct.model.ts";
import { MATCH_WEIGHTS } from "./grade.ts";

describe("a register of seventy records", () => {
  const folder = mkdtempSync(join(tmpdir(), "openward-duplicates-"));
  const options = { table: new IdentifierTable(), weights: MATCH_WEIGHTS };
  let store: Store;
  let found: FoundDuplicates;
  const later = () => Date.now() + 60_000;
  const passOf = (holder: string) => new DuplicatesPass({ store, holder, share: 1, ...options });
  const write = (...patients: Patient[]) =>
    store.write(
      patients.map((patient) => {
        const resource = patient as unknown as Resource;
        return {
          op: "update" as const,
          upsert: true,
          type: "Patient",
          id: patient.id ?? "",
          body: frameOf(resource as never),
          index: indexOf(resource),
        };
      }),
    );
  const twin = (id: string): Patient & { id: string } => ({
    resourceType: "Patient",
    id,
    gender: "female",
    birthDate: "1951-03-08",
    name: [{ family: "Abdelmalek", given: ["Zohra"] }],
    telecom: [{ system: "phone", value: "0550123456" }],
  });
  const page = async (after?: string, limit = 50) => (await pageOfDuplicates(found, [], { after, limit })).map((one) => one.patients);
  const through = async (pass: DuplicatesPass) => {
    while ((await pass.step(later())) === "more");
  };

  beforeAll(async () => {
    const file = join(folder, "patients.sqlite");
    store = await openSqlite({ name: "patients", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), file });
    found = new FoundDuplicates(store, options);
    await write(twin("a"), ...[...people(68, 7)], twin("b"));
  });
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it("is searched for duplicates by one node, record by record, and by the next one if that stops", async () => {
    const first = passOf("one");
    expect(await first.step(later())).toBe("more");
    expect(await passOf("two").step(later())).toBe("elsewhere");
    const { looked } = await passOf("two").progress();
    expect(looked).toBe(10);
    await through(passOf("one"));
    expect((await first.progress()).looked).toBe(70);
    expect(await page()).toEqual([["Patient/a", "Patient/b"]]);
  });

  it("lists duplicates in pages, without those that no longer are", async () => {
    await write(twin("c"));
    await through(passOf("one"));
    const [first] = await pageOfDuplicates(found, [], { limit: 1 });
    expect(first?.patients).toEqual(["Patient/a", "Patient/b"]);
    expect(await page(first?.place)).toEqual([
      ["Patient/a", "Patient/c"],
      ["Patient/b", "Patient/c"],
    ]);
    await write(distinctFrom(twin("c"), "Patient/a", "her cousin"));
    expect(await page()).toEqual([
      ["Patient/a", "Patient/b"],
      ["Patient/b", "Patient/c"],
    ]);
    await write({ ...twin("b"), active: false });
    await through(passOf("one"));
    expect(await found.places()).toEqual([]);
  });

  it("is searched beyond a record that cannot be read", async () => {
    const broken = {
      ...options,
      table: {
        normalized: () => {
          throw new Error("not to be compared");
        },
      } as unknown as IdentifierTable,
    };
    const pass = new DuplicatesPass({ store, holder: "one", share: 1, ...broken });
    await write({ ...twin("e"), identifier: [{ system: "urn:mrn", value: "1" }] });
    const { looked } = await pass.progress();
    await expect(pass.step(later())).rejects.toThrow("not to be compared");
    expect((await pass.progress()).looked).toBe(looked);
    await pass.step(later());
    expect((await pass.progress()).looked).toBe(looked + 1);
  });

  it("leaves a record that was changed a moment ago for later", async () => {
    const before = await passOf("one").progress();
    await write(twin("d"));
    expect(await passOf("one").step(Date.now())).toBe("end");
    expect(await passOf("one").progress()).toEqual(before);
  });
});
