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
    expect(matchOfName(words, person)).toBe(expected);
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

  const person = (family: string, ...given: string[]) => ({ resourceType: "Practitioner", name: [{ family, given }] }) as Resource;
  const smith = person("Smith", "Jane");
  const martin = person("Martin", "Claire");
  const haddad = person("حداد", "ليلى");
  const doctor = person("Doctor", "Jane");
  const pastor = person("Pastor", "Ana");
  const sister = person("Sister", "Anna");

  it.each<[string, Resource, NameMatch]>([
    // What claims to be one of the staff.
    ["Smith", smith, "family"],
    ["Dr Smith", smith, "family"],
    ["Nurse Smith", smith, "family"],
    ["Sister Smith", smith, "family"],
    ["Smith, RN", smith, "family"],
    ["Smith, nurse", smith, "family"],
    ["signed by Dr. Smith", smith, "family"],
    ["Mrs Dr Smith", smith, "family"],
    ["Mrs Jane Smith", smith, "whole"],
    ["Dr Jane Smith, her mother is here", smith, "whole"],
    ["Le docteur Martin", martin, "family"],
    ["sage-femme Martin", martin, "family"],
    ["Mme le Dr Martin", martin, "family"],
    ["Mme Claire Martin", martin, "whole"],
    ["الدكتورة حداد", haddad, "family"],
    ["الممرضة حداد", haddad, "family"],
    ["السيدة ليلى حداد", haddad, "whole"],
    // Who is a relative, or anybody.
    ["Mrs Smith", smith, undefined],
    ["Mr Smith", smith, undefined],
    ["Smith, mother", smith, undefined],
    ["mother Smith", smith, undefined],
    ["Jane Smith (mother)", smith, undefined],
    ["Jane Smith, sister", smith, undefined],
    ["family Smith", smith, undefined],
    ["the patient's husband Smith", smith, undefined],
    ["Mme Martin", martin, undefined],
    ["M. Martin", martin, undefined],
    ["la m\u00e8re, Mme Martin", martin, undefined],
    ["Claire Martin (fille)", martin, undefined],
    ["sa femme, Claire Martin", martin, undefined],
    ["السيدة حداد", haddad, undefined],
    ["الأم ليلى حداد", haddad, undefined],
    ["والدة المريض حداد", haddad, undefined],
    ["ليلى حداد (أخت)", haddad, undefined],
    // Family names that are titles, or ordinary words.
    ["Jane Doctor", doctor, "whole"],
    ["Doctor, Jane", doctor, "whole"],
    ["Dr. Doctor", doctor, "family"],
    ["Doctor", doctor, undefined],
    ["the doctor", doctor, undefined],
    ["Doctor Wilson", doctor, undefined],
    ["Doctor Jane", doctor, undefined],
    ["Pastor", pastor, undefined],
    ["the pastor", pastor, undefined],
    ["Pastor Wilson", pastor, undefined],
    ["Dr Pastor", pastor, "family"],
    ["Ana Pastor", pastor, "whole"],
    ["Sister", sister, undefined],
    ["Sister Anna", sister, undefined],
    ["her sister", sister, undefined],
    ["Anna Sister", sister, "whole"],
    ["Nurse Sister", sister, "family"],
  ])("%j claim to be %j: %j", (words, one, expected) => {
    expect(matchOfName(words, one)).toBe(expected);
  });

  it.each([
    ["Jane Doctor", ["jane", "doctor"]],
    ["Dr. Doctor", ["doctor"]],
    ["Doctor, Jane", ["doctor", "jane"]],
  ])("are looked for by a family name that is a title: %s", (words, expected) => {
    expect(nameWords(words)).toEqual(expected);
  });
});
