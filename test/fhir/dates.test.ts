import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const readings: [reading: string, env: Record<string, string>][] = [
  ["r4", {}],
  ["overlap", { DATE_SEARCH: "overlap" }],
];

/** Periods that only overlap the date of a search: by R4's letter, and by the other reading (docs/adr/0014-dates-that-overlap.md). */
describe.each(readings)("stays around a day, read as %s", (reading, env) => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  const DAY = "2026-03-10";
  const stays: Record<string, [start: string, end?: string]> = {
    before: ["2026-03-01", "2026-03-09"],
    "ends on it": ["2026-03-08", "2026-03-10T10:00:00Z"],
    "within it": ["2026-03-10T08:00:00Z", "2026-03-10T12:00:00Z"],
    around: ["2026-03-01", "2026-03-20"],
    "begins on it": ["2026-03-10T15:00:00Z", "2026-03-12"],
    "begins on it, goes on": ["2026-03-10T15:00:00Z"],
    behind: ["2026-03-11", "2026-03-12"],
  };
  const name: Record<string, string> = {};
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "visits", "hospitalizations"],
      nats: false,
      split: "broker",
      env,
    });
    fhir = fhirAt(mesh.base);
    for (const [key, [start, end]] of Object.entries(stays)) {
      const period = { start, ...(end && { end }) };
      const { body } = await fhir.create({ resourceType: "Encounter", status: "in-progress", class: { code: "IMP" }, period });
      name[body.id] = key;
    }
  });
  afterAll(() => mesh.stop());

  const found = async (query: string) => {
    const { body } = await fhir.get(`/Encounter?${query}`);
    return ((body.entry ?? []) as { resource: { id: string } }[]).map(({ resource }) => name[resource.id]).sort();
  };
  const all = Object.keys(stays).sort();
  const without = (...some: string[]) => all.filter((it) => !some.includes(it));
  const overlapping = without("before", "behind");

  it("are found by le and ge by that definition", async () => {
    const isLetter = reading === "r4";
    expect(await found(`date=le${DAY}`)).toEqual(without("behind", ...(isLetter ? ["begins on it", "begins on it, goes on"] : [])));
    expect(await found(`date=ge${DAY}`)).toEqual(without("before", ...(isLetter ? ["ends on it"] : [])));
    expect(await found(`date=ge${DAY}&date=le${DAY}`)).toEqual(isLetter ? ["around", "within it"] : overlapping);
  });

  it("are found by all other prefixes as before, and by the days around it", async () => {
    expect(await found(`date=${DAY}`)).toEqual(["within it"]);
    expect(await found(`date=gt${DAY}`)).toEqual(["around", "begins on it", "begins on it, goes on", "behind"]);
    expect(await found(`date=lt${DAY}`)).toEqual(["around", "before", "ends on it"]);
    expect(await found("date=gt2026-03-09&date=lt2026-03-11")).toEqual(overlapping);
  });
});
