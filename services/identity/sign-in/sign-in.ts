/** Who somebody is: a password, and a code where the account wants one. Nothing of an answer, nor its time, tells whether there is such an account. */
import type { Kept } from "../collections.ts";
import { hashOf, loginOf, newSecret, type StoredAccount } from "../identity.model.ts";
import type { Passwords } from "./passwords.ts";
import type { SecondFactor } from "./second-factor.ts";
import type { Attempt, Throttle } from "./throttle.ts";

/** A browser is known for so long after a sign-in, milliseconds. */
export const DEVICE_MS = 180 * 86_400_000;
/** Between the password and the code, milliseconds. */
const HALFWAY_MS = 300_000;

/** From where somebody signs in. */
export interface Place {
  address: string;
  /** The cookie of a browser that somebody has signed in with before. */
  device?: string | undefined;
}

/** What came of a step: who it is, what comes next, or why not. */
export type Step =
  | { is: "done"; account: StoredAccount; amr: string[]; device?: string }
  | { is: "code" }
  | { is: "wrong" }
  | { is: "wait"; seconds: number };

/** The steps of a sign-in. */
export class SignIn {
  readonly #kept: Kept;
  readonly #passwords: Passwords;
  readonly #factor: SecondFactor;
  readonly #throttle: Throttle;

  constructor(kept: Kept, passwords: Passwords, factor: SecondFactor, throttle: Throttle) {
    this.#kept = kept;
    this.#passwords = passwords;
    this.#factor = factor;
    this.#throttle = throttle;
  }

  /** @param interaction the sign-in that this is of @throws 503 SIGN_IN_BUSY */
  async password(interaction: string, typed: { login: string; password: string }, place: Place): Promise<Step> {
    const login = loginOf(typed.login);
    const account = await this.#kept.accounts.findOne({ login, closedAt: { $exists: false } });
    const attempt = await this.#attempt(login, account, place);
    const seconds = await this.#throttle.begin(attempt);
    if (seconds > 0) return { is: "wait", seconds };
    const isRight = await this.#passwords.matches(typed.password, account?.password);
    if (!isRight || !account) return { is: "wrong" };
    if (account.totpSecret === undefined) return this.#done(account, attempt, ["pwd"]);
    const _id = hashOf(interaction);
    await this.#kept.halfway.removeMany({ _id });
    await this.#kept.halfway.insert({ _id, account: account._id, expiresAt: Date.now() + HALFWAY_MS });
    return { is: "code" };
  }

  /**
   * Whether it is still the person who has signed in: the password once more. Failures count with those of sign-ins.
   * @returns seconds to wait before the next try, where there were too many @throws 503 SIGN_IN_BUSY
   */
  async again(account: StoredAccount, password: string, place: Place): Promise<boolean | number> {
    const attempt = await this.#attempt(account.login, account, place);
    const seconds = await this.#throttle.begin(attempt);
    if (seconds > 0) return seconds;
    const isRight = await this.#passwords.matches(password, account.password);
    if (isRight) await this.#throttle.succeeded(attempt);
    return isRight;
  }

  /** Whether the password of this sign-in was right and its code is still to come. */
  async isHalfway(interaction: string): Promise<boolean> {
    return (await this.#kept.halfway.findOne({ _id: hashOf(interaction), expiresAt: { $gt: Date.now() } })) !== null;
  }

  /** The code after the password. Its failures count with those of passwords. */
  async code(interaction: string, typed: string, place: Place): Promise<Step> {
    const _id = hashOf(interaction);
    const half = await this.#kept.halfway.findOne({ _id, expiresAt: { $gt: Date.now() } });
    const account = half && (await this.#kept.accounts.findOne({ _id: half.account, closedAt: { $exists: false } }));
    if (!account) return { is: "wrong" };
    const attempt = await this.#attempt(account.login, account, place);
    const seconds = await this.#throttle.begin(attempt);
    if (seconds > 0) return { is: "wait", seconds };
    if (!(await this.#factor.take(account, typed))) return { is: "wrong" };
    if ((await this.#kept.halfway.removeMany({ _id })) !== 1) return { is: "wrong" };
    return this.#done(account, attempt, ["pwd", "otp"]);
  }

  async #attempt(login: string, account: StoredAccount | null, { address, device }: Place): Promise<Attempt> {
    const known = device === undefined ? null : await this.#kept.devices.findOne({ _id: hashOf(device), expiresAt: { $gt: Date.now() } });
    return { login, address, device: known !== null && known.account === account?._id ? device : undefined };
  }

  async #done(account: StoredAccount, attempt: Attempt, amr: string[]): Promise<Step> {
    await this.#throttle.succeeded(attempt);
    if (attempt.device !== undefined) return { is: "done", account, amr };
    const device = newSecret();
    await this.#kept.devices.insert({ _id: hashOf(device), account: account._id, expiresAt: Date.now() + DEVICE_MS });
    return { is: "done", account, amr, device };
  }
}
