import { generate } from "otplib";
import { collections } from "../../../test/kit/collection.ts";
import { isPassword, loginOf, type StoredAccount, type StoredFailures, type StoredTicket } from "../identity.model.ts";
import { Passwords } from "./passwords.ts";
import { SecondFactor } from "./second-factor.ts";
import { pauseAfter, Throttle } from "./throttle.ts";

describe("a password", () => {
  it("is checked with the same work whether the account exists or not", async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash("four words make one");
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.matches("four words make one", hash)).toBe(true);
    expect(await passwords.matches("four words make two", hash)).toBe(false);
    expect(await passwords.matches("", undefined)).toBe(false);
  });

  it("waits for few others, and is refused if too many wait", async () => {
    const passwords = new Passwords(4);
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => passwords.matches("x", undefined)));
    const refused = tries.filter(({ status }) => status === "rejected");
    expect([4, 5]).toContain(refused.length); // one or two at once, by the machine's processors; 4 wait
    expect(refused[0]).toMatchObject({ reason: { code: 503, type: "SIGN_IN_BUSY", data: { retryAfter: 5 } } });
    expect(await passwords.matches("x", undefined)).toBe(false);
  });

  it.each([["short"], ["x".repeat(257)], ["  Rossi.Ada.1980 "]])("is not %j", (password) => {
    expect(isPassword(password, loginOf("rossi.ada.1980"))).toBe(false);
  });
});

describe("a client that guesses passwords", () => {
  const collection = collections();

  it("waits longer each time, up to half a minute", () => {
    expect([1, 4, 5, 6, 7, 8, 9, 10, 50].map((count) => pauseAfter(count, 5))).toEqual([
      0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
  });

  it("is slowed down by its address too, whatever names it tries, after which no more names are counted", async () => {
    const failures = await collection<StoredFailures>("names");
    const throttle = new Throttle(failures);
    const waits = [];
    for (let index = 0; index < 60; index += 1) waits.push(await throttle.begin({ login: `name${index}`, address: "10.0.0.1" }));
    expect(waits.findIndex((seconds) => seconds > 0)).toBe(50);
    expect(await failures.count()).toBe(51);
    expect(await throttle.begin({ login: "name1", address: "10.0.0.2" })).toBe(0);
  });

  it("does not delay others longer if a clock was set, or another node's is ahead", async () => {
    const throttle = new Throttle(await collection<StoredFailures>("clocks"));
    const [right, guessed] = [
      { login: "rossi", address: "10.0.0.1" },
      { login: "bianchi", address: "10.0.0.2" },
    ];
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockReturnValue(now + 300_000);
    await throttle.begin(right);
    await throttle.succeeded(right);
    for (let index = 0; index < 5; index += 1) await throttle.begin(guessed);
    clock.mockReturnValue(now);
    expect(await throttle.begin(right)).toBe(0);
    const wait = await throttle.begin(guessed);
    expect([wait > 0, wait <= 30]).toEqual([true, true]); // who guesses gains nothing by it
    clock.mockReturnValue(now - 86_400_000);
    expect(await throttle.begin(guessed)).toBe(0);
    clock.mockRestore();
  });

  it("gains nothing by concurrent attempts", async () => {
    const throttle = new Throttle(await collection<StoredFailures>("failures"));
    const waits = await Promise.all(Array.from({ length: 40 }, () => throttle.begin({ login: "rossi", address: "10.0.0.1" })));
    expect(waits.filter((seconds) => seconds === 0)).toHaveLength(5);
    expect(await throttle.begin({ login: "rossi", address: "10.0.0.2" })).toBeGreaterThan(0);
    expect(await throttle.begin({ login: "rossi", address: "10.0.0.1", device: "known" })).toBe(0);
    expect(await throttle.begin({ login: "bianchi", address: "10.0.0.1" })).toBe(0);
  });
});

describe("the second factor", () => {
  const collection = collections();

  it("accepts each code once, and each recovery code once", async () => {
    const accounts = await collection<StoredAccount>("accounts");
    const factor = new SecondFactor({ accounts, recoveryCodes: await collection<StoredTicket>("codes") } as never);
    const account = { _id: "1", login: "rossi" } as StoredAccount;
    await accounts.insert(account);
    const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    expect(await factor.start(account, secret, "000000")).toBeUndefined();
    const codes = (await factor.start(account, secret, await generate({ secret }))) ?? [];
    expect(codes).toHaveLength(10);
    const stored = (await accounts.findOne({ _id: "1" })) as StoredAccount;
    expect(await factor.take(stored, await generate({ secret }))).toBe(false); // it has set the app up
    const next = await generate({ secret, epoch: Math.floor(Date.now() / 1_000) + 30 });
    const uses = await Promise.all([next, next, next].map((code) => factor.take(stored, code)));
    expect(uses.filter(Boolean)).toHaveLength(1);
    const recovery = await Promise.all([1, 2, 3].map(() => factor.take(stored, (codes[0] ?? "").toLowerCase())));
    expect(recovery.filter(Boolean)).toHaveLength(1);
    expect(await factor.take(stored, "AAAA-BBBB-CCCC-DDDD")).toBe(false);
  });

  const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  const factorOf = async (login: string) => {
    const [accounts, recoveryCodes] = [
      await collection<StoredAccount>(`${login}-accounts`),
      await collection<StoredTicket>(`${login}-codes`),
    ];
    const account = { _id: login, login } as StoredAccount;
    await accounts.insert(account);
    return { factor: new SecondFactor({ accounts, recoveryCodes } as never), accounts, recoveryCodes, account };
  };

  it("is set up once, by the first of several pages, with the codes that it showed", async () => {
    const { factor, recoveryCodes, account } = await factorOf("neri");
    const code = await generate({ secret: SECRET });
    const sets = (await Promise.all([1, 2, 3].map(() => factor.start(account, SECRET, code)))).filter((set) => set !== undefined);
    expect(sets.map((set) => set.length)).toEqual([10]);
    expect(await recoveryCodes.count({})).toBe(10);
    expect(await factor.take(account, sets[0]?.[3] ?? "")).toBe(true);
  });

  describe("by the clock", () => {
    const NOW = 1_800_000_000_000; // the first millisecond of a step
    let clock: jest.SpyInstance;
    beforeEach(() => {
      clock = jest.spyOn(Date, "now").mockReturnValue(NOW);
    });
    afterEach(() => clock.mockRestore());
    const codeAt = (ms: number) => generate({ secret: SECRET, epoch: Math.floor(ms / 1_000) });
    const setUp = async (login: string) => {
      const { factor, accounts, account } = await factorOf(login);
      await accounts.updateMany({ _id: login }, { $set: { totpSecret: SECRET } });
      return async (ms: number) => factor.take({ ...account, totpSecret: SECRET }, await codeAt(ms));
    };

    it.each([
      ["first", NOW],
      ["last", NOW + 29_999],
    ])("takes the codes of the step before and after, and no others, in the %s moment of a step", async (at, now) => {
      clock.mockReturnValue(now);
      const take = await setUp(`edge-${at}`);
      const taken: boolean[] = [];
      for (const steps of [-3, -2, -1, 0, 1, 2, 3]) taken.push(await take(NOW + steps * 30_000));
      expect(taken).toEqual([false, false, true, true, true, false, false]);
      expect(await take(NOW)).toBe(false); // an older one than the last
    });

    it("locks nobody out after the clock was set back, and accepts no code a second time then", async () => {
      const take = await setUp("set-back");
      const ahead = NOW + 86_400_000;
      clock.mockReturnValue(ahead);
      expect(await take(ahead)).toBe(true);
      clock.mockReturnValue(NOW);
      expect([await take(NOW), await take(NOW), await take(NOW + 30_000), await take(NOW + 30_000)]).toEqual([true, false, true, false]);
    });

    it("locks nobody out after the clock was set ahead, and accepts no earlier code", async () => {
      const take = await setUp("set-ahead");
      expect(await take(NOW)).toBe(true);
      clock.mockReturnValue(NOW + 86_400_000);
      expect([await take(NOW), await take(NOW + 86_400_000)]).toEqual([false, true]);
    });
  });

  it.each([
    ["Arabic", 0x660],
    ["Persian", 0x6f0],
    ["full-width", 0xff10],
  ])("takes a code in %s digits, and once as in any others", async (name, zero) => {
    const { factor, accounts, account } = await factorOf(name);
    const typed = (code: string) => [...code].map((digit) => String.fromCharCode(zero + Number(digit))).join("");
    expect(await factor.start(account, SECRET, typed(await generate({ secret: SECRET })))).toHaveLength(10);
    const next = await generate({ secret: SECRET, epoch: Math.floor(Date.now() / 1_000) + 30 });
    const stored = (await accounts.findOne({ _id: name })) as StoredAccount;
    expect(await factor.take(stored, ` ${typed(next).slice(0, 3)} ${typed(next).slice(3)}`)).toBe(true);
    expect(await factor.take(stored, next)).toBe(false);
  });
});
