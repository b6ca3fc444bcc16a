import { textContentOf } from "./text-content.ts";

const narrativeOf = (xhtml: string): string => textContentOf({ text: { div: xhtml } })[1];

describe("the content of a resource", () => {
  it("has the narratives of its sections, of contained resources and of those in a Bundle; its own narrative is that of the whole", () => {
    const text = (word: string) => ({ status: "generated", div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${word}</p></div>` });
    const composition = {
      resourceType: "Composition",
      title: "Letter",
      text: text("own"),
      section: [{ title: "Plan", text: text("rest") }],
    };
    const [content, narrative] = textContentOf(composition);
    expect([content.split(" ").sort(), narrative]).toEqual([["Letter", "Plan", "own", "rest"], "own"]);
    expect(textContentOf({ resourceType: "Bundle", entry: [{ resource: composition }] })).toEqual([
      expect.stringMatching(/\bown\b.*\brest\b/),
      "",
    ]);
  });
});

describe("the text of a narrative", () => {
  it.each([
    ["<div><p>Glucose <b>high</b></p><p>again</p></div>", "Glucose high again"],
    ["<div>a<br/><br/>b</div>", "a b"],
    ["<div>5 &lt; 6 &amp;&nbsp;7</div>", "5 < 6 & 7"],
    ["<div>1 < 2, and no end", "1 < 2, and no end"],
    ["<div>a</div> <", "a <"],
    ["", ""],
  ])("of %s is %s", (xhtml, text) => expect(narrativeOf(xhtml)).toBe(text));

  it("is found whatever the number of tags, in time that grows with its length", () => {
    const begun = process.cpuUsage().user;
    for (const many of ["<br/>", "<b>x</b>", "<", ">", "<b", " "]) {
      expect(narrativeOf(`<div>${many.repeat(1_000_000)}</div>`).length).toBeLessThanOrEqual(100_000);
    }
    expect((process.cpuUsage().user - begun) / 1_000).toBeLessThan(4_000);
    expect(narrativeOf(`<div>${"<i></i>".repeat(500_000)}end</div>`)).toBe("end");
  });

  it("is read to a million characters, wherever tags end", () => {
    expect(narrativeOf(`<div>${" ".repeat(999_000)}end</div>`)).toBe("end");
    expect(narrativeOf(`<div>${" ".repeat(1_100_000)}end</div>`)).toBe("");
    for (const before of [99_990, 99_999, 100_000, 100_001, 199_995]) {
      const xhtml = `${" ".repeat(before)}1 > 0 <b title="${"y".repeat(150_000)}">end</b> 1 < 2`;
      expect(narrativeOf(xhtml)).toBe("1 > 0 end 1 < 2");
    }
  });
});
