/** What it costs to put on record what a gateway has refused. */
import type { IncomingMessage } from "node:http";
import type { AuditEntry } from "../../../federation/audit-contract.ts";
import { fhirError } from "../../../fhir/outcome.ts";
import { Refusals, type RefusalParts } from "./refusals.ts";

describe("a flood of refused attempts", () => {
  const noted: AuditEntry[] = [];
  const asked: string[][] = [];
  const parts = {
    access: { isOpen: false, authorOf: () => JSON.stringify({ who: "Practitioner/1", role: "nurse" }) },
    directory: { known: (type: string) => (type === "Observation" ? [{ service: "lab", alive: true }] : []) },
    caller: {
      call: async (_: string, { references }: { references: string[] }) => {
        asked.push(references);
        return references.map((reference) => reference.replace("Observation/", "Patient/of-"));
      },
    },
    notes: { note: (entry: AuditEntry) => void noted.push(entry) },
    addressOf: () => "192.0.2.1",
  } as unknown as RefusalParts;

  it("of one person asks owners only for what is recorded, and is recorded with its number and person", async () => {
    const refusals = new Refusals(parts);
    for (let n = 0; n < 2_000; n += 1) {
      const meta = { as: "stamp", asked: `GET /fhir/Observation/${n}` };
      refusals.note(fhirError(404, "not-found", "x"), {} as IncomingMessage, meta, {});
    }
    await refusals.stop();
    expect(asked.length).toBeLessThanOrEqual(121);
    expect(noted.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(2_000);
    expect(noted.every(({ what = [], patients = [] }) => what.length > 0 && what.length === patients.length)).toBe(true);
    expect(noted[0]?.patients).toEqual(["Patient/of-0"]);
  });
});
