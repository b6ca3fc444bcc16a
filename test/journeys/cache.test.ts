import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type Server, startRedis } from "../../scripts/servers.mjs";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** What never changes may be remembered for all nodes; without Redis it is read again. */
describe("versions cached in Redis", () => {
  const dir = mkdtempSync(join(tmpdir(), "openward-cache-"));
  let redis: Server;
  let mesh: Mesh;
  beforeAll(async () => {
    redis = await startRedis({ dir });
    mesh = await startMesh({ services: ["api", "patients"], nats: false, split: "broker", env: { REDIS_URL: redis.url } });
  });
  afterAll(async () => {
    await mesh?.stop();
    await redis?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("are read from there, are never returned for newer ones, and are read from the store if Redis is gone", async () => {
    const fhir = fhirAt(mesh.base);
    const { body } = await fhir.create({ resourceType: "Patient", gender: "female" });
    const version = (number: number) => fhir.get(`/Patient/${body.id}/_history/${number}`);
    expect((await version(2)).status).toBe(404); // that there is none is not remembered
    expect((await version(1)).body.gender).toBe("female");
    const client = new Redis(redis.url);
    const keys = await client.keys("*readVersion*");
    client.disconnect();
    expect(keys).toHaveLength(1);
    await fhir.send("PUT", `/Patient/${body.id}`, { ...body, gender: "other" });
    expect((await version(1)).body.gender).toBe("female");
    expect((await version(2)).body.gender).toBe("other");
    expect((await fhir.get(`/Patient/${body.id}`)).body.gender).toBe("other");
    await redis.kill();
    expect((await version(1)).body.gender).toBe("female");
    expect((await version(2)).body.gender).toBe("other");
    expect((await fhir.create({ resourceType: "Patient" })).status).toBe(201);
  });
});
