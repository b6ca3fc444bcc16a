/** Opens the stores of a system's services for reading, beside running nodes or without any. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { otherZoneOf } from "../../fhir/search/parameters.ts";
import { useTimeZone } from "../../fhir/time-zone.ts";
import type { Ownership } from "../../federation/owner-contract.ts";
import type { Config } from "../../mesh/config.ts";
import { type FhirOptions, fhirOptionsOf } from "../../mixins/fhir/fhir.ts";
import { fhirStore } from "../../mixins/fhir/fhir-store.ts";
import { loadServices } from "../../services/systems.ts";
import { databaseName, openStore } from "../../store/open-store.ts";
import { indexVersionIn } from "../../store/sqlite/open.ts";
import type { Store } from "../../store/store.ts";
import { StartupError } from "../start/startup-error.ts";

/** One owner: its options of the Fhir mixin, and its store. */
export interface OwnerSource {
  service: string;
  options: FhirOptions;
  /** The types that it owns, wholly or in part. */
  owns: ReadonlySet<string>;
  store: Store;
}

/** All owners that have stored something. @throws StartupError if there are none, or if another version has written them */
export async function openSources(config: Config): Promise<OwnerSource[]> {
  useTimeZone(config.hospitalTimeZone); // what is stored beside dates depends on it, and the version of the stores names it
  const sources: OwnerSource[] = [];
  try {
    for (const schema of await loadServices(config)) {
      const options = fhirOptionsOf(schema);
      if (!options || !(await isThere(config, schema.name))) continue;
      const store = await openStore(config, { ...fhirStore, indexVersion: fhirStore.indexVersion(), name: schema.name });
      sources.push({ service: schema.name, options, owns: typesOf(options.owns), store });
    }
  } catch (error) {
    await closeAll(sources);
    throw error;
  }
  if (sources.length > 0) return sources;
  throw new StartupError(`There are no stores in ${config.dataDir}: set DATA_DIR to the folder of the data, or MONGO_URL.`);
}

/** Closes the stores that `openSources` has opened. */
export const closeAll = async (sources: OwnerSource[]): Promise<void> => {
  await Promise.all(sources.map(({ store }) => store.close()));
};

const typesOf = (owns: (string | Ownership)[]) => new Set(owns.map((own) => (typeof own === "string" ? own : own.type)));

/** Whether the store exists. Opening one of another version would change it. */
async function isThere({ mongoUrl, dataDir, serversCaFile }: Config, service: string): Promise<boolean> {
  const place = mongoUrl ? databaseName(mongoUrl, service) : join(dataDir, `${service}.sqlite`);
  if (!mongoUrl && !existsSync(place)) return false;
  const written = mongoUrl ? await inMongo(mongoUrl, place, serversCaFile) : indexVersionIn(place);
  if (mongoUrl && written === undefined) return false;
  if (written === fhirStore.indexVersion()) return true;
  const zone = written === undefined ? undefined : otherZoneOf(written);
  const here = `${place} was written by another version of OpenWard: start this one once, then check.`;
  throw new StartupError(
    zone === undefined ? here : `${place} is for the time zone ${zone}: set HOSPITAL_TIME_ZONE=${zone}, as for the system.`,
  );
}

async function inMongo(url: string, database: string, caFile: string | undefined): Promise<string | undefined> {
  const { indexVersionInMongo } = await import("../../store/mongo/stored-index-version.ts"); // the driver costs 13 MB
  return indexVersionInMongo(url, database, caFile);
}
