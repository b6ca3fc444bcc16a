/** Which service may emit which event. */
import type { Certificate } from "../../mesh/trust/certificate.ts";
import { mayTell } from "./signed-events.ts";

describe("the events that a service may send", () => {
  const certificate = (serves: string[], owns?: string[]) => ({ serves, ...(owns && { owns }) }) as Certificate;
  const billing = certificate(["billing"], ["Invoice"]);

  it.each([
    ["of a version of its type", billing, "fhir.Invoice", {}, true],
    ["of a version of another's type", billing, "fhir.Patient", {}, false],
    ["of any version, where its certificate names no types", certificate(["records"]), "fhir.Condition", {}, true],
    ["of its own facts", billing, "billing.charged", {}, true],
    ["of another's facts", billing, "patients.merged", {}, false],
    ["who has seen its own records", billing, "audit.recorded", { owner: "billing" }, true],
    ["who has seen another's records", billing, "audit.recorded", { owner: "patients" }, false],
    ["who has seen nobody's records", billing, "audit.recorded", null, false],
  ] as const)("%s", (_, who, event, payload, isAllowed) => {
    expect(mayTell(who, { event, payload })).toBe(isAllowed);
  });
});
