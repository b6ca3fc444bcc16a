import { fhirMesh } from "../kit/fhir-mesh.ts";
import { faultyExamples } from "../kit/faulty-examples.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { type Example, r4Examples } from "../kit/examples.ts";

/** Everything but what the server gives: id, and version and time in meta. */
function asSent({ id: _, meta, ...rest }: Record<string, unknown>): object {
  const { versionId: _1, lastUpdated: _2, ...others } = (meta ?? {}) as Record<string, unknown>;
  return { ...rest, ...(Object.keys(others).length > 0 && { meta: others }) };
}

/** Of definitions there are 4,400, one like the other: a part of each type tells the same. Of everything else all. */
const PER_TYPE = 100;

function withoutTheLike(examples: Example[], kept: ReadonlySet<string>): Example[] {
  const seen = new Map<string, number>();
  return examples.filter(({ type, file }) => {
    seen.set(type, (seen.get(type) ?? 0) + 1);
    return (seen.get(type) ?? 0) <= PER_TYPE || kept.has(file);
  });
}

describe("HL7's examples of R4, every type of them", () => {
  const faulty = new Set(faultyExamples.flatMap(({ files }) => files));
  const examples = withoutTheLike(r4Examples(2_000_000), faulty);
  /** They say no time and are not over: to this hospital they begin now. */
  const openActs = new Set(
    ["Encounter-example", "Encounter-xcda", "MedicationDispense-meddisp008", "ServiceRequest-benchpress", "ServiceRequest-example"].map(
      (name) => `${name}.json`,
    ),
  );
  const at = fhirMesh([...SYSTEMS.provider]);

  it("are created and read back equal; those that break R4's own rules are refused, each by name", async () => {
    const waiting = [...examples];
    const wrong: string[] = [];
    const refused: string[] = [];
    const againstRules: string[] = [];
    const work = async () => {
      for (let example = waiting.pop(); example; example = waiting.pop()) {
        const { file, type, text } = example;
        const created = await at.fhir.send("POST", `/${type}`, text, { Prefer: "return=minimal" });
        if (created.status === 422) {
          refused.push(file);
          continue;
        }
        if (created.status === 409) {
          againstRules.push(file);
          continue;
        }
        const location = created.headers.get("location");
        if (created.status !== 201 || !location) {
          wrong.push(`${file}: ${created.status} ${created.text.slice(0, 200)}`);
          continue;
        }
        const { body } = await at.fhir.get(location, { Accept: "application/fhir+json" }); // or a Binary comes as its content
        try {
          expect(asSent(body)).toEqual(asSent(JSON.parse(text)));
        } catch {
          wrong.push(`${file}: read back with another content`);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(wrong).toEqual([]);
    // Acts that go on, for patients who are not here (and an open stay of a patient who has one, whichever comes second).
    expect(againstRules.filter((file) => !openActs.has(file)).length).toBeLessThanOrEqual(1);
    expect(refused.filter((file) => !faulty.has(file))).toEqual([]);
    expect(examples.length - refused.length).toBeGreaterThan(1_000);
  });

  it("are found again by a search on each type", async () => {
    const types = new Set(examples.map(({ type }) => type));
    expect(types.size).toBeGreaterThan(100);
    for (const type of types) {
      const { status, body } = await at.fhir.get(`/${type}?_count=2&_sort=-_lastUpdated&_total=accurate`);
      expect([type, status]).toEqual([type, 200]);
      expect(body.type).toBe("searchset");
    }
  });
});
