import { Writable } from "node:stream";
import { Progress, summaryOf, time } from "./progress.ts";

const counts = { written: 1_200, found: 0, skipped: 0, unknown: 0, failed: 0, files: 3, bytes: 25 };

function screen(terminal: object): { out: Writable; said: () => string } {
  let text = "";
  const out = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return { out: Object.assign(out, terminal), said: () => text };
}

describe("the progress of an import", () => {
  let clock = 0;
  beforeEach(() => {
    clock = 1_000; // milliseconds
    jest.spyOn(performance, "now").mockImplementation(() => clock);
  });
  afterEach(() => jest.restoreAllMocks());

  it("is a bar on a terminal, with rate and time left, that fits its line", () => {
    const { out, said } = screen({ isTTY: true, columns: 120 });
    const progress = new Progress({ files: 12, bytes: 100 }, out as never);
    clock += 10_000;
    progress.show(counts);
    expect(said()).toBe(`\r${"█".repeat(6)}${"░".repeat(18)} 25%  3/12 files, 1,200 resources, 120/s, 30 s left\x1b[K`);
    progress.say("failed  a.json: 422");
    expect(said()).toMatch(/\r\x1b\[Kfailed {2}a\.json: 422\n$/); // the line takes the bar's place
    const narrow = screen({ isTTY: true, columns: 30 });
    const other = new Progress({ files: 12, bytes: 100 }, narrow.out as never);
    clock += 10_000;
    other.show(counts);
    expect(narrow.said().replace(/\r|\x1b\[K/g, "")).toHaveLength(29);
  });

  it("is a plain line every five seconds otherwise", () => {
    const { out, said } = screen({});
    const progress = new Progress({ files: 12, bytes: 100 }, out as never);
    for (let second = 0; second < 11; second += 1) {
      clock += 1_000;
      progress.show(counts);
    }
    expect(said().split("\n").slice(0, -1)).toEqual([
      "25%  3/12 files, 1,200 resources, 240/s, 15 s left",
      "25%  3/12 files, 1,200 resources, 120/s, 30 s left",
    ]);
  });

  it.each([
    [0.2, "1 s"],
    [59, "59 s"],
    [75, "1 min 15 s"],
    [7_300, "2 h 1 min"],
  ])("tells %d seconds as %s", (seconds, told) => expect(time(seconds)).toBe(told));

  it("ends with the numbers of written, existing and failed resources, and what a second run would duplicate", () => {
    expect(summaryOf({ ...counts, written: 0, skipped: 1 }, 2)).toBe("Nothing written; 1 bundle was already there.");
    expect(summaryOf({ ...counts, found: 1, failed: 2, unknown: 2 }, 2)).toBe(
      "1,200 resources written in 2.0 s (600/s); 1 resource was already there; 2 failed. 2 bundles have no identifier to be known by: a second import would double them.",
    );
  });
});
