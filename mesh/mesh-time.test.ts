import { MeshTime } from "./mesh-time.ts";
import { clockFault } from "./watch-clock.ts";

const HOUR_MS = 3_600_000;

describe("the mesh's time", () => {
  let [wall, passed] = [0, 0];
  let time: MeshTime;
  const pass = (ms: number) => {
    wall += ms;
    passed += ms;
  };
  beforeEach(() => {
    [wall, passed] = [1_000 * HOUR_MS, 5_000];
    time = new MeshTime({ wall: () => wall, monotonic: () => passed });
  });

  it.each([-HOUR_MS, HOUR_MS])("goes on when the clock is set by %d ms, as long as other nodes agree", (by) => {
    time.heard(wall + 100);
    const before = wall;
    wall += by;
    for (let minutes = 1; minutes <= 120; minutes += 1) {
      pass(60_000);
      expect(time.now()).toBe(before + minutes * 60_000);
      time.heard(before + minutes * 60_000 - 2_000);
    }
    expect([time.isNow(before + 120 * 60_000), time.isNow(wall), time.isNow(wall + by)]).toEqual([true, true, false]);
  });

  it.each([
    [-HOUR_MS, "the clock is 60 min behind"],
    [90_000, "the clock is 2 min ahead"],
    [-2_500, "the clock is 1 min behind"],
    [1_000, undefined],
  ])("is told beside a clock that was set by %d ms, until the clock is right again", (by, told) => {
    time.heard(wall);
    expect([time.offMs(), clockFault(time)]).toEqual([0, undefined]);
    wall += by;
    expect([time.offMs(), clockFault(time)]).toEqual([told === undefined ? 0 : by, told]);
    wall -= by;
    expect([time.offMs(), clockFault(time)]).toEqual([0, undefined]);
  });

  it("is the clock's where there are no other nodes, or none any more", () => {
    wall += HOUR_MS;
    expect(time.now()).toBe(wall);
    time.heard(wall);
    wall -= HOUR_MS;
    expect(time.now()).toBe(wall + HOUR_MS);
    pass(60_001);
    expect(time.now()).toBe(wall);
  });

  it("is the clock's again when other nodes agree with that: it was wrong at the start, or the machine has slept", () => {
    time.heard(wall);
    wall += HOUR_MS;
    time.now();
    time.heard(wall);
    expect(time.now()).toBe(wall);
    time.heard(wall + 10 * HOUR_MS);
    expect(time.now()).toBe(wall);
  });

  it("is the clock's again after a minute where all clocks were set, as on one machine", () => {
    const other = new MeshTime({ wall: () => wall, monotonic: () => passed });
    const talk = () => {
      time.heard(other.stated());
      other.heard(time.stated());
    };
    talk();
    const before = wall;
    wall -= HOUR_MS;
    for (let seconds = 0; seconds < 60; seconds += 10) {
      talk();
      expect([time.now(), time.earliest()]).toEqual([before + seconds * 1_000, wall]);
      pass(10_000);
    }
    pass(1);
    expect([time.now(), other.now()]).toEqual([wall, wall]);
  });

  it("is told to other nodes as a time that vouches for theirs, only while it is the clock's", () => {
    expect(time.stated() % 2).toBe(0);
    time.heard(wall);
    wall += HOUR_MS;
    expect(time.stated() % 2).toBe(1);
    pass(60_001);
    expect(Math.abs(time.stated() - wall)).toBeLessThan(2);
    expect(time.stated() % 2).toBe(0);
  });

  it("follows a clock that is adjusted in small steps", () => {
    for (let count = 0; count < 100; count += 1) {
      time.heard(wall);
      wall += 1_500;
      expect(time.now()).toBe(wall);
    }
  });
});
