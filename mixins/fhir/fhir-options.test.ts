import { Fhir } from "./fhir.ts";

describe("a service that owns Encounter", () => {
  it("cannot emit versions of a Flag, which another service owns", () => {
    const made = (owns: string[]) => () => Fhir({ owns, emits: ["Encounter", "Flag"] });
    expect(made(["Encounter"])).toThrow("A service emits Flag, but does not own it: its owner must.");
    expect(made(["Encounter", "Flag"])).not.toThrow();
  });
});
