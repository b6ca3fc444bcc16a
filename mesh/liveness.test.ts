/** What a node makes of the silence of another: on a clock of the test's own, with the other nodes played by it. */
import { jest } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import { Liveness, SUSPECT } from "./liveness.ts";
import { watchedBy } from "./watchers.ts";

const OWN = "api-0000000000000000";
const WATCHED = "lab-ffffffffffffffff";
const OTHERS = ["wards-1000000000000000", "visits-2000000000000000", "pharmacy-d000000000000000", "desk-e000000000000000", WATCHED];
/** Too far off on the ring for its heartbeats to come here. */
const FAR = "wards-1000000000000000";

let liveness: Liveness;
let present: Map<string, { id: string; available: boolean; local: boolean }>;
let asked: string[];
let told: unknown[];

beforeEach(() => {
  jest.useFakeTimers();
  present = new Map([OWN, ...OTHERS].map((id) => [id, { id, available: true, local: id === OWN }]));
  [asked, told] = [[], []];
  const nodes = {
    get: (id: string) => present.get(id),
    toArray: () => [...present.values()],
    disconnected: (id: string) => Object.assign(present.get(id) ?? {}, { available: false }),
  };
  const publish = async ({ type, target, payload }: { type: string; target: string; payload: object }) => {
    if (type === "PING") asked.push(target);
    else told.push([type, payload]);
  };
  const tx = { client: { isClosed: () => false, flush: async () => {} } };
  liveness = new Liveness({
    nodeID: OWN,
    registry: { nodes },
    transit: { publish, tx },
    generateUid: () => "1",
  } as unknown as ServiceBroker);
  liveness.start();
  for (const id of OTHERS) liveness.heard(id);
});

afterEach(() => {
  liveness.stop();
  jest.useRealTimers();
});

/** Time passes, in which the nodes that this one watches are heard, but for some; and those that are asked answer, but for the same. */
function pass(ms: number, silent: string[] = []): void {
  for (let at = 0; at < ms; at += 100) {
    jest.advanceTimersByTime(100);
    const answering = new Set([...watchedBy(OWN, OTHERS), ...asked]);
    for (const id of silent) answering.delete(id);
    for (const id of answering) if (present.get(id)?.available) liveness.heard(id);
  }
}

const isThere = (id: string) => present.get(id)?.available === true;

/** How long it takes until the registry has lost it, milliseconds. */
function timeToLose(id: string): number {
  let ms = 0;
  for (; isThere(id) && ms < 10_000; ms += 100) pass(100, [id]);
  return ms;
}

describe("a watched node", () => {
  it("that falls silent is probed and announced as suspected, and without an answer it is lost within two seconds", () => {
    pass(20_000);
    expect([asked, told]).toEqual([[], []]); // whoever is heard is left in peace
    pass(1_300, [WATCHED]);
    expect([asked, told]).toEqual([[WATCHED], [[SUSPECT, { node: WATCHED }]]]);
    expect([liveness.isSuspect(WATCHED), isThere(WATCHED)]).toEqual([true, true]);
    pass(700, [WATCHED]);
    expect(isThere(WATCHED)).toBe(false);
  });

  it("is no longer suspected once any message of it arrives", () => {
    pass(20_000);
    pass(1_400, [WATCHED]);
    liveness.heard(WATCHED);
    expect(liveness.isSuspect(WATCHED)).toBe(false);
    pass(5_000);
    expect(isThere(WATCHED)).toBe(true);
  });

  it("has more time while it joins, but not when it hangs a second time", () => {
    expect(timeToLose(WATCHED)).toBeGreaterThanOrEqual(3_900);
    const back = present.get(WATCHED);
    pass(6_000, [WATCHED]);
    Object.assign(back ?? {}, { available: true });
    liveness.heard(WATCHED);
    pass(3_000);
    expect(timeToLose(WATCHED)).toBeLessThanOrEqual(2_000);
  });
});

describe("a node that is not watched", () => {
  it("may be silent; if another node suspects it, it is probed, and only its answer counts", () => {
    pass(20_000);
    liveness.noteSuspicion(FAR);
    pass(3_000);
    expect([asked, isThere(FAR)]).toEqual([[FAR], true]);
    liveness.noteSuspicion(FAR);
    pass(1_000, [FAR]);
    expect(isThere(FAR)).toBe(false);
  });

  it("is not probed again and again, however often another node suspects it", () => {
    pass(20_000);
    for (let times = 0; times < 100; times += 1) liveness.noteSuspicion(FAR);
    expect(asked).toEqual([FAR]);
  });

  it("that does not answer a call is probed after 300 ms, gets no more calls, and is lost within two seconds", () => {
    pass(20_000);
    liveness.called(FAR);
    pass(600, [FAR]);
    expect([asked, liveness.isSuspect(FAR), told]).toEqual([[FAR], true, []]); // it may only be busy
    pass(1_400, [FAR]);
    expect([isThere(FAR), told]).toEqual([false, [[SUSPECT, { node: FAR }]]]); // when it is back it says so to all
  });

  it("may be slow to answer", () => {
    pass(20_000);
    liveness.called(FAR);
    pass(8_000);
    expect([asked, isThere(FAR)]).toEqual([[FAR], true]);
  });
});

describe("a node that was too busy to receive messages", () => {
  it("does not take others for lost", () => {
    pass(20_000);
    const now = jest.spyOn(performance, "now");
    const late = performance.now() + 1_500; // its event loop stood still: the next tick comes late
    now.mockImplementation(() => late);
    jest.advanceTimersToNextTimer();
    now.mockRestore();
    expect(OTHERS.every(isThere)).toBe(true);
    expect(asked).toEqual([]);
  });
});

describe("a node that received no messages", () => {
  /** What promises have to do is done. */
  const settled = () => jest.advanceTimersByTimeAsync(0);
  beforeEach(() => pass(20_000));

  it("for some seconds accepts no call sent meanwhile, and none until the nodes that it took for lost are back", async () => {
    const begun = performance.now();
    expect(liveness.mayBeRepeated(begun)).toBe(false);
    jest.advanceTimersByTime(5_000);
    // What it has begun before, others may have done by now.
    expect([isThere(WATCHED), liveness.isCatchingUp, liveness.mayBeRepeated(begun)]).toEqual([false, false, true]);
    for (const id of OTHERS) if (id !== WATCHED) liveness.heard(id);
    expect([liveness.isCatchingUp, liveness.mayBeRepeated(begun)]).toEqual([true, true]);
    for (const id of OTHERS) if (id !== WATCHED) Object.assign(present.get(id) ?? {}, { available: true });
    await settled();
    expect(liveness.isCatchingUp).toBe(true);
    Object.assign(present.get(WATCHED) ?? {}, { available: true });
    await jest.advanceTimersByTimeAsync(100);
    expect(liveness.isCatchingUp).toBe(false);
  });

  it("waits at most a second and a half for nodes that do not come back", async () => {
    jest.advanceTimersByTime(5_000);
    liveness.heard(FAR);
    await jest.advanceTimersByTimeAsync(1_300);
    expect(liveness.isCatchingUp).toBe(true);
    await jest.advanceTimersByTimeAsync(400);
    expect([liveness.isCatchingUp, isThere(WATCHED)]).toEqual([false, false]);
  });

  it("for one second continues, but checks before each write whether another node has made it", async () => {
    expect(liveness.mayBeRepeated(performance.now())).toBe(false);
    jest.advanceTimersByTime(900);
    liveness.heard(FAR);
    expect([liveness.isCatchingUp, liveness.mayBeRepeated(performance.now())]).toEqual([false, true]);
    pass(11_000);
    expect(liveness.mayBeRepeated(performance.now())).toBe(false);
  });

  it("because it was stopped for less than a second checks too, whatever it notices first: a message, the time, or nothing yet", () => {
    for (const notice of [() => liveness.heard(FAR), () => jest.advanceTimersToNextTimer(), () => {}]) {
      pass(11_000);
      expect(liveness.mayBeRepeated(performance.now())).toBe(false);
      const now = jest.spyOn(performance, "now");
      const late = performance.now() + 900;
      now.mockImplementation(() => late);
      notice();
      expect([liveness.isCatchingUp, liveness.mayBeRepeated(late)]).toEqual([false, true]);
      now.mockRestore();
    }
  });

  it("checks with no other node if it is the only one", () => {
    const alone = new Liveness({ nodeID: OWN } as unknown as ServiceBroker);
    jest.advanceTimersByTime(60_000);
    expect(alone.mayBeRepeated(performance.now())).toBe(false);
  });
});
