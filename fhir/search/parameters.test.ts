import {
  compartmentOf,
  compartmentTypes,
  indexVersion,
  isResourceType,
  parametersOf,
  resourceTypes,
  slotOf,
  slotsOf,
  typeOfSlot,
} from "./parameters.ts";
import { nonNull } from "../non-null.ts";

describe("the search parameters of R4", () => {
  it("exist for every concrete resource type, of which there are 146", () => {
    expect(resourceTypes).toHaveLength(146);
    expect(isResourceType("Patient")).toBe(true);
    for (const name of ["DomainResource", "SubscriptionStatus", "toString", "__proto__", ""]) expect(isResourceType(name)).toBe(false);
    for (const name of ["Nonsense", "__proto__", "constructor"]) expect(parametersOf(name).size).toBe(0);
  });

  it("are HL7's own, without additions of others", () => {
    expect(parametersOf("DetectedIssue").has("status")).toBe(false);
    expect(parametersOf("ServiceRequest").has("order-detail")).toBe(false);
    expect(parametersOf("Observation").get("code-value-quantity")?.type).toBe("composite");
  });

  it("share a slot if they differ only in the target type of the reference", () => {
    const [patient, subject] = ["patient", "subject"].map((code) => nonNull(parametersOf("Observation").get(code)));
    expect(nonNull(patient).slots).toEqual(nonNull(subject).slots);
    expect(patient).toMatchObject({ only: "Patient", targets: ["Patient"] });
    expect(nonNull(subject).targets).toEqual(["Device", "Group", "Location", "Patient"]);
  });

  it("have slots that name their type, each one unique", () => {
    const slots = resourceTypes.flatMap((type) => slotsOf(type).map(([slot]) => [slot, type] as const));
    expect(new Set(slots.map(([slot]) => slot)).size).toBe(slots.length);
    for (const [slot, type] of slots) expect(typeOfSlot(slot)).toBe(type);
    expect(slotOf("Account", 0)).toBe(0);
  });

  it("read slots that exist", () => {
    for (const type of resourceTypes) {
      const known = new Set(slotsOf(type).map(([slot]) => slot));
      for (const { slots, parts = [] } of parametersOf(type).values()) {
        expect(slots.length + parts.flatMap((part) => part.slots).length).toBeGreaterThan(0);
        for (const slot of [...slots, ...parts.flatMap((part) => part.slots)]) expect(known.has(slot)).toBe(true);
      }
    }
  });

  it("have a version number that a store can keep", () => {
    expect(indexVersion()).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("a compartment", () => {
  it("is defined by the parameters that lead to it", () => {
    expect(compartmentTypes).toEqual(["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"]);
    expect(compartmentOf("Patient", "Observation")).toEqual(["subject", "performer"]);
    expect(compartmentOf("Patient", "Patient")).toEqual(["_id", "link"]);
    expect(compartmentOf("Encounter", "Encounter")).toEqual(["_id"]);
    expect(compartmentOf("Patient", "Medication")).toEqual([]);
    for (const name of ["Nonsense", "__proto__", "constructor"]) {
      expect(compartmentOf(name, "Patient")).toEqual([]);
      expect(compartmentOf("Patient", name)).toEqual([]);
    }
  });

  it("uses reference parameters only", () => {
    for (const compartment of compartmentTypes) {
      for (const type of resourceTypes) {
        for (const code of compartmentOf(compartment, type)) {
          expect(code === "_id" || parametersOf(type).get(code)?.type).toBe(code === "_id" ? true : "reference");
        }
      }
    }
  });
});
