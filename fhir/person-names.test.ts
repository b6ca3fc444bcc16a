/** Whether words are a person's name, as they are written in a hospital. */
import { familyNamesIn, isSameName, matchOfName, nameWords, type NameMatch } from "./person-names.ts";
import type { Resource } from "./resource.ts";

const house = { resourceType: "Practitioner", name: [{ family: "House", given: ["Gregory", "J."] }] } as Resource;
const salma = { resourceType: "Practitioner", name: [{ family: "بن علي", given: ["سلمى"] }, { text: "Salma Ben Ali" }] } as Resource;

describe("the words of a name", () => {
  it.each<[string, Resource, NameMatch]>([
    ["Gregory House", house, "whole"],
    ["HOUSE, G.", house, "whole"],
    ["Dr. House", house, "family"],
    ["House", house, "family"],
    ["House Laboratories", house, undefined],
    ["Gregory", house, undefined],
    ["Wilson", house, undefined],
    ["", house, undefined],
    ["الدكتورة سلمى بن على", salma, "whole"],
    ["Dr Salma Ben-Ali", salma, "whole"],
    ["Salma", salma, undefined],
    ["x", { resourceType: "Practitioner" } as Resource, undefined],
    ["x", { resourceType: "Practitioner", name: [null, { family: 5 }] } as unknown as Resource, undefined],
  ])("%j are %j's: %j", (words, person, expected) => {
    expect(matchOfName(nameWords(words), person)).toBe(expected);
  });

  it("are looked for by each family name that they may hold", () => {
    expect(familyNamesIn(nameWords("Dr. Inés Carreño Quiñones"))).toEqual([
      "ines",
      "ines carreno",
      "ines carreno quinones",
      "carreno",
      "carreno quinones",
      "quinones",
    ]);
    expect(familyNamesIn(nameWords("a ".repeat(1_000))).length).toBeLessThan(40);
  });

  it.each([
    ["Dr Rossi", true],
    ["A. Rossi", true],
    ["Ada Rossi, cardiology", true],
    ["Bruno Rossi", false],
    ["House", false],
    ["", true],
  ])("%j are Ada Rossi's own: %j", (words, expected) => {
    expect(isSameName(nameWords(words), nameWords("Ada Rossi"))).toBe(expected);
  });
});
