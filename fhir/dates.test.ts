import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as fc from "fast-check";
import { intervalOf } from "./dates.ts";
import { nonNull } from "./non-null.ts";

const iso = (text: string) => intervalOf(text)?.map((end) => new Date(end).toISOString());

describe("a date", () => {
  it.each([
    ["2012", "2012-01-01T00:00:00.000Z", "2012-12-31T23:59:59.999Z"],
    ["2012-02", "2012-02-01T00:00:00.000Z", "2012-02-29T23:59:59.999Z"],
    ["2011-12", "2011-12-01T00:00:00.000Z", "2011-12-31T23:59:59.999Z"],
    ["2012-02-29", "2012-02-29T00:00:00.000Z", "2012-02-29T23:59:59.999Z"],
    ["2012-02-29T10:15", "2012-02-29T10:15:00.000Z", "2012-02-29T10:15:59.999Z"],
    ["2012-02-29T10:15:30Z", "2012-02-29T10:15:30.000Z", "2012-02-29T10:15:30.999Z"],
    ["2012-02-29T10:15:30.5Z", "2012-02-29T10:15:30.500Z", "2012-02-29T10:15:30.599Z"],
    ["2012-02-29T10:15:30.123Z", "2012-02-29T10:15:30.123Z", "2012-02-29T10:15:30.123Z"],
    ["2012-02-29T10:15:30.123456Z", "2012-02-29T10:15:30.123Z", "2012-02-29T10:15:30.123Z"],
    ["2012-02-29T23:30:00-05:00", "2012-03-01T04:30:00.000Z", "2012-03-01T04:30:00.999Z"],
    ["0001", "0001-01-01T00:00:00.000Z", "0001-12-31T23:59:59.999Z"],
    ["9999-12-31", "9999-12-31T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
  ])("%s lasts from %s to %s", (text, low, high) => {
    expect(iso(text)).toEqual([low, high]);
  });

  it.each([
    "",
    "2012-13",
    "2012-00",
    "2011-02-29",
    "2012-02-30",
    "2012-04-31",
    "12",
    "2012-1",
    "2012-01-01T24:00",
    "2012-01-01T10",
    "2012-01-01T10:60",
    "2012-01-01T10:00:00+15:00",
    "2012-01-01 10:00",
    "0000",
    "today",
  ])("%p is none", (text) => {
    expect(intervalOf(text)).toBeUndefined();
  });

  it("includes, at any precision, all instants whose text begins with it", () => {
    const instant = fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
    const lengths = fc.constantFrom(4, 7, 10, 16, 19, 21, 22, 23);
    fc.assert(
      fc.property(instant, lengths, (date, length) => {
        const text = date.toISOString().slice(0, length);
        const [low, high] = nonNull(intervalOf(text));
        const startsSo = (time: number) => new Date(time).toISOString().startsWith(text);
        expect([startsSo(low), startsSo(low - 1), startsSo(high), startsSo(high + 1)]).toEqual([true, false, true, false]);
      }),
    );
  });

  it("with an offset is the instant that it names", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1900-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (date, minutes) => {
          const shifted = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
          const pad = (part: number) => String(Math.trunc(part)).padStart(2, "0");
          const zone = `${minutes < 0 ? "-" : "+"}${pad(Math.abs(minutes) / 60)}:${pad(Math.abs(minutes) % 60)}`;
          expect(intervalOf(shifted + zone)).toEqual([date.getTime(), date.getTime()]);
        },
      ),
    );
  });

  it("does not depend on the server's time zone", () => {
    const script = `import { intervalOf } from ${JSON.stringify(join(import.meta.dirname, "dates.ts"))};
      console.log(JSON.stringify(["2012", "2012-03", "2012-03-25", "2012-03-25T02:30:00", "1970-01-01T00:00:00+02:00", "0050"].map(intervalOf)));`;
    const answers = ["UTC", "America/St_Johns", "Pacific/Kiritimati"].map((TZ) =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        env: { ...process.env, TZ, NODE_OPTIONS: "" },
        encoding: "utf8",
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(JSON.parse(nonNull(answers[0]))[2]).toEqual([Date.UTC(2012, 2, 25), Date.UTC(2012, 2, 26) - 1]);
  });
});
