import { headerText, noneExistCriteria } from "./condition.ts";

const BASE = "https://ehr.example/fhir";
const criteria = (given: string, type = "Patient") => noneExistCriteria(given, type, [BASE]);

describe("the condition of a conditional create", () => {
  it.each([
    "identifier=urn:a|1",
    "?identifier=urn:a|1",
    "Patient?identifier=urn:a|1",
    "/Patient?identifier=urn:a|1",
    `${BASE}/Patient?identifier=urn:a|1`,
    " Patient?identifier=urn:a|1 ",
  ])("is taken as clients send it: %s", (given) => expect(criteria(given)).toBe("identifier=urn:a|1"));

  it("keeps a question mark and a plus in a value", () => {
    expect(criteria("identifier=http://a/b?c|1")).toBe("identifier=http://a/b?c|1");
    expect(criteria("Patient?identifier=http://a/b?Patient?|1")).toBe("identifier=http://a/b?Patient?|1");
    expect(criteria("url=http://a/Library?x", "Library")).toBe("url=http://a/Library?x");
    expect(criteria("telecom=+39 055")).toBe("telecom=%2B39 055");
  });

  it.each([
    ["another type", "Observation?identifier=1"],
    ["another server", "https://other.example/fhir/Patient?identifier=1"],
    ["another base of this server", "https://ehr.example/Patient?identifier=1"],
    ["no type behind the base", `${BASE}/?identifier=1`],
    ["a path without criteria", "/Patient"],
    ["an address without criteria", `${BASE}/Patient`],
  ])("is refused with %s", (_, given) => expect(() => criteria(given)).toThrow(expect.objectContaining({ status: 400 })));

  it("is decoded as UTF-8 if it is, and otherwise unchanged", () => {
    expect(headerText(Buffer.from("family=Äб").toString("latin1"))).toBe("family=Äб");
    expect(headerText("family=Ä")).toBe("family=Ä");
    expect(headerText("family=A")).toBe("family=A");
  });
});
