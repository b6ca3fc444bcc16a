import { isDeepStrictEqual } from "node:util";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { syntheaBundles } from "../kit/synthea.ts";

const OWNERS = ["patients", "personnel", "visits", "hospitalizations", "lab", "pharmacy", "records", "billing"];
const HOSPITALS = [
  ["60 patients' records in one process", { nats: false, split: "broker" }, 1],
  // Over NATS each third: it is the same work, and takes its time.
  ["20 patients' records in a process for each service, over NATS", { nats: true, split: "process" }, 3],
] as const;

type Stored = Record<string, unknown> & { meta: Record<string, unknown>; id: string; resourceType: string };

/** A resource without what the server has given it. */
function asSent({ id: _, meta: { versionId: _1, lastUpdated: _2, ...meta }, ...rest }: Stored): object {
  return { ...rest, ...(Object.keys(meta).length > 0 && { meta }) };
}

describe.each(HOSPITALS)("%s", (_, house, each) => {
  const bundles = syntheaBundles().filter((_bundle, index) => index % each === 0);
  const count = bundles.reduce((sum, { resources }) => sum + resources.length, 0);
  let mesh: Mesh;
  /** By bundle and fullUrl (practitioners recur under the same one): where each resource is now. */
  const places = new Map<string, Map<string, string>>(bundles.map(({ name }) => [name, new Map()]));
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", ...OWNERS], ...house });
  });
  afterAll(() => mesh?.stop());

  it("are imported completely", async () => {
    const fhir = fhirAt(mesh.base);
    const waiting = [...bundles];
    const work = async () => {
      for (let bundle = waiting.pop(); bundle; bundle = waiting.pop()) {
        const { status, body } = await fhir.send("POST", "", bundle.text);
        expect([bundle.name, status]).toEqual([bundle.name, 200]);
        expect(body.entry).toHaveLength(bundle.resources.length);
        for (const [index, entry] of body.entry.entries()) {
          expect(entry.response.status).toBe("201 Created");
          places.get(bundle.name)?.set(bundle.fullUrls[index] as string, entry.response.location.split("/_history")[0]);
        }
      }
    };
    await Promise.all([work(), work(), work(), work()]);
    expect([...places.values()].reduce((sum, it) => sum + it.size, 0)).toBe(count);
    expect(count).toBeGreaterThan(13_900 / each / 2);
  });

  it("are as many of each type as were sent", async () => {
    const fhir = fhirAt(mesh.base);
    const sent = new Map<string, number>();
    for (const { resources } of bundles) {
      for (const { resourceType } of resources) sent.set(resourceType as string, (sent.get(resourceType as string) ?? 0) + 1);
    }
    const stored = await Promise.all(
      [...sent.keys()].map(async (type) => [type, (await fhir.get(`/${type}?_summary=count`)).body.total] as const),
    );
    expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(sent));
  });

  it("are read back equal, with every link leading to its target", async () => {
    const fhir = fhirAt(mesh.base);
    const stored = new Map<string, Stored>();
    for (const type of new Set(bundles.flatMap(({ resources }) => resources.map((it) => it.resourceType as string)))) {
      for (const resource of (await fhir.all(`/${type}?_count=1000`)).resources) {
        stored.set(`${type}/${(resource as Stored).id}`, resource as Stored);
      }
    }
    expect(stored.size).toBe(count);
    let links = 0;
    for (const { name, resources, fullUrls } of bundles) {
      const placeOf = (fullUrl: string) => places.get(name)?.get(fullUrl) as string;
      for (const [index, { id: _id, ...sent }] of resources.entries()) {
        // What was sent, each urn:uuid replaced by the place of its target: the same that the server should have done.
        const expected = JSON.parse(
          JSON.stringify(sent).replace(/"urn:uuid:[0-9a-f-]{36}"/g, (link) => {
            links += 1;
            return JSON.stringify(placeOf(link.slice(1, -1)));
          }),
        );
        const found = asSent(stored.get(placeOf(fullUrls[index] as string)) as Stored);
        if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected); // which takes its time, and tells the difference
      }
    }
    expect(links).toBeGreaterThan(count * 2);
    const text = JSON.stringify([...stored.values()]);
    expect(text).not.toContain("urn:uuid:");
    for (const [, reference = ""] of text.matchAll(/"reference":"([A-Z][A-Za-z]+\/[^"]+)"/g)) {
      if (!stored.has(reference)) throw new Error(`${reference} leads nowhere`);
    }
  });
});
