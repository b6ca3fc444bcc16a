import type { Clause } from "../../fhir/search/query.ts";
import type { Reach } from "../../mesh/access/access.ts";
import { isVisible, narrowed, type Sight } from "./sight.ts";

const seeing = (reaches: Record<string, Reach>): Sight => ({ reach: (_, interaction) => reaches[interaction] ?? "none" });
const question = (clauses: Clause[]) => ({ type: "Observation", clauses });
const byId: Clause = { kind: "id", any: ["a"] };
const notById: Clause = { kind: "id", any: ["a"], not: true };

describe("a search by a caller who may read but not search", () => {
  it("is permitted by id only", () => {
    const reader = seeing({ r: "all" });
    expect(narrowed(reader, question([byId]))).toEqual(question([byId]));
    for (const clauses of [[], [notById], [{ kind: "missing", slots: [1], missing: true } as Clause]]) {
      expect(narrowed(reader, question(clauses))).toBeUndefined();
    }
  });

  it("of one patient's record gets the clauses that restrict it to that record", () => {
    const asked = narrowed(seeing({ s: [{ patient: "1" }] }), question([]));
    expect(asked?.clauses).toHaveLength(1);
    expect(JSON.stringify(asked)).toContain("=Patient/1");
  });

  it("limited by several queries gets the clauses of any of them, and is not sent if no owner can evaluate them", () => {
    const asked = narrowed(seeing({ s: [{ patient: "1", where: "category=laboratory" }, { where: "status=final" }] }), question([]));
    expect(asked?.clauses).toMatchObject([{ kind: "any", of: [[{ kind: "key" }, { kind: "key" }], [{ kind: "key" }]] }]);
    expect(narrowed(seeing({ s: [{ where: "subject:Patient.name=x" }] }), question([]))).toBeUndefined();
  });

  it("matches one resource as a search would", () => {
    const json = (category: string) =>
      JSON.stringify({
        resourceType: "Observation",
        id: "1",
        subject: { reference: "Patient/1" },
        category: [{ coding: [{ code: category }] }],
      });
    const sight = seeing({ r: [{ patient: "1", where: "category=laboratory" }] });
    const sees = (text: string) => isVisible(sight, { type: "Observation", json: text });
    expect([json("laboratory"), json("survey"), json("laboratory").replace("Patient/1", "Patient/2")].map(sees)).toEqual([
      true,
      false,
      false,
    ]);
  });
});
