import { Findings } from "./findings.ts";
import { asText } from "./text.ts";

describe("references that lead nowhere, and on which no act depends", () => {
  const reportOf = ({ told, counts, doubts, doubtful, unsettled, leftByUnmerge, dangling, danglingElsewhere }: Findings) => ({
    ...{ at: "2026-01-01T00:00:00Z", seconds: 1, resources: 200, findings: told, counts, doubts, doubtful },
    ...{ unsettled, leftByUnmerge, dangling, danglingElsewhere },
  });

  it("are counted, the first are listed, and one is named: no fault", () => {
    const found = new Findings();
    expect(asText(reportOf(found))).not.toMatch(/lead to/);
    for (let n = 1; n <= 150; n += 1) found.addDangling({ from: `Encounter/${n}`, to: "Practitioner/nowhere" });
    const report = reportOf(found);
    expect([report.danglingElsewhere, report.dangling.length, report.dangling[99]?.from]).toEqual([150, 100, "Encounter/100"]);
    expect(asText(report)).toMatch(/no fault found.*\n150 references lead .* that of Encounter\/1 to Practitioner\/nowhere .*--json/);
  });
});
