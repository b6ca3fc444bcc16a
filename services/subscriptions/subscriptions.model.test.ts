/** What a subscription asks for, read from its criteria and channel. */
import { subscription } from "../../test/kit/endpoint.ts";
import type { Subscription } from "../../fhir/r4.ts";
import { fingerprintOf, needsOwners, searchOf, wishOf } from "./subscriptions.model.ts";

const reading = { base: "" };

const texts = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`).join(",");

describe("the criteria and channel of a subscription", () => {
  it("are a search, and an endpoint with its headers", () => {
    const header = ["Authorization: Bearer abc", "X-Ward:7"];
    expect(
      wishOf(subscription("Observation?code=718-7&status=final", { header, payload: "application/fhir+json; fhirVersion=4.0" }), reading),
    ).toEqual({
      type: "Observation",
      types: ["Observation"],
      pairs: [
        ["code", "718-7"],
        ["status", "final"],
      ],
      hook: {
        endpoint: new URL("https://other.example/hook"),
        headers: { Authorization: "Bearer abc", "X-Ward": "7" },
        isWithPayload: true,
      },
    });
    expect(wishOf(subscription("Patient"), reading)).toMatchObject({ type: "Patient", pairs: [], hook: { isWithPayload: false } });
  });

  it.each<[string, Subscription, string]>([
    ["no type", subscription("Nothing?name=a"), "criteria must be"],
    ["an unknown parameter", subscription("Patient?colour=red"), "colour"],
    ["itself", subscription("Subscription?status=active"), "themselves"],
    ["more characters than are read again each second", subscription(`Patient?identifier=${"a,".repeat(8_000)}a`), "16000"],
    ["more texts within texts than a write may be held against", subscription(`Patient?name:contains=${texts(21)}`), "too many values"],
    ["as many, in several parameters", subscription(`Patient?name:contains=${texts(15)}&address:contains=${texts(15)}`), "too many values"],
    ["another channel", subscription("Patient", { type: "email" }), "email"],
    ["another payload", subscription("Patient", { payload: "application/fhir+xml" }), "payload"],
    ["no endpoint", subscription("Patient", { endpoint: "" }), "endpoint"],
    ["a file", subscription("Patient", { endpoint: "file:///etc/passwd" }), "endpoint"],
    ["a password in the address", subscription("Patient", { endpoint: "https://a:b@other.example" }), "password"],
    ["a header of the connection", subscription("Patient", { header: ["Host: a"] }), "header"],
    ["our own header", subscription("Patient", { header: ["x-event-id: 1"] }), "header"],
    ["two headers in one", subscription("Patient", { header: ["A: b\r\nC: d"] }), "header"],
  ])("is refused for %s", (_, given, sentence) => {
    expect(() => wishOf(given, reading)).toThrow(sentence);
  });

  it("may list many exact values", () => {
    expect(wishOf(subscription(`Patient?identifier=${texts(2_000)}&name:contains=${texts(10)}`), reading).type).toBe("Patient");
  });

  it("differ after a change of criteria or channel, and not of the status", () => {
    const one = subscription("Patient?name=a");
    expect(fingerprintOf({ ...one, status: "active", error: "x" })).toBe(fingerprintOf(one));
    expect(fingerprintOf({ ...one, criteria: "Patient?name=b" })).not.toBe(fingerprintOf(one));
  });

  it("are evaluated by the owners only if one resource is not enough", () => {
    const of = (type: string, name: string, value: string) => needsOwners(searchOf(type, [[name, value]], reading));
    expect([of("Patient", "name", "a"), of("Observation", "code", "1"), of("Patient", "birthdate", "ge2000")]).toEqual([
      false,
      false,
      false,
    ]);
    expect([
      of("Encounter", "subject:Patient.name", "a"),
      of("Patient", "_has:Observation:patient:code", "1"),
      of("Patient", "_text", "a"),
    ]).toEqual([true, true, true]);
  });
});
