/** What is random, concurrent and cut short leaves nothing behind that cannot be; 10,000 of these, and on MongoDB: `npm run chaos -- --sequences 10000`. */
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { HARMS } from "./harms.ts";
import { carryOut, judgeStored, SERVICES, settled } from "./sequences.ts";

describe("random sequences of actions and FHIR by six clients, over NATS", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: SERVICES, replicas: { pharmacy: 2, hospitalizations: 2 } });
  });
  afterAll(() => mesh?.stop());

  it("keep every invariant while owners are killed", async () => {
    const work = carryOut(mesh, { count: 70, length: 12, seed: 20_261_128, clients: 6 });
    for (const service of ["pharmacy", "hospitalizations"]) await HARMS.kill.harm(mesh, service);
    const outcomes = await work;
    await settled(mesh);
    expect((await judgeStored(mesh)).findings).toEqual([]);
    // They met each other, and some got through.
    const all = Object.values(outcomes);
    expect(all.filter(({ done }) => done > 0).length).toBeGreaterThan(20);
    expect(all.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(50);
  });
});
