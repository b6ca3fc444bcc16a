/** What a search finds of observations: quantities, references, composites. */
import { type Found, found } from "../../test/kit/searches.ts";

const loinc = "http://loinc.org";
const concept = (code: string, system = loinc) => ({ coding: [{ system, code }] });
const observations: Found[] = [
  {
    resourceType: "Observation",
    id: "weight",
    code: concept("w"),
    valueQuantity: { value: 5.4, unit: "kilo", code: "kg", system: "ucum" },
    subject: { reference: "Patient/1" },
  },
  {
    resourceType: "Observation",
    id: "below",
    code: concept("w"),
    valueQuantity: { value: 3, comparator: "<", code: "kg", system: "ucum" },
    subject: { reference: "Group/1" },
  },
  {
    resourceType: "Observation",
    id: "pressure",
    code: concept("bp"),
    component: [
      { code: concept("sys"), valueQuantity: { value: 140, code: "mmHg", system: "ucum" } },
      { code: concept("dia"), valueQuantity: { value: 80, code: "mmHg", system: "ucum" } },
    ],
  },
  {
    resourceType: "Observation",
    id: "eyes",
    code: concept("eye"),
    valueCodeableConcept: { text: "Brown", ...concept("br", "colour") },
    component: [{ code: concept("left"), valueCodeableConcept: concept("bl", "colour") }],
  },
];

describe("a search for observations", () => {
  it.each([
    ["value-quantity=5.4", "weight"],
    ["value-quantity=5", "weight"],
    ["value-quantity=5.40", "weight"],
    ["value-quantity=5.41", ""],
    ["value-quantity=5.4|ucum|kg", "weight"],
    ["value-quantity=5.4||kg", "weight"],
    ["value-quantity=5.4||kilo", "weight"],
    ["value-quantity=5.4|other|kg", ""],
    ["value-quantity=5400|ucum|g", ""],
    ["value-quantity=5.4|ucum|KG", ""],
    ["value-quantity=5.4||", "weight"],
    ["value-quantity=lt5||", "below"],
    ["value-quantity=lt5", "below"],
    ["value-quantity=ge3", "weight"],
    ["value-quantity=ap5.8", "weight"],
    ["value-quantity=ne5.4", "below"],

    ["patient=1", "weight"],
    ["patient=Patient/1", "weight"],
    ["patient=Group/1", ""],
    ["subject=1", "weight below"],
    ["subject:Group=1", "below"],
    ["patient:missing=false", "weight"],
    ["patient:missing=true", "below pressure eyes"],

    ["combo-code=sys", "pressure"],
    ["code=sys", ""],
    ["code-value-quantity=w$gt5", "weight"],
    [`code-value-quantity=${loinc}|w$lt4||kg`, "below"],
    ["code-value-quantity=w$5.4||,w$lt4", "weight below"],
    ["component-code-value-quantity=sys$gt100", "pressure"],
    ["component-code-value-quantity=dia$gt100", ""],
    [`component-code-value-quantity=${loinc}|sys$140|ucum|mmHg`, "pressure"],
    ["component-code-value-quantity=sys$140||mmHg", "pressure"],
    ["component-code-value-quantity=http://wrong|sys$140", ""],
    ["component-code-value-quantity=sy$140", ""],
    ["combo-code-value-concept=eye$br", "eyes"],
    ["combo-code-value-concept=left$colour|bl", "eyes"],
    ["combo-code-value-concept=left$br", ""],
    ["value-string=bro", "eyes"],
    ["status:not=final", "weight below pressure eyes"],
  ])("by %s finds: %s", (query, ids) => {
    expect(found(`Observation?${query}`, observations)).toBe(ids);
  });
});
