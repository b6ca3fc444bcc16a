/** NDJSON is brought from what others rest on upwards, whatever order it came in. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACT_REFERENCES, RESTED_ON } from "../../federation/act-references.ts";
import { MISSING_REFERENCE } from "../../fhir/outcome.ts";
import { type Answered, FhirClient, ImportRefused } from "./client.ts";
import { filesIn } from "./files.ts";
import { type Counts, importFiles } from "./importer.ts";
import type { Entry } from "./once.ts";
import { depthOf } from "./bring-order.ts";
import { MAX_RESOURCES } from "./unit.ts";

/** A server that takes what rests on what is here, and counts what it is asked. */
class StrictServer extends FhirClient {
  readonly here = new Set<string>();
  asked = 0;
  override async process(type: "transaction" | "batch", entry: Entry[]): Promise<Answered> {
    this.asked += 1;
    const made = new Set(type === "transaction" ? entry.map(({ request }) => request.url) : []);
    const results = entry.map(({ resource, request }, index) => {
      const [vain] = [...JSON.stringify(resource).matchAll(/"reference":"([^"]+)"/g)].flatMap(([, place = ""]) =>
        this.here.has(place) || made.has(place) ? [] : [place],
      );
      if (vain === undefined) return { response: { status: "201" } };
      const details = { coding: [{ system: MISSING_REFERENCE, code: vain }] };
      const issue = { severity: "error", code: "business-rule", details, diagnostics: `Store ${vain} first.` } as const;
      const expression = [`Bundle.entry[${index}].resource`];
      const outcome = { resourceType: "OperationOutcome" as const, issue: [{ ...issue, expression }] };
      if (type === "transaction") throw new ImportRefused(409, outcome);
      return { response: { status: "409", outcome }, url: request.url };
    });
    for (const [index, { response }] of results.entries()) if (response.status === "201") this.here.add(entry[index]?.request.url ?? "");
    return { entry: results };
  }
  override find = async () => [];
}

const to = (reference: string) => ({ reference });
/** So many people with an encounter, an order, a result and a report each. */
function records(people: number): { resourceType: string; id: string }[] {
  return Array.from({ length: people }, (_, of) => {
    const subject = to(`Patient/${of}`);
    const encounter = to(`Encounter/${of}`);
    return [
      { resourceType: "DiagnosticReport", id: `${of}`, subject, encounter, result: [to(`Observation/${of}`)] },
      { resourceType: "Observation", id: `${of}`, subject, encounter, basedOn: [to(`ServiceRequest/${of}`)] },
      { resourceType: "Condition", id: `${of}`, subject, encounter },
      { resourceType: "ServiceRequest", id: `${of}`, subject, encounter },
      { resourceType: "Encounter", id: `${of}`, subject },
      { resourceType: "Patient", id: `${of}` },
    ];
  }).flat();
}

describe("an import of NDJSON", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "openward-order-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const write = (name: string, resources: object[]) =>
    writeFileSync(join(dir, name), resources.map((one) => `${JSON.stringify(one)}\n`).join(""));
  const bring = async (): Promise<{ server: StrictServer; counts: Counts; faults: string[] }> => {
    const server = new StrictServer("http://nowhere.example");
    const faults: string[] = [];
    const onFault = ({ where }: { where: string }) => void faults.push(where.slice(dir.length + 1));
    const files = filesIn([dir]);
    const counts = await importFiles({ files, client: server, parallel: 4, once: false, onFault, onProgress: () => {} });
    return { server, counts, faults };
  };
  const all = records(2_000);
  const fewest = all.length / MAX_RESOURCES;
  /** By type, as a bulk export has it; in one file as they came, from behind, and in no order. */
  const ways: [string, () => void][] = [
    [
      "a file for each type",
      () => {
        for (const [type, some] of Map.groupBy(all, (it) => it.resourceType)) write(`${type}.ndjson`, some);
      },
    ],
    ["one file, people after people", () => write("all.ndjson", all)],
    [
      "one file, from behind",
      () =>
        write(
          "all.ndjson",
          all.toSorted((one, other) => (one.resourceType < other.resourceType ? -1 : 1)),
        ),
    ],
    [
      "one file, in no order",
      () =>
        write(
          "all.ndjson",
          all.toSorted((one, other) => mixed(one) - mixed(other)),
        ),
    ],
  ];
  const mixed = ({ resourceType, id }: { resourceType: string; id: string }) =>
    (Number(id) * 7_919 + resourceType.length * 104_729) % 65_537;

  it.each(ways)("asks hardly more often than the resources need: %s", async (_, make) => {
    make();
    const { server, counts, faults } = await bring();
    expect([counts.written, faults, server.here.size]).toEqual([all.length, [], all.length]);
    expect(server.asked).toBeLessThan(fewest * 2);
  });

  it("reports the lines whose targets never came, and imports all others", async () => {
    const lines = records(300).filter(({ resourceType, id }) => resourceType !== "Encounter" || id !== "7");
    write("all.ndjson", lines);
    const { counts, faults } = await bring();
    const rest = lines.flatMap(({ resourceType, id }, index) =>
      id === "7" && resourceType !== "Patient" ? [`all.ndjson:${index + 1}`] : [],
    );
    expect([counts.written, faults.toSorted()]).toEqual([lines.length - rest.length, rest.toSorted()]);
  });

  it("begins with the resources that others refer to, for every type of act", () => {
    for (const type of [...RESTED_ON, ...Object.keys(ACT_REFERENCES)]) expect([type, depthOf(type) < 10]).toEqual([type, true]);
    const path = ["Patient", "Encounter", "ServiceRequest", "Specimen", "Observation", "DiagnosticReport", "Condition"];
    expect(path.toSorted((one, other) => depthOf(one) - depthOf(other))).toEqual(path);
  });
});
