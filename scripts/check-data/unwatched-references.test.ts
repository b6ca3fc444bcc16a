import type { Resource } from "../../fhir/resource.ts";
import { referencesBesides } from "./unwatched-references.ts";

const besides = (text: string) => referencesBesides("ServiceRequest", JSON.parse(text) as Resource, text);

describe("references that no act rests on", () => {
  it("are found wherever they stand, once, however they are written", () => {
    const text = String.raw`{ "resourceType": "ServiceRequest", "subject": { "reference": "Patient/1" },
      "requester": { "reference" : "Practitioner\/2" }, "performer": [{ "reference": "Practitioner/2" }, { "reference": "\u004frganization/3/_history/4" }],
      "contained": [{ "resourceType": "Basic", "author": { "reference": "Device/5" } }] }`;
    expect(besides(text)).toEqual(["Practitioner/2", "Organization/3", "Device/5"]);
  });

  it("are not what a text says, what is contained, or what is elsewhere", () => {
    const note = JSON.stringify([{ text: JSON.stringify({ reference: "Practitioner/1" }) }]);
    const text = `{"resourceType":"ServiceRequest","note":${note},"requester":{"reference":"#p"},"performer":[{"reference":"http://a.example/Device/1"}]}`;
    expect(besides(text)).toEqual([]);
  });
});
