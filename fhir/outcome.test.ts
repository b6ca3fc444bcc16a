import { FhirError, fhirError, outcomeOf } from "./outcome.ts";

describe("what a client is told", () => {
  it("is every fault, also when the error came over the wire without its class", () => {
    const error = new FhirError(422, [
      { severity: "error", code: "required", diagnostics: "A status is missing.", expression: ["Observation.status"] },
      { severity: "error", code: "value", diagnostics: "That is no date.", expression: ["Observation.issued"] },
    ]);
    const { name, message, code, type, data } = error;
    const arrived = Object.assign(new Error(message), JSON.parse(JSON.stringify({ name, code, type, data })));
    expect(arrived).toMatchObject({ code: 422, type: "INVALID" });
    for (const either of [error, arrived]) expect(outcomeOf(either)).toEqual({ resourceType: "OperationOutcome", issue: error.issues });
  });

  it("names the parameter that is at fault", () => {
    expect(outcomeOf(fhirError(400, "invalid", "No.", "name")).issue).toEqual([
      { severity: "error", code: "invalid", diagnostics: "No.", expression: ["name"] },
    ]);
  });

  it.each([[new Error("secret")], [null], ["secret"], [{ issues: [] }], [{ data: null }]])(
    "is nothing of an error that is our own: %p",
    (error) => {
      expect(outcomeOf(error)).toEqual({
        resourceType: "OperationOutcome",
        issue: [{ severity: "fatal", code: "exception", diagnostics: "An internal error." }],
      });
    },
  );
});
