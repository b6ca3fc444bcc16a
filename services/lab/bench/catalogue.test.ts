import { orderedIn, readCatalogue } from "./catalogue.ts";

const catalogue = readCatalogue(undefined);

describe("an order that another system has coded", () => {
  const [own, panel, test] = [
    { system: "urn:their:tests", code: "718-7", display: "Hb" },
    { system: catalogue.system, code: "58410-2" },
    { system: catalogue.system, code: "718-7" },
  ];

  it.each([
    ["the catalogue's test behind their own code", [own, test], test],
    ["the catalogue's panel", [panel], panel],
    ["their own code, if the catalogue has none of them", [own, { system: catalogue.system, code: "1-8" }], own],
  ])("is for %s", (_, coding, meant) => {
    expect(orderedIn(catalogue, { coding })).toEqual(meant);
  });

  it("in words only is for no test", () => {
    expect([orderedIn(catalogue, { text: "blood" }), orderedIn(catalogue, undefined)]).toEqual([undefined, undefined]);
  });
});
