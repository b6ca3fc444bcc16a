/** `npm run check-data` reads the stores of a system as that system reads them, or says what is set otherwise. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useTimeZone } from "../../fhir/time-zone.ts";
import { readConfig } from "../../mesh/config.ts";
import { fhirStore } from "../../mixins/fhir/fhir-store.ts";
import { openStore } from "../../store/open-store.ts";
import { closeAll, openSources } from "./owner-stores.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "openward-owner-stores-"));
});
afterEach(() => {
  useTimeZone("UTC"); // of the whole process
  rmSync(dataDir, { recursive: true });
});

const configOf = (more: Record<string, string>) => readConfig({ DATA_DIR: dataDir, SERVICES: "patients", ACCESS: "open", ...more });
const stored = async (indexVersion: string) => (await openStore(configOf({}), { ...fhirStore, indexVersion, name: "patients" })).close();

it("a store of another time zone is not opened; the refusal names that zone", async () => {
  useTimeZone("Africa/Algiers");
  await stored(fhirStore.indexVersion());
  await expect(openSources(configOf({}))).rejects.toMatchObject({
    name: "StartupError",
    message: `${join(dataDir, "patients.sqlite")} is for the time zone Africa/Algiers: set HOSPITAL_TIME_ZONE=Africa/Algiers, as for the system.`,
  });
  const sources = await openSources(configOf({ HOSPITAL_TIME_ZONE: "Africa/Algiers" }));
  expect(sources.map(({ service }) => service)).toEqual(["patients"]);
  await closeAll(sources);
});

it("a store of another version is not opened", async () => {
  await stored("another");
  await expect(openSources(configOf({}))).rejects.toThrow(
    "patients.sqlite was written by another version of OpenWard: start this one once",
  );
});
