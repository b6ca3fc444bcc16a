import { jest } from "@jest/globals";
import { freshStore, stores } from "../../test/kit/stores.ts";
import { KEEP_LIMITS, KeptAnswers } from "./kept-answers.ts";

const HOUR_MS = 3_600_000;
const asked = (tx: string, fingerprint = "body") => ({ key: "k", fingerprint, tx: `desk~${tx}` });
const answer = { status: 201, body: "{}" };

describe.each(stores)("answers that are kept for their keys, in $name", (kit) => {
  const opened = freshStore(kit);
  const kept = (limits: Partial<typeof KEEP_LIMITS> = {}, gone: string[] = []) =>
    new KeptAnswers(opened.store, (tx) => gone.includes(tx), { ...KEEP_LIMITS, ...limits });
  afterEach(() => jest.restoreAllMocks());

  it("are returned for a day, after which the request is carried out again", async () => {
    const answers = kept();
    expect(await answers.begin(asked("1"))).toBeNull();
    await answers.keep(asked("1"), 0, [], answer);
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockReturnValue(now + 23 * HOUR_MS);
    expect(await answers.begin(asked("2"))).toMatchObject({ answer, tx: "desk~1" });
    clock.mockReturnValue(now + 25 * HOUR_MS);
    expect(await answers.begin(asked("3"))).toBeNull();
  });

  it("belong to one request: another with its key is refused, while it is handled and after", async () => {
    const answers = kept();
    await answers.begin(asked("1"));
    await expect(answers.begin(asked("2", "other"))).rejects.toMatchObject({ code: 422, type: "IDEMPOTENCY_KEY_REUSED" });
    await answers.keep(asked("1"), 0, [], answer);
    await expect(answers.begin(asked("2", "other"))).rejects.toMatchObject({ code: 422, type: "IDEMPOTENCY_KEY_REUSED" });
  });

  it("are waited for, for a limited time", async () => {
    await kept().begin(asked("1"));
    await expect(kept({ waitMs: 0 }).begin(asked("2"))).rejects.toMatchObject({
      code: 409,
      type: "IDEMPOTENCY_KEY_IN_USE",
      retryable: true,
    });
    const waiting = kept().begin(asked("2"));
    await kept().keep(asked("1"), 0, [], answer);
    expect(await waiting).toMatchObject({ answer, tx: "desk~1" });
  });

  it("are not waited for if their node is gone: what it had begun is aborted, and it can no longer keep an answer", async () => {
    const answers = kept({}, ["desk~1"]);
    await answers.begin(asked("1"));
    expect(await answers.begin(asked("2"))).toBeNull();
    await expect(answers.keep(asked("1"), 0, [], answer)).rejects.toMatchObject({ code: 503, type: "TRANSACTION_ABORTED" });
    expect(await answers.keep(asked("2"), 0, [], answer)).toMatchObject({ isOwn: true });
  });

  it("of two concurrent attempts one is kept", async () => {
    const other = { status: 200 };
    const [one, two] = await Promise.all([kept().keep(asked("1"), 0, [], answer), kept().keep(asked("2"), 0, [], other)]);
    expect([one.isOwn, two.isOwn].filter(Boolean)).toHaveLength(1);
    expect(one.answer).toEqual(two.answer);
  });

  it("are limited in number, in bytes, and each in its length", async () => {
    await expect(kept({ answers: 0 }).begin(asked("1"))).rejects.toMatchObject({ code: 503, type: "IDEMPOTENCY_KEYS_FULL" });
    await expect(kept({ bytes: 0 }).begin(asked("1"))).rejects.toMatchObject({ code: 503, type: "IDEMPOTENCY_KEYS_FULL" });
    const long = { status: 200, body: "x".repeat(5_000_000) };
    await expect(kept().keep(asked("1"), 0, [], long)).rejects.toMatchObject({ code: 413, type: "IDEMPOTENT_ANSWER_TOO_LARGE" });
    expect(await kept().begin(asked("1"))).toBeNull();
  });

  it("are counted once for all concurrent requests, and later in the background", async () => {
    const answers = kept({ answers: 1 });
    const usage = jest.spyOn(opened.store, "usage");
    const begun = Array.from({ length: 100 }, (_, n) => answers.begin({ ...asked(`${n}`), key: `k${n}` }));
    expect(await Promise.all(begun)).toEqual(begun.map(() => null));
    expect(usage).toHaveBeenCalledTimes(1);

    const now = performance.now();
    const clock = jest.spyOn(performance, "now").mockReturnValue(now + HOUR_MS);
    const counting = Promise.withResolvers<{ count: number; bytes: number }>();
    usage.mockReturnValueOnce(counting.promise);
    expect(await answers.begin({ ...asked("100"), key: "k100" })).toBeNull();
    expect(await answers.begin({ ...asked("101"), key: "k101" })).toBeNull();
    clock.mockReturnValue(now + 2 * HOUR_MS); // it counts from when it is there
    counting.resolve({ count: 1, bytes: 2 });
    await counting.promise;
    await expect(answers.begin({ ...asked("102"), key: "k102" })).rejects.toMatchObject({ code: 503, type: "IDEMPOTENCY_KEYS_FULL" });
    expect(usage).toHaveBeenCalledTimes(2);
  });

  it("are counted again by the next request if counting failed", async () => {
    const answers = kept();
    const lost = Object.assign(new Error("The store is closed."), { type: "STORE_UNAVAILABLE" });
    const usage = jest.spyOn(opened.store, "usage").mockRejectedValueOnce(lost);
    await expect(answers.begin(asked("1"))).rejects.toBe(lost);
    expect(await answers.begin(asked("1"))).toBeNull();
    const now = performance.now();
    jest.spyOn(performance, "now").mockReturnValue(now + HOUR_MS);
    usage.mockRejectedValueOnce(lost);
    expect(await answers.begin({ ...asked("2"), key: "k2" })).toBeNull();
    expect(await answers.begin({ ...asked("3"), key: "k3" })).toBeNull();
    expect(usage).toHaveBeenCalledTimes(4);
  });

  it("free their key if they are refusals", async () => {
    const answers = kept();
    await answers.begin(asked("1"));
    expect(await answers.cancel("k", asked("1").tx)).toBe("aborted");
    expect(await answers.begin(asked("2", "other"))).toBeNull();
  });

  it("are not waited for if their request was given up before its claim was stored; otherwise they are", async () => {
    const answers = kept({ waitMs: 0 });
    await answers.cancel("k", asked("1").tx);
    expect(await answers.begin(asked("1"))).toBeNull(); // it was late, and nobody carries it out
    expect(await answers.begin(asked("2", "other"))).toBeNull();
    await expect(answers.begin(asked("3", "other"))).rejects.toMatchObject({ code: 409, type: "IDEMPOTENCY_KEY_IN_USE" });
    expect(await answers.keep(asked("2", "other"), 0, [], answer)).toMatchObject({ isOwn: true });
  });
});
