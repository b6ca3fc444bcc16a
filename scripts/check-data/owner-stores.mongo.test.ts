/** `npm run check-data` changes no database of another time zone: the nodes that use it would have to rebuild its search values. */
import { useTimeZone } from "../../fhir/time-zone.ts";
import { readConfig } from "../../mesh/config.ts";
import { fhirStore } from "../../mixins/fhir/fhir-store.ts";
import { openStore } from "../../store/open-store.ts";
import { mongoKit } from "../../test/kit/stores.ts";
import { closeAll, openSources } from "./owner-stores.ts";

const PREFIX = `zones${process.pid}`;

beforeAll(() => mongoKit.start());
afterAll(async () => {
  useTimeZone("UTC"); // of the whole process
  await mongoKit.clear(`/${PREFIX}_patients`);
  await mongoKit.stop();
});

it("a database of another time zone is not opened, and stays as it is; services without data have none afterwards", async () => {
  const url = new URL(mongoKit.url());
  url.pathname = `/${PREFIX}`;
  const configOf = (more: Record<string, string>) =>
    readConfig({ MONGO_URL: url.href, SERVICES: "patients,wards", ACCESS: "open", ...more });
  useTimeZone("Africa/Algiers");
  await (await openStore(configOf({}), { ...fhirStore, indexVersion: fhirStore.indexVersion(), name: "patients" })).close();
  const refused = { name: "StartupError", message: expect.stringContaining("_patients is for the time zone Africa/Algiers: set HOSPITAL") };
  for (const _ of [1, 2]) await expect(openSources(configOf({}))).rejects.toMatchObject(refused);
  const sources = await openSources(configOf({ HOSPITAL_TIME_ZONE: "Africa/Algiers" }));
  expect(sources.map(({ service }) => service)).toEqual(["patients"]);
  await closeAll(sources);
});
