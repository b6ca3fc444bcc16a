/** Whether words are a person's name, as they are written in a hospital. */
import { familyNamesIn, isSameName, matchOfName, nameWords, type NameMatch } from "./person-names.ts";
import type { Resource } from "./resource.ts";
import { fold } from "./search/fold.ts";

const house = { resourceType: "Practitioner", name: [{ family: "House", given: ["Gregory", "J."] }] } as Resource;
const salma = { resourceType: "Practitioner", name: [{ family: "بن علي", given: ["سلمى"] }, { text: "Salma Ben Ali" }] } as Resource;

const brien = { resourceType: "Practitioner", name: [{ family: "O'Brien-Smith", given: ["Anne-Marie"] }] } as Resource;

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
    ["Anne-Marie O'Brien-Smith", brien, "whole"],
    ["A.-M. O\u2019Brien Smith", brien, "whole"],
    ["Annemarie OBrienSmith", brien, "whole"],
    ["O'Brien-Smith", brien, "family"],
    ["Anne-Marie Smith", brien, undefined],
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
      "inescarreno",
      "ines carreno quinones",
      "inescarrenoquinones",
      "carreno",
      "carreno quinones",
      "carrenoquinones",
      "quinones",
    ]);
    expect(familyNamesIn(nameWords("a b c d e f g h ".repeat(1_000))).length).toBeLessThan(80);
  });

  it.each(["O'Brien", "Dupont-Martin", "Al-Sayed", "El\u2011Amin"])("are looked for as a search has them: %s", (family) => {
    expect(familyNamesIn(nameWords(`Dr. A. ${family}`))).toContain(fold(family));
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
