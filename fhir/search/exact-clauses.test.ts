import {
  byIdentifier,
  codesClause,
  exactToken,
  idClause,
  referenceClause,
  requireParameter,
  slotsOfParameters,
  timeClause,
  tokenClause,
  tokenOfRow,
} from "./exact-clauses.ts";
import type { Clause } from "./query.ts";
import { indexOf } from "./extract.ts";
import { matchesClauses } from "./matches-clauses.ts";

const patient = {
  resourceType: "Patient",
  id: "1",
  identifier: [{ system: "urn:mrn", value: "7" }],
  gender: "female",
  birthDate: "1980-05-01",
  managingOrganization: { identifier: { system: "urn:org", value: "5" } },
  generalPractitioner: [{ reference: "Practitioner/9" }],
};
const found = { id: "1", updated: 0, index: indexOf(patient) };

describe("clauses for exact values", () => {
  it("find exactly what the index contains for a token, a reference and an id", () => {
    expect(matchesClauses([tokenClause("Patient", "identifier", { system: "urn:mrn", value: "7" })], found)).toBe(true);
    expect(matchesClauses([tokenClause("Patient", "identifier")], found)).toBe(true);
    expect(matchesClauses([tokenClause("Patient", "identifier", { system: "urn:mrn", value: "70" })], found)).toBe(false);
    expect(matchesClauses([tokenClause("Patient", "identifier", { system: "", value: "7" })], found)).toBe(false);
    expect(matchesClauses([referenceClause("Patient", "general-practitioner", ["Practitioner/8", "Practitioner/9"])], found)).toBe(true);
    expect(matchesClauses([referenceClause("Patient", "general-practitioner", ["Practitioner/8"])], found)).toBe(false);
    expect(matchesClauses([idClause(["1"])], found)).toBe(true);
    expect(matchesClauses([idClause(["2"])], found)).toBe(false);
  });

  it("find a code of any system, a time, and a reference by identifier, as the index stores them", () => {
    const finds = (...clauses: Clause[]) => matchesClauses(clauses, found);
    expect(finds(codesClause("Patient", "gender", ["male", "female"]))).toBe(true);
    expect(finds(codesClause("Patient", "gender", ["male"]))).toBe(false);
    expect(finds(codesClause("Patient", "gender", ["femal"]))).toBe(false);
    const [dawn, night] = [Date.parse("1980-05-01T00:00:00Z"), Date.parse("1980-05-01T23:59:59Z")];
    expect(finds(timeClause("Patient", "birthdate", { since: night }))).toBe(true);
    expect(finds(timeClause("Patient", "birthdate", { until: dawn }))).toBe(true);
    expect(finds(timeClause("Patient", "birthdate", { since: night + 86_400_000 }))).toBe(false);
    expect(finds(timeClause("Patient", "birthdate", { until: dawn - 1 }))).toBe(false);
    const { slots } = requireParameter("Patient", "organization");
    expect(finds({ kind: "key", slots, any: [byIdentifier("urn:org", "5")] })).toBe(true);
    expect(finds({ kind: "key", slots, any: [byIdentifier("", "5")] })).toBe(false);
  });

  it("refuse a parameter that R4 does not define, and one of another type", () => {
    expect(() => tokenClause("Patient", "identifer")).toThrow('R4 defines no search parameter "identifer" for Patient.');
    expect(() => requireParameter("Patinet", "identifier")).toThrow("for Patinet");
    expect(() => slotsOfParameters("Patient", ["identifier", "nope"])).toThrow('"nope"');
    expect(() => referenceClause("Patient", "identifier", [])).toThrow("is a token, not a reference");
    expect(() => tokenClause("Patient", "general-practitioner")).toThrow("is a reference, not a token");
    expect(() => codesClause("Patient", "birthdate", [])).toThrow("is a date, not a token");
    expect(() => timeClause("Patient", "gender", {})).toThrow("is a token, not a date");
  });

  it("parse a token's row", () => {
    const { eq } = exactToken("urn:mrn", "7") as { eq: string };
    expect(tokenOfRow(eq.slice(1))).toEqual({ code: "7", system: "urn:mrn" });
  });
});
