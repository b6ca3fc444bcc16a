import { AnswerSizes, kindOf } from "./answer-sizes.ts";

describe("the expected size of an answer", () => {
  it.each([
    ["/Patient/1?_format=json", "Patient/id"],
    ["/Patient/1", "Patient/id"],
    ["/Patient?name=a/b", "Patient"],
    ["/Patient/_search", "Patient/_search"],
    ["/Patient/1/_history/2", "Patient/id/_history"],
    ["/Patient/1/$everything?_count=1", "Patient/id/$everything"],
    ["/Patient/$everything", "Patient/$everything"],
    ["/metadata", "metadata"],
    ["", ""],
    ["?_page=a", ""],
  ])("is known for the kind of %s: %s", (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });

  it("is that of the largest recent one, and large if unknown", () => {
    const sizes = new AnswerSizes();
    expect(sizes.expected("Binary/id", 0)).toBeGreaterThan(1_000_000);
    sizes.note("Binary/id", 100, 0);
    expect(sizes.expected("Binary/id", 0)).toBeLessThan(20_000);
    sizes.note("Binary/id", 8_000_000, 0);
    sizes.note("Binary/id", 100, 1_000);
    expect(sizes.expected("Binary/id", 1_000)).toBeGreaterThan(7_000_000);
    expect(sizes.expected("Binary/id", 600_000)).toBeCloseTo(4_000_000, -4);
    expect(sizes.expected("Binary/id", 36_000_000)).toBeLessThan(20_000);
  });

  it("is kept for a limited number of kinds", () => {
    const sizes = new AnswerSizes();
    for (let kind = 0; kind < 3_000; kind++) sizes.note(`kind-${kind}`, 100, 0);
    expect(sizes.expected("kind-0", 0)).toBeGreaterThan(1_000_000);
    expect(sizes.expected("kind-2999", 0)).toBeLessThan(20_000);
  });
});
