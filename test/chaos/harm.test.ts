/**
 * Eight clients at work on a mesh with two replicas of an owner, or of the coordinator, while nodes are killed, suspended, replaced: what is idempotent does not fail, what
 * was confirmed is there, nothing is done twice, and no pause is long. `npm run chaos` does it for longer, to more of the mesh.
 */
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { clientsOf, judge, newJournal } from "./hospital-clients.ts";
import { HARMS } from "./harms.ts";

const PATIENTS = { services: ["api", "transactions", "patients"], harmed: "patients" };
const CASES = [
  { ...HARMS.kill, ...PATIENTS, times: 3 },
  { ...HARMS.hang, ...PATIENTS, times: 1 },
  { ...HARMS.vanish, ...PATIENTS, times: 1 },
  { ...HARMS.replace, ...PATIENTS, times: 2 },
  { ...HARMS.kill, services: ["api", "transactions", "patients", "records", "lab"], harmed: "transactions", times: 3 },
  { ...HARMS.vanish, services: ["api", "transactions", "patients", "records", "lab"], harmed: "transactions", times: 1 },
  { ...HARMS.pause, services: ["api", "transactions", "patients", "records", "lab"], harmed: "lab", times: 1 },
  { ...HARMS.pause, services: ["api", "transactions", "patients", "records", "lab"], harmed: "transactions", times: 1 },
];

describe.each(CASES)("a mesh in which $name, of $harmed", ({ harm, services, harmed, times, longestMs }) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services, replicas: { [harmed]: 2 } });
  }, 60_000);
  afterAll(() => mesh?.stop(), 60_000);

  it("fails no idempotent request, loses nothing, does nothing twice, and pauses only shortly", async () => {
    const journal = newJournal();
    let isOver = false;
    const clients = clientsOf(mesh, { count: 8, withBundles: services.includes("lab") }, journal, () => isOver);
    for (let round = 0; round < times; round += 1) await harm(mesh, harmed);
    isOver = true;
    await Promise.all(clients);

    expect([journal.failed, journal.wrong, journal.refusedBundles]).toEqual([[], [], 0]);
    expect(journal.requests).toBeGreaterThan(50);
    expect(await judge(fhirAt(mesh.base), journal)).toEqual({ lost: [], doubled: [], half: [] });
    expect(journal.longestMs).toBeLessThan(longestMs);
  }, 90_000);
});
