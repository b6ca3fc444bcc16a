import { subsetOf } from "./subset.ts";

const patient = {
  resourceType: "Patient",
  id: "1",
  meta: { versionId: "3" },
  text: { status: "generated", div: "<div/>" },
  name: [{ family: "Rossi" }],
  birthDate: "1980-01-31",
  maritalStatus: { text: "married" },
  communication: [{ language: { text: "it" }, preferred: true }],
};
const isTagged = { tag: [expect.objectContaining({ code: "SUBSETTED" })] };

describe("a subset of a resource", () => {
  it("contains the elements marked as summary, and the tag SUBSETTED", () => {
    expect(subsetOf(patient, { summary: "true" })).toEqual({
      resourceType: "Patient",
      id: "1",
      meta: { versionId: "3", ...isTagged },
      name: [{ family: "Rossi" }],
      birthDate: "1980-01-31",
    });
  });

  it("for _summary=data omits the narrative", () => {
    expect(subsetOf(patient, { summary: "data" })).not.toHaveProperty("text");
  });

  it("for _summary=text keeps the narrative and mandatory elements", () => {
    expect(Object.keys(subsetOf(patient, { summary: "text" }))).toEqual(["resourceType", "id", "meta", "text"]);
    expect(
      subsetOf({ resourceType: "Observation", status: "final", code: { text: "x" }, valueString: "y" }, { summary: "text" }),
    ).toMatchObject({ status: "final", code: { text: "x" } });
  });

  it("for _elements contains the requested elements, nested ones too", () => {
    const part = subsetOf(patient, { elements: ["birthDate", "communication.language"] });
    expect(part).toMatchObject({ birthDate: "1980-01-31", communication: [{ language: { text: "it" } }], meta: isTagged });
    expect(part).not.toHaveProperty("name");
    expect(JSON.stringify(part)).not.toContain("preferred");
  });

  it("contains a choice by its name without a type, and mandatory elements always", () => {
    const observation = {
      resourceType: "Observation",
      status: "final",
      code: { text: "x" },
      valueQuantity: { value: 1 },
      note: [{ text: "n" }],
    };
    expect(subsetOf(observation, { elements: ["value[x]"] })).toMatchObject({
      status: "final",
      code: { text: "x" },
      valueQuantity: { value: 1 },
    });
    expect(subsetOf(observation, { elements: ["value[x]"] })).not.toHaveProperty("note");
    expect(subsetOf(observation, { elements: ["value"] })).toMatchObject({ valueQuantity: { value: 1 } });
    expect(subsetOf(observation, { elements: ["Observation.value"] })).toMatchObject({ valueQuantity: { value: 1 } });
  });

  it("contains nothing of elements that were not requested", () => {
    const two = { resourceType: "Patient", identifier: [{ type: { text: "MR" }, value: "1" }, { value: "2" }], name: [{ text: "x" }] };
    expect(subsetOf(two, { elements: ["identifier.type", "name.family"] })).toEqual({
      resourceType: "Patient",
      meta: isTagged,
      identifier: [{ type: { text: "MR" } }],
    });
  });
});
