import { jest } from "@jest/globals";
import { Reclaim } from "./reclaim.ts";

const MB = 1024 * 1024;

describe("the memory of finished requests", () => {
  let collected: number;
  let reclaim: Reclaim;
  beforeEach(() => {
    jest.useFakeTimers();
    collected = 0;
    reclaim = new Reclaim(async () => {
      collected += 1;
    });
  });
  afterEach(() => {
    reclaim.stop();
    jest.useRealTimers();
  });
  const collectedAfter = (milliseconds: number): number => {
    jest.advanceTimersByTime(milliseconds);
    return collected;
  };

  it("comes back within a second if it is much", () => {
    for (const bytes of [40 * MB, 60 * MB, 50 * MB]) reclaim.note(bytes);
    expect([collectedAfter(990), collectedAfter(20), collectedAfter(60_000)]).toEqual([0, 1, 1]);
  });

  it("comes back if it is less, once there was no such request for ten seconds", () => {
    for (let count = 0; count < 4; count++) {
      reclaim.note(20 * MB);
      expect(collectedAfter(5_000)).toBe(0);
    }
    expect([collectedAfter(4_990), collectedAfter(20), collectedAfter(60_000)]).toEqual([0, 1, 1]);
    reclaim.note(9 * MB);
    expect(collectedAfter(10_010)).toBe(2);
  });

  it("comes back within a second if it becomes much while it waits", () => {
    reclaim.note(20 * MB);
    collectedAfter(2_000);
    reclaim.note(90 * MB);
    expect([collectedAfter(1_010), collectedAfter(60_000)]).toEqual([1, 1]);
  });

  it("is left to V8 if it is little", () => {
    for (let count = 0; count < 1_000; count++) reclaim.note(100_000);
    reclaim.note(7 * MB);
    expect(collectedAfter(60_000)).toBe(0);
  });
});
