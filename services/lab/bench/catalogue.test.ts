import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CatalogueTest } from "../bench.contract.ts";
import { orderedIn, readCatalogue, testsOf } from "./catalogue.ts";

const catalogue = readCatalogue(undefined);
const [haemoglobin] = testsOf(catalogue, "718-7") as [CatalogueTest];

describe("the catalogue", () => {
  it("has each test of each panel, with a unit and a range, and whole limits", () => {
    for (const { code, tests } of catalogue.panels) expect([code, testsOf(catalogue, code).length]).toEqual([code, tests.length]);
    for (const { ranges, critical, unit } of catalogue.tests) {
      expect(unit).not.toBe("");
      for (const { low = 0, high = Number.POSITIVE_INFINITY } of ranges) {
        expect(low).toBeLessThan(high);
        expect(critical?.low ?? 0).toBeLessThanOrEqual(low);
        expect(critical?.high ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(high);
      }
    }
  });

  it("names the station of each test, in each language", () => {
    const { tests, stations = [] } = catalogue;
    expect(new Set(tests.map(({ station }) => station))).toEqual(new Set(stations.map(({ code }) => code)));
    for (const { designation = [] } of stations) expect(designation.map(({ language }) => language)).toEqual(["fr", "ar"]);
  });

  it("can be replaced by a table of the laboratory, unless that is faulty", () => {
    const folder = mkdtempSync(join(tmpdir(), "openward-lab-"));
    const read = (table: object) => {
      writeFileSync(join(folder, "own.json"), JSON.stringify(table));
      return readCatalogue(join(folder, "own.json"));
    };
    const own = { system: "urn:own", says: "ours", tests: [haemoglobin], panels: [], stations: [{ code: "HM", display: "Haematology" }] };
    expect(read(own)).toEqual(own);
    const { station: _, ...anywhere } = haemoglobin;
    const withoutStations = { system: own.system, says: own.says, tests: [anywhere], panels: [] };
    expect(read(withoutStations)).toEqual(withoutStations);
    expect(() => read({ ...own, stations: [] })).toThrow(/718-7 is done at HM, which is none/);
    expect(() => read({ ...own, panels: [{ code: "p", display: "P", tests: ["none"] }] })).toThrow(/panel p names none/);
    expect(() => read({ ...own, tests: [{ code: "1" }] })).toThrow(/LAB_CATALOGUE_FILE cannot be used: a test has a form like/);
    expect(() => read({})).toThrow(/"system"/);
    rmSync(folder, { recursive: true });
  });
});

describe("an order that another system has coded", () => {
  const [own, panel, test] = [
    { system: "urn:their:tests", code: "718-7", display: "Hb" },
    { system: catalogue.system, code: "58410-2" },
    { system: catalogue.system, code: "718-7" },
  ];

  it.each([
    ["the catalogue's test behind their own code", [own, test], test],
    ["the catalogue's panel", [panel], panel],
    ["their own code, if the catalogue has none of them", [own, { system: catalogue.system, code: "1-8" }], own],
  ])("is for %s", (_, coding, meant) => {
    expect(orderedIn(catalogue, { coding })).toEqual(meant);
  });

  it("in words only is for no test", () => {
    expect([orderedIn(catalogue, { text: "blood" }), orderedIn(catalogue, undefined)]).toEqual([undefined, undefined]);
  });
});
