/** The whole machine loses its power (npm run chaos -- --cuts 50: several times). */
import { cutPower } from "./power-cuts.ts";

describe("a power cut while clients work", () => {
  it("loses nothing that was confirmed, duplicates nothing, and leaves each transaction complete or absent", async () => {
    const report = await cutPower({ cuts: 1, clients: 6 }, () => 0.5);
    expect({ ...report.judgement, wrong: report.wrong }).toEqual({ lost: [], doubled: [], half: [], wrong: [] });
    expect(report.confirmed).toBeGreaterThan(0);
  });
});
