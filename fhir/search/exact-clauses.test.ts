import { exactToken, idClause, referenceClause, requireParameter, slotsOfParameters, tokenClause, tokenOfRow } from "./exact-clauses.ts";
import { indexOf } from "./extract.ts";
import { matchesClauses } from "./matches-clauses.ts";

const patient = {
  resourceType: "Patient",
  id: "1",
  identifier: [{ system: "urn:mrn", value: "7" }],
  generalPractitioner: [{ reference: "Practitioner/9" }],
};
const found = { id: "1", updated: 0, index: indexOf(patient) };

describe("clauses for exact values", () => {
  it("find what the index has written of a token, a reference and an id, and nothing else", () => {
    expect(matchesClauses([tokenClause("Patient", "identifier", { system: "urn:mrn", value: "7" })], found)).toBe(true);
    expect(matchesClauses([tokenClause("Patient", "identifier")], found)).toBe(true);
    expect(matchesClauses([tokenClause("Patient", "identifier", { system: "urn:mrn", value: "70" })], found)).toBe(false);
    expect(matchesClauses([tokenClause("Patient", "identifier", { system: "", value: "7" })], found)).toBe(false);
    expect(matchesClauses([referenceClause("Patient", "general-practitioner", ["Practitioner/8", "Practitioner/9"])], found)).toBe(true);
    expect(matchesClauses([referenceClause("Patient", "general-practitioner", ["Practitioner/8"])], found)).toBe(false);
    expect(matchesClauses([idClause(["1"])], found)).toBe(true);
    expect(matchesClauses([idClause(["2"])], found)).toBe(false);
  });

  it("refuse a parameter that R4 does not define, and one of another type", () => {
    expect(() => tokenClause("Patient", "identifer")).toThrow('R4 defines no search parameter "identifer" for Patient.');
    expect(() => requireParameter("Patinet", "identifier")).toThrow("for Patinet");
    expect(() => slotsOfParameters("Patient", ["identifier", "nope"])).toThrow('"nope"');
    expect(() => referenceClause("Patient", "identifier", [])).toThrow("is a token, not a reference");
    expect(() => tokenClause("Patient", "general-practitioner")).toThrow("is a reference, not a token");
  });

  it("read a token's row back", () => {
    const { eq } = exactToken("urn:mrn", "7") as { eq: string };
    expect(tokenOfRow(eq.slice(1))).toEqual({ code: "7", system: "urn:mrn" });
  });
});
