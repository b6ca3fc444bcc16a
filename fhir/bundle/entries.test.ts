import { isRepeatable } from "./entries.ts";

describe("a transaction that lost its coordinator", () => {
  it("is begun anew where its entries may be carried out twice", () => {
    const ifNoneExist = "identifier=urn:x|1";
    for (const entry of [{ method: "GET" }, { method: "POST", ifNoneExist }, { method: "PUT" }, { method: "DELETE" }] as const) {
      expect(isRepeatable(entry)).toBe(true);
    }
    const [ifMatch, ifNoneMatch] = ['W/"3"', "*"];
    for (const entry of [
      { method: "POST" }, // a second resource
      { method: "PATCH" }, // a second name added
      { method: "PUT", ifMatch },
      { method: "PUT", ifNoneMatch },
      { method: "DELETE", ifMatch },
    ] as const) {
      expect(isRepeatable(entry)).toBe(false);
    }
  });
});
