import { Errors } from "moleculer";
import { FhirError } from "../../../fhir/outcome.ts";
import { refuse as refuseRest } from "../rest/rest-refusals.ts";
import { refusalOf } from "./fhir-refusals.ts";

const issues = [{ severity: "error" as const, code: "throttled", diagnostics: "Too many at once: try again." }];
/** An error as it comes: thrown here, passed on by an owner, and one of the mesh. */
const WAYS: [way: string, error: (status: number) => Error][] = [
  ["of this process", (status) => new FhirError(status, issues)],
  ["of an owner", (status) => new Errors.MoleculerError("Too many", status, "FHIR_ERROR", { issues })],
  ["of the mesh", (status) => new Errors.MoleculerRetryableError("Too many", status, "OVERLOADED")],
];

describe.each(WAYS)("an error %s", (_, errorOf) => {
  it.each([
    [429, "1"],
    [503, "1"],
    [507, "10"],
    [422, undefined],
    [409, undefined],
  ])("with status %i says when to try again: %s", (status, seconds) => {
    expect(refusalOf(errorOf(status))).toMatchObject({ status, issues: [{ severity: "error" }] });
    expect(refusalOf(errorOf(status)).headers["Retry-After"]).toBe(seconds);
    expect(refuseRest(errorOf(status)).headers?.["Retry-After"]).toBe(seconds);
  });
});

it("an error of FHIR is told by its type where actions are called, and by its status if others may succeed", () => {
  const typeOf = (status: number) => (JSON.parse(refuseRest(new FhirError(status, issues)).body ?? "") as { error: object }).error;
  expect(typeOf(429)).toMatchObject({ code: 429, type: "THROTTLED" });
  expect(typeOf(422)).toMatchObject({ code: 422, type: "INVALID" });
});
