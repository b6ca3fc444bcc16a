/** The second factor: codes of an authenticator app (TOTP, RFC 6238), each valid once, and recovery codes for when the app is lost. */
import { randomBytes } from "node:crypto";
import { generateSecret, generateURI, verify } from "otplib";
import { plainDigits } from "../../../fhir/plain-digits.ts";
import type { IdentityData } from "../identity-data.ts";
import { hashOf, type StoredAccount } from "../identity.model.ts";

/** Codes of the previous and next step are accepted, seconds: clocks differ, and typing takes time. */
const TOLERANCE_S = 30;
/** Period of one code (RFC 6238, 4.1), seconds. */
const STEP_S = 30;
const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10;

/** A key for an authenticator app that is not in use yet. */
export const newTotpSecret = (): string => generateSecret();

/** The key as a URI for apps. */
export const totpUri = (login: string, secret: string): string => generateURI({ issuer: "OpenWard", label: login, secret });

/** Second factors of accounts. */
export class SecondFactor {
  readonly #kept: IdentityData;

  constructor(kept: IdentityData) {
    this.#kept = kept;
  }

  /** Uses up a code of the app or a recovery code. @returns whether it was valid */
  async take(account: StoredAccount, typed: string): Promise<boolean> {
    const code = digitsOf(typed).replaceAll("-", "");
    if (/^\d{6}$/.test(code)) return this.#takeTotp(account, code);
    if (!/^[0-9A-Za-z]{16}$/.test(code)) return false;
    const removed = await this.#kept.recoveryCodes.removeMany({ _id: recoveryId(account._id, code), account: account._id });
    return removed === 1;
  }

  /**
   * @param code proves that the app has the key
   * @returns recovery codes, shown once; undefined: the code is wrong, or the account has a second factor by now
   */
  async start(account: StoredAccount, totpSecret: string, code: string): Promise<string[] | undefined> {
    const step = await stepOf(totpSecret, digitsOf(code));
    if (step === undefined) return undefined;
    const isWithout = { _id: account._id, totpSecret: { $exists: false } };
    if ((await this.#kept.accounts.updateMany(isWithout, { $set: { totpSecret, totpStep: step } })) !== 1) return undefined;
    await this.#kept.recoveryCodes.removeMany({ account: account._id });
    const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
    for (const one of codes) {
      await this.#kept.recoveryCodes.insert({ _id: recoveryId(account._id, one.replaceAll("-", "")), account: account._id });
    }
    return codes;
  }

  async end(account: string): Promise<void> {
    await this.#kept.accounts.updateMany({ _id: account }, { $unset: { totpSecret: true, totpStep: true } });
    await this.#kept.recoveryCodes.removeMany({ account });
  }

  async #takeTotp({ _id, totpSecret }: StoredAccount, code: string): Promise<boolean> {
    const step = totpSecret === undefined ? undefined : await stepOf(totpSecret, code);
    if (step === undefined) return false;
    // A future step was recorded before the clock was set back: without this no code would be valid until then.
    const toCome = { totpStep: { $gt: lastStepNow() } };
    const isUnused = { $or: [{ totpStep: { $exists: false } }, { totpStep: { $lt: step } }, toCome] };
    return (await this.#kept.accounts.updateMany({ _id, ...isUnused }, { $set: { totpStep: step } })) === 1;
  }
}

/** The last time step whose codes are accepted now. */
const lastStepNow = (): number => Math.floor((Date.now() / 1_000 + TOLERANCE_S) / STEP_S);

/** The time step of a code; undefined if it has none. */
async function stepOf(secret: string, token: string): Promise<number | undefined> {
  if (!/^\d{6}$/.test(token)) return undefined;
  const result = await verify({ secret, token, epochTolerance: TOLERANCE_S });
  return result.valid && "timeStep" in result ? result.timeStep : undefined;
}

/** The typed text without spaces, with the digits of any script converted. */
const digitsOf = (typed: string): string => plainDigits(typed.replace(/\s/g, ""));

/** 80 bits, in groups of four, without letters that look like digits. */
function newRecoveryCode(): string {
  const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  let bits = BigInt(`0x${randomBytes(RECOVERY_BYTES).toString("hex")}`);
  let text = "";
  for (let index = 0; index < 16; index += 1) {
    text += letters[Number(bits & 31n)];
    bits >>= 5n;
  }
  return text.replace(/(.{4})(?=.)/g, "$1-");
}

const recoveryId = (account: string, code: string): string => hashOf(`${account}:${code.toUpperCase()}`);
