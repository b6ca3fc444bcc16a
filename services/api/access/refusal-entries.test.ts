/** Which refusals are worth a trace, and what it says. */
import { Errors } from "moleculer";
import { fhirError } from "../../../fhir/outcome.ts";
import { invalidTokenEntry, refusalEntry } from "./refusal-entries.ts";
import { invalidToken } from "./tokens.ts";

const BY = JSON.stringify({ who: "Practitioner/1", role: "nurse" });
const refused = (asked: string, sent?: string, error: unknown = fhirError(422, "invalid", "x")) => {
  const entry = refusalEntry(error, BY, { asked, sent });
  return entry && [entry.deed, entry.type, entry.what, entry.patients];
};
const reference = (place: string) => JSON.stringify({ subject: { reference: place } });

describe("an invalid token", () => {
  const HOUR_MS = 3_600_000;
  const was = (until: number) => ({
    until,
    identity: { sub: "account-1", roles: ["nurse"], scope: "user/*.rs", fhirUser: "Practitioner/1" },
  });
  const entryOf = (...bad: Parameters<typeof invalidToken>) =>
    invalidTokenEntry(invalidToken(...bad), { asked: "GET /fhir/Patient/1" }, "192.0.2.1");

  it("is not recorded if it has only expired, and is if it is used a day later", () => {
    const now = Date.now();
    expect(entryOf("expired", was(now - 1))).toBeUndefined();
    expect(entryOf("expired", was(now - 20 * HOUR_MS))).toBeUndefined();
    expect(entryOf("expired", was(now - 25 * HOUR_MS))).toMatchObject({ by: { who: "Practitioner/1" }, why: "401 expired" });
  });

  it.each(["unreadable", "forged"] as const)("that is %s leaves one of nobody who is known", (why) => {
    expect(entryOf(why)).toMatchObject({ deed: "token", isDone: false, by: { who: "" }, address: "192.0.2.1", why: `401 ${why}` });
  });

  it.each(["ended", "factor"] as const)("that is %s leaves one of whose it was", (why) => {
    expect(entryOf(why, was(Date.now() + HOUR_MS))).toMatchObject({ by: { who: "Practitioner/1", role: "nurse" }, why: `401 ${why}` });
  });
});

describe("a refused attempt", () => {
  it.each<[string, string | undefined, ReturnType<typeof refused>]>([
    ["GET /fhir/Patient/1", undefined, ["read", "Patient", ["Patient/1"], ["Patient/1"]]],
    ["HEAD /fhir/Observation/1?_elements=id", undefined, ["read", "Observation", ["Observation/1"], undefined]],
    ["GET /fhir/Patient/1/_history/2", undefined, ["vread", "Patient", ["Patient/1"], ["Patient/1"]]],
    ["GET /fhir/Patient/1/_history", undefined, ["history", "Patient", ["Patient/1"], ["Patient/1"]]],
    ["GET /fhir/Patient/1/Observation", undefined, ["search", "Observation", ["Patient/1"], ["Patient/1"]]],
    ["GET /fhir/Observation?patient=1", undefined, ["search", "Observation", undefined, ["Patient/1"]]],
    ["GET /fhir/Observation?subject:Patient=1,2", undefined, ["search", "Observation", undefined, ["Patient/1", "Patient/2"]]],
    ["GET /fhir/Observation?subject:Patient._id=1&code=2", undefined, ["search", "Observation", undefined, ["Patient/1"]]],
    ["GET /fhir/Observation?_id=1,2", undefined, ["search", "Observation", ["Observation/1", "Observation/2"], undefined]],
    ["DELETE /fhir/Patient?_id=1", undefined, ["delete", "Patient", ["Patient/1"], ["Patient/1"]]],
    ["GET /fhir/Provenance?target=Observation/1", undefined, ["search", "Provenance", ["Observation/1"], undefined]],
    ["GET /fhir/Patient?_has:Observation:subject:_id=1", undefined, ["search", "Patient", ["Observation/1"], undefined]],
    ["GET /fhir/Observation?_list=1", undefined, ["search", "Observation", ["List/1"], undefined]],
    ["GET /fhir/Observation?encounter._id=1&code=2", undefined, ["search", "Observation", ["Encounter/1"], undefined]],
    ["GET /fhir/Observation?encounter=1", undefined, ["search", "Observation", ["Encounter/1"], undefined]],
    ["GET /fhir/Condition?encounter:Encounter=Encounter/1", undefined, ["search", "Condition", ["Encounter/1"], undefined]],
    [
      "GET /fhir/Observation?_has:Condition:evidence-detail:encounter:Encounter._id=1",
      undefined,
      ["search", "Observation", ["Encounter/1"], undefined],
    ],
    ["POST /fhir/Observation/$lastn?patient=Patient%2F1", undefined, ["operation", "Observation", undefined, ["Patient/1"]]],
    [
      "POST /fhir/Subscription",
      '{"criteria":"Observation?code=x&subject=Patient/1"}',
      ["create", "Subscription", undefined, ["Patient/1"]],
    ],
    ["GET /fhir/?_type=Observation&_id=1", undefined, ["search", undefined, ["Observation/1"], undefined]],
    ["GET /fhir/Patient/1/*", undefined, ["search", "Patient", ["Patient/1"], ["Patient/1"]]],
    ["POST /fhir/Observation/_search?subject=Patient%2F1", undefined, ["search", "Observation", undefined, ["Patient/1"]]],
    ["POST /fhir/Observation", reference("Patient/1"), ["create", "Observation", undefined, ["Patient/1"]]],
    ["POST /fhir/Observation", reference("https://ehr.example/fhir/Patient/1"), ["create", "Observation", undefined, ["Patient/1"]]],
    ["POST /fhir/Patient", "{}", ["create", "Patient", undefined, undefined]],
    ["PUT /fhir/Observation/1", reference("Patient/2"), ["update", "Observation", ["Observation/1"], ["Patient/2"]]],
    ["PATCH /fhir/Patient/1", "[]", ["update", "Patient", ["Patient/1"], ["Patient/1"]]],
    ["DELETE /fhir/Encounter?patient=Patient/1", undefined, ["delete", "Encounter", undefined, ["Patient/1"]]],
    ["POST /fhir/Patient/1/$everything", undefined, ["operation", "Patient", ["Patient/1"], ["Patient/1"]]],
    ["POST /fhir", '{"resourceType":"Patient"}', ["create", undefined, undefined, undefined]],
    ["POST /api/visits/close", '{"visit":"Encounter/1"}', ["operation", "visits.close", ["Encounter/1"], undefined]],
    ["GET /api/pharmacy/due?patient=Patient/1", undefined, ["operation", "pharmacy.due", ["Patient/1"], ["Patient/1"]]],
  ])("%s with %s is on record as %j", (asked, sent, entry) => expect(refused(asked, sent)).toEqual(entry));

  it.each([
    ["GET /fhir/Location/1", undefined],
    ["PUT /fhir/Location/1", '{"resourceType":"Location"}'],
    ["GET /fhir/Observation?nonsense=1", undefined],
    ["POST /api/wards/open", '{"name":"Ward"}'],
    ["POST /fhir/Observation/_search", undefined],
    ["GET /fhir/ValueSet?url=http://hl7.org/fhir/ValueSet/x", undefined],
    ["GET /fhir/Observation?performer=Practitioner/1", undefined],
  ])("%s with %s is of nobody's record", (asked, sent) => expect(refused(asked, sent)).toBeUndefined());

  it.each([401, 429, 503])("that has only to be repeated leaves none: %d", (status) => {
    expect(refused("GET /fhir/Patient/1", undefined, fhirError(status, "x", "x"))).toBeUndefined();
  });

  it("is recorded as refused or as failed here, without data", () => {
    const of = (error: unknown) => refusalEntry(error, BY, { asked: "GET /fhir/Patient/1" });
    expect(of(fhirError(412, "conflict", "Patient Rossi"))).toMatchObject({ isDone: false, why: "412 INVALID" });
    expect(of(new Errors.MoleculerClientError("x", 409, "VISIT_ALREADY_OPEN", {}))).toMatchObject({ why: "409 VISIT_ALREADY_OPEN" });
    expect(of(new Errors.MoleculerServerError("x", 507, "STORE_FULL", {}))).toMatchObject({ isFault: true, why: "507 STORE_FULL" });
    expect(of(new Error("Rossi is not a number"))).toMatchObject({ isFault: true, why: "500" });
  });
});
