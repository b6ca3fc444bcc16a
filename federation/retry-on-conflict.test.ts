import { setImmediate as turn } from "node:timers/promises";
import { WriteConflict, retryOnConflict } from "./retry-on-conflict.ts";

/** A resource that is read, thought about and written, if nobody else has written it since. */
function resource() {
  const state = { version: 0, attempts: 0 };
  const write = async () => {
    state.attempts += 1;
    const seen = state.version;
    await turn();
    await turn();
    if (state.version !== seen) throw new WriteConflict();
    state.version += 1;
    return state.version;
  };
  return { state, write };
}
const givenUp = () => new Error("Given up.");
const some = 32;

describe("writes without a condition on the version", () => {
  it("are all carried out, with at most three attempts each", async () => {
    const { state, write } = resource();
    const versions = await Promise.all(Array.from({ length: some }, () => retryOnConflict(() => ["Patient/1"], write, givenUp)));
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: some }, (_, index) => index + 1));
    expect(state.attempts).toBeLessThanOrEqual(some * 3);
  });

  it("do not wait for writes of other resources", async () => {
    const [busy, other] = [resource(), resource()];
    let isOpen = false;
    const blocked = async () => {
      if (!isOpen) throw new WriteConflict();
      return busy.write();
    };
    const waiting = [1, 2].map(() => retryOnConflict(() => ["Patient/1", "Patient?identifier=1"], blocked, givenUp));
    await retryOnConflict(() => ["Patient/2"], other.write, givenUp);
    expect(other.state.attempts).toBe(1);
    isOpen = true;
    expect((await Promise.all(waiting)).sort()).toEqual([1, 2]);
  });

  it("do not block others when they fail", async () => {
    const { write } = resource();
    const failing = () => Promise.reject(new Error("Not valid."));
    const overtakenOnce = (count: number) => (count === 1 ? Promise.reject(new WriteConflict()) : failing());
    const first = retryOnConflict(() => ["Patient/1"], overtakenOnce, givenUp);
    const second = retryOnConflict(
      () => ["Patient/1"],
      (count) => (count === 1 ? Promise.reject(new WriteConflict()) : write()),
      givenUp,
    );
    await expect(first).rejects.toThrow("Not valid.");
    expect(await second).toBe(1);
  });
});
