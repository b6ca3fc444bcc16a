/** Authenticates a person: by password, and by code if the account needs one. Neither answers nor their timing reveal whether an account exists. */
import type { IdentityData } from "../identity-data.ts";
import { hashOf, loginOf, newSecret, type StoredAccount, type StoredHalfway } from "../identity.model.ts";
import { type DemandedFactor, SECOND } from "./demanded-factor.ts";
import type { Passwords } from "./passwords.ts";
import { newTotpSecret, type SecondFactor } from "./second-factor.ts";
import type { SignInAttempt, Throttle } from "./throttle.ts";

/** How long a browser is remembered after a sign-in, milliseconds. */
export const DEVICE_MS = 180 * 86_400_000;
/** Time limit between password and code, milliseconds. */
const HALFWAY_MS = 300_000;

/** Where a person signs in from. */
export interface SignInOrigin {
  address: string;
  /** The cookie of a browser with which a person has signed in before. */
  device?: string | undefined;
}

/** What a sign-in needs. */
export interface SignInParts {
  passwords: Passwords;
  factor: SecondFactor;
  throttle: Throttle;
  demanded: DemandedFactor;
}

/** Result of a step: signed in, a next step, or a refusal (`account`: whose password or code was expected, only for the audit log). */
export type Step =
  | { is: "done"; account: StoredAccount; amr: string[]; device?: string }
  | { is: "code" }
  | { is: "setUp" }
  | { is: "codes"; codes: string[]; account: StoredAccount }
  | { is: "wrong"; account?: StoredAccount }
  | { is: "wait"; seconds: number };

/** What is missing after a correct password: a code; setting up an authenticator app with this key; or nothing, once its recovery codes were seen. */
export type Halfway = { is: "code" } | { is: "setUp"; secret: string } | { is: "proven" };

/** The steps of a sign-in. */
export class SignIn {
  readonly #kept: IdentityData;
  readonly #passwords: Passwords;
  readonly #factor: SecondFactor;
  readonly #throttle: Throttle;
  readonly #demanded: DemandedFactor;

  constructor(kept: IdentityData, { passwords, factor, throttle, demanded }: SignInParts) {
    this.#demanded = demanded;
    this.#kept = kept;
    this.#passwords = passwords;
    this.#factor = factor;
    this.#throttle = throttle;
  }

  /** @param interaction the sign-in @throws 503 SIGN_IN_BUSY */
  async password(interaction: string, typed: { login: string; password: string }, place: SignInOrigin): Promise<Step> {
    const login = loginOf(typed.login);
    const account = await this.#kept.accounts.findOne({ login, closedAt: { $exists: false } });
    const attempt = await this.#attempt(login, account, place);
    const seconds = await this.#throttle.begin(attempt);
    if (seconds > 0) return { is: "wait", seconds };
    const isRight = await this.#passwords.matches(typed.password, account?.password);
    if (!isRight || !account) return { is: "wrong", ...(account && { account }) };
    const mustSetUp = account.totpSecret === undefined;
    if (mustSetUp && !(await this.#demanded.isFor(account))) return this.#done(account, attempt, ["pwd"]);
    const _id = hashOf(interaction);
    await this.#kept.halfway.removeMany({ _id });
    const half = { _id, account: account._id, expiresAt: Date.now() + HALFWAY_MS };
    await this.#kept.halfway.insert({ ...half, ...(mustSetUp && { totpSecret: newTotpSecret() }) });
    return { is: mustSetUp ? "setUp" : "code" };
  }

  /**
   * Whether the password is that of the signed-in person. Failures count together with those of sign-ins.
   * @returns seconds to wait before the next attempt, if there were too many @throws 503 SIGN_IN_BUSY
   */
  again(account: StoredAccount, password: string, place: SignInOrigin): Promise<boolean | number> {
    return this.#bounded(account, place, () => this.#passwords.matches(password, account.password));
  }

  /**
   * The same with the password and a code of the second factor, which is used up. It is not said which of the two was wrong, and a correct password
   * does not reset the count of wrong codes, which could otherwise all be tried.
   */
  againByBoth(account: StoredAccount, typed: { password: string; code: string }, place: SignInOrigin): Promise<boolean | number> {
    return this.#bounded(
      account,
      place,
      async () => (await this.#passwords.matches(typed.password, account.password)) && this.#factor.take(account, typed.code),
    );
  }

  async #bounded(account: StoredAccount, place: SignInOrigin, proof: () => Promise<boolean>): Promise<boolean | number> {
    const attempt = await this.#attempt(account.login, account, place);
    const seconds = await this.#throttle.begin(attempt);
    if (seconds > 0) return seconds;
    const isRight = await proof();
    if (isRight) await this.#throttle.succeeded(attempt);
    return isRight;
  }

  /** Undefined until the password of this sign-in was correct. */
  async halfway(interaction: string): Promise<Halfway | undefined> {
    const half = await this.#kept.halfway.findOne({ _id: hashOf(interaction), expiresAt: { $gt: Date.now() } });
    if (!half) return undefined;
    if (half.isProven) return { is: "proven" };
    return half.totpSecret === undefined ? { is: "code" } : { is: "setUp", secret: half.totpSecret };
  }

  /** Checks the first code of an authenticator app that is set up during this sign-in. @returns recovery codes, shown once */
  async setUp(interaction: string, typed: string): Promise<Step> {
    const { half, account } = await this.#begun(interaction);
    if (!account || half?.totpSecret === undefined || account.totpSecret !== undefined) return { is: "wrong" };
    const codes = await this.#factor.start(account, half.totpSecret, typed);
    if (!codes) return { is: "wrong", account };
    await this.#kept.halfway.updateMany({ _id: half._id }, { $set: { isProven: true }, $unset: { totpSecret: true } });
    return { is: "codes", codes, account };
  }

  /** A person who has just set up an authenticator app has seen the recovery codes. */
  async seen(interaction: string, place: SignInOrigin): Promise<Step> {
    const { half, account } = await this.#begun(interaction);
    if (!account || half?.isProven !== true || (await this.#kept.halfway.removeMany({ _id: half._id })) !== 1) return { is: "wrong" };
    return this.#done(account, await this.#attempt(account.login, account, place), ["pwd", SECOND]);
  }

  /** Checks the code after the password. Failures count together with those of passwords. */
  async code(interaction: string, typed: string, place: SignInOrigin): Promise<Step> {
    const { half, account } = await this.#begun(interaction);
    if (!half || !account) return { is: "wrong" };
    const attempt = await this.#attempt(account.login, account, place);
    const seconds = await this.#throttle.begin(attempt);
    if (seconds > 0) return { is: "wait", seconds };
    if (!(await this.#factor.take(account, typed))) return { is: "wrong", account };
    if ((await this.#kept.halfway.removeMany({ _id: half._id })) !== 1) return { is: "wrong" };
    return this.#done(account, attempt, ["pwd", SECOND]);
  }

  async #begun(interaction: string): Promise<{ half: StoredHalfway | null; account: StoredAccount | null }> {
    const half = await this.#kept.halfway.findOne({ _id: hashOf(interaction), expiresAt: { $gt: Date.now() } });
    const account = half && (await this.#kept.accounts.findOne({ _id: half.account, closedAt: { $exists: false } }));
    return { half, account };
  }

  async #attempt(login: string, account: StoredAccount | null, { address, device }: SignInOrigin): Promise<SignInAttempt> {
    const known = device === undefined ? null : await this.#kept.devices.findOne({ _id: hashOf(device), expiresAt: { $gt: Date.now() } });
    return { login, address, device: known !== null && known.account === account?._id ? device : undefined };
  }

  async #done(account: StoredAccount, attempt: SignInAttempt, amr: string[]): Promise<Step> {
    await this.#throttle.succeeded(attempt);
    if (attempt.device !== undefined) return { is: "done", account, amr };
    const device = newSecret();
    await this.#kept.devices.insert({ _id: hashOf(device), account: account._id, expiresAt: Date.now() + DEVICE_MS });
    return { is: "done", account, amr, device };
  }
}
