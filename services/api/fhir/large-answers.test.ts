import { mayBeLarge } from "./large-answers.ts";
import { pairsOf, pathOf } from "./request.ts";

describe("a request whose answer may be large", () => {
  const isLarge = (method: string, url: string): boolean => {
    const [path = "", search = ""] = url.split("?");
    return mayBeLarge({ method, path: pathOf(path), query: pairsOf(search) });
  };

  it.each([
    "Patient/1/_history?_count=1000",
    "Patient/_history?_count=201",
    "_history?_page=x",
    "Patient?_count=1&_count=1000",
    "Patient?_count=0x3e8",
    "Patient/_search?_count=+1000",
    "?_type=Patient&_count=500",
    "Patient?_id=1&_revinclude=*",
    "Patient?_id=1&_revinclude:iterate=Observation:subject",
    "Encounter?_include:iterate=Encounter:subject",
    "Encounter?_include=*",
    "Patient/1/$everything",
    "Patient/$everything",
    "Observation/$lastn?max=3",
    "Patient/1/*",
    "Patient/1/Observation?_count=1000",
  ])("takes its turn: %s", (url) => {
    expect(isLarge("GET", url)).toBe(true);
  });

  it.each<[string, string]>([
    ["GET", "Patient/1"],
    ["GET", "Patient/1/_history"],
    ["GET", "Patient/1/_history/2"],
    ["GET", "Patient?_count=200"],
    ["GET", "Encounter?_include=Encounter:subject&_count=20"],
    ["GET", "metadata"],
    ["POST", "Patient?_count=1000"],
    ["DELETE", "Patient?_count=1000"],
  ])("passes: %s %s", (method, url) => {
    expect(isLarge(method, url)).toBe(false);
  });
});
