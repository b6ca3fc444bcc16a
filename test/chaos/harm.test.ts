/**
 * Eight clients at work on a mesh with two replicas of an owner while nodes are killed, suspended, replaced: what is idempotent does not fail, what
 * was confirmed is there, nothing is done twice, and no pause is long. `npm run chaos` does it for longer, to more of the mesh.
 */
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { clientsOf, judge, newJournal } from "./clients.ts";
import { type Harm, HARMS } from "./harms.ts";

const CASES: [harm: Harm, times: number][] = [
  [HARMS.kill, 4],
  [HARMS.hang, 1],
  [HARMS.replace, 2],
];

describe.each(CASES.map(([harm, times]) => ({ ...harm, times })))("a mesh in which $name", ({ harm, times, longestMs }) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "patients"], replicas: { patients: 2 } });
  }, 60_000);
  afterAll(() => mesh?.stop(), 60_000);

  it("fails nothing that is idempotent, loses nothing, does nothing twice, and pauses shortly", async () => {
    const journal = newJournal();
    let isOver = false;
    const clients = clientsOf(mesh, { count: 8 }, journal, () => isOver);
    for (let round = 0; round < times; round += 1) await harm(mesh, "patients");
    isOver = true;
    await Promise.all(clients);

    expect([journal.failed, journal.wrong]).toEqual([[], []]);
    expect(journal.requests).toBeGreaterThan(50);
    expect(await judge(fhirAt(mesh.base), journal)).toEqual({ lost: [], doubled: [], half: [] });
    expect(journal.longestMs).toBeLessThan(longestMs);
  }, 90_000);
});
