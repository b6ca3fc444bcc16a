/** The answer to a request waits once for all that is recorded about it; what goes on behind it waits itself. */
import { unavailable } from "../store/store-error.ts";
import { beforeAnswer, whenRecorded } from "./audit-before-answer.ts";

/** Resolves to whether the promise has been settled when all that is ready has run. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await new Promise(setImmediate);
  return settled;
};

describe("the answer to a request of a signed-in person", () => {
  it("is shown when the entries of all owners that were read are on disk; none of the owners waits for its own", async () => {
    const [meta, patients, lab] = [{}, Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isAsked = false;
    const answer = whenRecorded(meta, async () => {
      await beforeAnswer({ ...meta }, patients.promise); // the meta of a call is a copy of the request's
      await beforeAnswer({ ...meta }, lab.promise);
      isAsked = true;
      return "two owners' answer";
    });
    expect(await isSettled(answer)).toBe(false);
    expect(isAsked).toBe(true);
    patients.resolve();
    expect(await isSettled(answer)).toBe(false);
    lab.resolve();
    expect(await answer).toBe("two owners' answer");
  });

  it("is refused if one of its entries cannot be recorded, whatever it would have been", async () => {
    const full = unavailable("The disk is full.");
    const refused = { type: "STORE_UNAVAILABLE" };
    const asking = (meta: object, end: () => string) =>
      whenRecorded(meta, async () => {
        await beforeAnswer(meta, Promise.reject(full));
        await beforeAnswer(meta, Promise.resolve());
        return end();
      });
    await expect(asking({}, () => "found")).rejects.toMatchObject(refused);
    const notFound = () => {
      throw new Error("not found");
    };
    await expect(asking({}, notFound)).rejects.toMatchObject(refused);
    await expect(whenRecorded({}, async () => notFound())).rejects.toThrow("not found");
  });

  it("is not made further while fifty entries are being written", async () => {
    const [meta, disk] = [{}, Promise.withResolvers<void>()];
    let read = 0;
    const answer = whenRecorded(meta, async () => {
      for (; read < 120; read += 1) await beforeAnswer(meta, disk.promise);
    });
    await isSettled(answer);
    expect(read).toBe(49);
    disk.resolve();
    await answer;
    expect(read).toBe(120);
  });

  it("is refused for an entry of its first fifty, also if it can do without the part that waited for them", async () => {
    const meta = {};
    const answer = whenRecorded(meta, async () => {
      await beforeAnswer(meta, Promise.reject(unavailable("The disk is full.")));
      let missing = 0;
      for (let read = 0; read < 60; read += 1) await beforeAnswer(meta, Promise.resolve()).catch(() => (missing += 1));
      return missing;
    });
    await expect(answer).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
  });

  it("is not all: what is read behind it, or for no request of a gateway of this process, waits itself", async () => {
    const [meta, disk] = [{}, Promise.withResolvers<void>()];
    await whenRecorded(meta, async () => "answered");
    const others = [
      beforeAnswer(meta, disk.promise),
      beforeAnswer(JSON.parse(JSON.stringify(meta)), disk.promise),
      beforeAnswer({}, disk.promise),
    ];
    expect(await Promise.all(others.map(isSettled))).toEqual([false, false, false]);
    disk.resolve();
    await Promise.all(others);
  });
});
