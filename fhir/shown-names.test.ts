import type { HumanName } from "./r4.ts";
import { isFormer, namesInOrder, nameText } from "./shown-names.ts";

describe("the names of a person", () => {
  const cases: [string, HumanName[], string][] = [
    ["the official name", [{ use: "maiden", family: "Blanc" }, { family: "Noir" }, { use: "official", family: "Roux" }], "Roux,Noir,Blanc"],
    ["a name without a use", [{ use: "old", family: "Blanc" }, { use: "nickname", given: ["Jo"] }, { family: "Noir" }], "Noir,Jo,Blanc"],
    ["a former name of a person who has no other", [{ use: "maiden", family: "Blanc" }], "Blanc"],
    ["the name that was written", [{ family: "Noir", given: ["Ada"], text: "Ada de Noir" }], "Ada de Noir"],
  ];
  it.each(cases)("begin with %s", (_, names, shown) => {
    expect(namesInOrder(names).map(nameText).join()).toBe(shown);
  });

  it("are former ones by their use", () => {
    const names: HumanName[] = [{ use: "old" }, { use: "maiden" }, { use: "temp" }, {}];
    expect(names.map(isFormer)).toEqual([true, true, false, false]);
  });
});
