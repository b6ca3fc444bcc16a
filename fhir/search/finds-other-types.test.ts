/** What a search finds of other types: addresses, composites, places, names by their sound. */
import * as fc from "fast-check";
import { found } from "../../test/kit/searches.ts";

const loinc = "http://loinc.org";
const concept = (code: string, system = loinc) => ({ coding: [{ system, code }] });

describe("other types", () => {
  it.each([
    ["ValueSet?url:below=http://acme.org/fhir", "1"],
    ["ValueSet?url:below=http://acme.org/other", ""],
    ["ValueSet?url:above=http://acme.org/fhir/vs/1/_history/5", "1"],
    ["ValueSet?url:above=http://acme.org/fhir/vs/12", ""],
    ["ValueSet?url=http://acme.org/fhir/vs/1", "1"],
    ["ValueSet?url=http://acme.org/fhir/vs/1|2.0-Beta", "1"],
    ["ValueSet?url=http://acme.org/fhir/vs/1|3.0", ""],
    ["ValueSet?url=http://acme.org/fhir/vs/1|3.0,http://acme.org/fhir/vs/1", "1"],
    ["ValueSet?version=2.0-BETA", "1"],
    ["ValueSet?version=2.0-beta", "1"],
    ["ValueSet?context-type-quantity=age$gt10", "1"],
    ["ValueSet?context-type-quantity=age$gt30", ""],
    ["ValueSet?context-type-value=focus$http://x|y", "1"],
  ])("%s finds: %s", (query, ids) => {
    const useContext = [
      { code: { system: "t", code: "age" }, valueRange: { low: { value: 10 }, high: { value: 20 } } },
      { code: { system: "t", code: "focus" }, valueCodeableConcept: concept("y", "http://x") },
    ];
    expect(found(query, [{ resourceType: "ValueSet", id: "1", url: "http://acme.org/fhir/vs/1", version: "2.0-Beta", useContext }])).toBe(
      ids,
    );
  });

  it.each([
    ["contenttype=text/xml", ""],
    ["contenttype=text/xml; charset=UTF-8", "1"],
    ["contenttype:below=text/xml", "1"],
    ["contenttype:below=text/x", ""],
    ["relationship=DocumentReference/7$replaces", "1"],
    ["relationship=7$http://hl7.org/fhir/document-relationship-type|replaces", "1"],
    ["relationship=8$replaces", ""],
  ])("a document by %s finds: %s", (query, ids) => {
    const relatesTo = [
      { code: "replaces", target: { reference: "DocumentReference/7" } },
      { code: "signs", target: { reference: "DocumentReference/8" } },
    ];
    expect(
      found(`DocumentReference?${query}`, [
        { resourceType: "DocumentReference", id: "1", content: [{ attachment: { contentType: "text/xml; charset=UTF-8" } }], relatesTo },
      ]),
    ).toBe(ids);
  });

  it.each([
    ["questionnaire=http://q", "1"],
    ["questionnaire=http://q|1.2", "1"],
    ["questionnaire=http://q|1", ""],
    ["questionnaire:below=http://q|1", "1"],
    ["questionnaire:below=http://q|2", ""],
    ["questionnaire:below=http://q", "1"],
  ])("an answer by %s finds: %s", (query, ids) => {
    expect(
      found(`QuestionnaireResponse?${query}`, [{ resourceType: "QuestionnaireResponse", id: "1", questionnaire: "http://q|1.2" }]),
    ).toBe(ids);
  });

  it.each([
    ["chromosome-variant-coordinate=c$lt10$gt15", "1"],
    ["chromosome-variant-coordinate=c$lt10$gt25", ""],
    ["chromosome-variant-coordinate=d$lt10$gt15", ""],
    ["chromosome-variant-coordinate=c$ne5$20", ""],
  ])("a sequence by %s finds: %s", (query, ids) => {
    const variant = [
      { start: 5, end: 20 },
      { start: 30, end: 40 },
    ];
    expect(
      found(`MolecularSequence?${query}`, [
        { resourceType: "MolecularSequence", id: "1", referenceSeq: { chromosome: concept("c") }, variant },
      ]),
    ).toBe(ids);
  });

  it.each([
    ["42.25|-83.69|11|km", "near"],
    ["42.25|-83.69|11000|m", "near"],
    ["42.25|-83.69|1|km", ""],
    ["42.25|-83.69", "near"],
    ["0|179.95|20|km", "beyond"],
    ["-89.99|0|100|km", "pole"],
  ])("a location near %s finds: %s", (near, ids) => {
    const at = (id: string, latitude: number, longitude: number) => ({ resourceType: "Location", id, position: { latitude, longitude } });
    const places = [
      at("near", 42.3, -83.6),
      at("far", 43.5, -83.6),
      at("beyond", 0, -179.95),
      at("pole", -89.95, 120),
      { resourceType: "Location", id: "nowhere" },
    ];
    expect(found(`Location?near=${near}`, places)).toBe(ids);
  });

  it.each([
    ["Maier", "meyer"],
    ["meier", "meyer"],
    ["Smith", "schmidt"],
    ["Kathrin Meyer", "meyer"],
    ["Meyer Smith", ""],
    ["Maier,Smith", "meyer schmidt"],
    ["Wang", ""],
    ["Иванов", "ivanov"],
    ["Mohamed", "arabic"],
    ["Muhammad Khelifi", "arabic"],
    ["Ahmed", ""],
    ["ماير", "meyer"],
  ])("a name that sounds like %s finds: %s", (name, ids) => {
    const patient = (id: string, family: string, given: string) => ({ resourceType: "Patient", id, name: [{ family, given: [given] }] });
    const people = [patient("meyer", "Meyer", "Catherine"), patient("schmidt", "Schmidt", "Ana"), patient("ivanov", "Иванов", "Пётр")];
    people.push(patient("arabic", "خليفي", "محمد"));
    expect(found(`Patient?phonetic=${name}`, people)).toBe(ids);
  });

  it("finds every place within a circle, and none beyond an eighth of its radius", () => {
    const radians = Math.PI / 180;
    const degreesBetween = ([a, b]: [number, number], [c, d]: [number, number]): number => {
      const [north, east] = [Math.sin(((c - a) * radians) / 2), Math.sin(((d - b) * radians) / 2)];
      const root = Math.sqrt(north ** 2 + Math.cos(a * radians) * Math.cos(c * radians) * east ** 2);
      return (2 * Math.asin(Math.min(1, root))) / radians;
    };
    const degrees = (most: number) =>
      fc.oneof(fc.integer({ min: -most, max: most }), fc.integer({ min: most - 4, max: most })).map((one) => one);
    const place = fc.tuple(degrees(90), degrees(180)) as fc.Arbitrary<[number, number]>;
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 179 }), (centre, other, reach) => {
        const [latitude, longitude] = other;
        const query = `Location?near=${centre.join("|")}|${Math.round(reach * 111.195 * 1_000)}|m`;
        const isFound = found(query, [{ resourceType: "Location", id: "it", position: { latitude, longitude } }]) === "it";
        const away = degreesBetween(centre, other);
        if (away < reach - 0.01) expect([query, other, isFound]).toEqual([query, other, true]);
        if (isFound && reach < 80) expect(away).toBeLessThanOrEqual(reach * 1.51);
      }),
      { numRuns: 3_000 },
    );
  });
});
