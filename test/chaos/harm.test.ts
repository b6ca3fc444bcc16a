/**
 * Eight clients at work on a mesh with two replicas of an owner, or of the coordinator, while nodes are killed, suspended, replaced: what is idempotent does not fail, what
 * was confirmed is there, nothing is done twice, and no pause is long. `npm run chaos` does it for longer, to more of the mesh.
 */
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { runningMs } from "../kit/running-time.ts";
import { clientsOf, judge, newJournal } from "./hospital-clients.ts";
import { type Harm, HARMS } from "./harms.ts";

const { kill, hang, vanish, replace, pause } = HARMS;
const MESHES: { services: string[]; replicas: Record<string, number>; cases: (Harm & { harmed: string; times: number })[] }[] = [
  {
    services: ["api", "transactions", "patients"],
    replicas: { patients: 2 },
    cases: [
      { ...kill, harmed: "patients", times: 3 },
      { ...hang, harmed: "patients", times: 1 },
      { ...vanish, harmed: "patients", times: 1 },
      { ...replace, harmed: "patients", times: 2 },
    ],
  },
  {
    services: ["api", "transactions", "patients", "records", "lab"],
    replicas: { transactions: 2, lab: 2 },
    cases: [
      { ...pause, harmed: "lab", times: 1 },
      { ...pause, harmed: "transactions", times: 1 },
      { ...kill, harmed: "transactions", times: 3 },
      { ...vanish, harmed: "transactions", times: 1 },
    ],
  },
];

describe.each(MESHES)("a mesh of $services", ({ services, replicas, cases }) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services, replicas });
  });
  afterAll(() => mesh?.stop());

  it.each(cases)(
    "in which $name, of $harmed, fails no idempotent request, loses nothing, does nothing twice, and pauses only shortly",
    async ({ harm, harmed, times, longestMs }) => {
      const journal = newJournal(runningMs);
      let isOver = false;
      const clients = clientsOf(mesh, { count: 8, withBundles: services.includes("lab") }, journal, () => isOver);
      for (let round = 0; round < times; round += 1) await harm(mesh, harmed);
      isOver = true;
      await Promise.all(clients);

      expect([journal.failed, journal.wrong, journal.refusedBundles]).toEqual([[], [], 0]);
      expect(journal.requests).toBeGreaterThan(50);
      expect(await judge(fhirAt(mesh.base), journal)).toEqual({ lost: [], doubled: [], half: [] });
      expect(journal.longestMs).toBeLessThan(longestMs);
    },
  );
});
