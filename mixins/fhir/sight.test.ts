import type { Clause } from "../../fhir/search/query.ts";
import type { Reach } from "../../mesh/access/access.ts";
import { narrowed, type Sight } from "./sight.ts";

const seeing = (reaches: Record<string, Reach>): Sight => ({ reach: (_, interaction) => reaches[interaction] ?? "none" });
const question = (clauses: Clause[]) => ({ type: "Observation", clauses });
const byId: Clause = { kind: "id", any: ["a"] };
const notById: Clause = { kind: "id", any: ["a"], not: true };

describe("a question of who may read and not search", () => {
  it("is asked by id, and by nothing else", () => {
    const reader = seeing({ r: "all" });
    expect(narrowed(reader, question([byId]))).toEqual(question([byId]));
    for (const clauses of [[], [notById], [{ kind: "missing", slots: [1], missing: true } as Clause]]) {
      expect(narrowed(reader, question(clauses))).toBeUndefined();
    }
  });

  it("of one patient's record has the clauses that leave only that", () => {
    const asked = narrowed(seeing({ s: { patient: "1" } }), question([]));
    expect(asked?.clauses).toHaveLength(1);
    expect(JSON.stringify(asked)).toContain("=Patient/1");
  });
});
