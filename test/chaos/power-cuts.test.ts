/** The whole machine loses its power, several times. */
import { cutPower } from "./power-cuts.ts";

describe("a power cut while clients work", () => {
  it("loses nothing that was confirmed, doubles nothing, and leaves each transaction whole or not there", async () => {
    const times = [0.3, 0.8];
    const report = await cutPower({ cuts: times.length, clients: 6 }, () => times.shift() ?? 0.5);
    expect({ ...report.judgement, wrong: report.wrong }).toEqual({ lost: [], doubled: [], half: [], wrong: [] });
    expect(report.confirmed).toBeGreaterThan(0);
  }, 180_000);
});
