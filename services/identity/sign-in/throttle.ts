/**
 * Slows down guessing without locking accounts: after some failures the next attempt is checked only after a pause, which grows to half a minute.
 * Failures are counted by login name and by address; for a browser with which this person has signed in before separately from both, so that others
 * who guess cannot keep the person out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). Names without an account are treated alike.
 */
import { type Collection, DuplicateKey } from "../../../store/documents/documents.ts";
import { CLOCKS_APART_MS } from "../../../mesh/trust/certificate.ts";
import { hashOf, type StoredFailures } from "../identity.model.ts";

/** Failures without a pause: by name or device, and by address, behind which there may be a whole hospital. */
const FREE = { name: 5, device: 5, address: 50 } as const;
/** Longest pause, milliseconds. */
const LONGEST_MS = 30_000;
/** Time without an attempt after which counts are dropped, milliseconds. */
const FORGOTTEN_MS = 15 * 60_000;
/** Attempts to update a count that others change at the same time; after that the caller waits a second. */
const TRIES = 8;

/** An attempt to sign in. */
export interface SignInAttempt {
  login: string;
  address: string;
  /** The browser's cookie, if it is known to be this person's. */
  device?: string | undefined;
}

/** The pause after a number of failures, milliseconds. */
export function pauseAfter(count: number, free: number): number {
  return count < free ? 0 : Math.min(LONGEST_MS, 1_000 * 2 ** Math.min(count - free, 5));
}

/** Counts of failed attempts, shared by all nodes. */
export class Throttle {
  readonly #failures: Collection<StoredFailures>;

  constructor(failures: Collection<StoredFailures>) {
    this.#failures = failures;
  }

  /** Counts an attempt before it is checked, so that concurrent ones count. @returns seconds to wait; 0: it may be checked */
  async begin(attempt: SignInAttempt): Promise<number> {
    for (const [key, free] of keysOf(attempt)) {
      const waitMs = await this.#take(key, free);
      if (waitMs > 0) return Math.ceil(waitMs / 1_000);
    }
    return 0;
  }

  /** After a successful sign-in: drops what was counted for the name or the device. */
  async succeeded(attempt: SignInAttempt): Promise<void> {
    for (const [key] of keysOf(attempt)) {
      if (!key.startsWith("address:")) await this.#failures.removeMany({ _id: key });
      else await this.#failures.updateMany({ _id: key, count: { $gt: 0 } }, { $inc: { count: -1 } });
    }
  }

  async #take(_id: string, free: number): Promise<number> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const now = Date.now();
      const found = await this.#failures.findOne({ _id });
      // Counted by a clock that has since been set far back, or was far ahead: it would block sign-ins for as long.
      const isOfNow = found && found.expiresAt <= now + FORGOTTEN_MS + CLOCKS_APART_MS;
      const isForgotten = !isOfNow || found.expiresAt < now;
      const waitMs = isForgotten ? 0 : Math.min(found.next - now, pauseAfter(found.count, free)); // `next` may come from another node's clock
      if (waitMs > 0) return waitMs;
      const count = isForgotten ? 1 : found.count + 1;
      const counted = { count, next: now + pauseAfter(count, free), expiresAt: now + FORGOTTEN_MS };
      if (found) {
        const { count: before, next } = found;
        if ((await this.#failures.updateMany({ _id, count: before, next }, { $set: counted })) === 1) return 0;
      } else if (await this.#insert({ _id, ...counted })) return 0;
    }
    return 1_000;
  }

  async #insert(failures: StoredFailures): Promise<boolean> {
    try {
      await this.#failures.insert(failures);
      return true;
    } catch (error) {
      if (error instanceof DuplicateKey) return false;
      throw error;
    }
  }
}

/** What an attempt is counted under. Hashed: a password typed as login name must not be stored. */
function keysOf({ login, address, device }: SignInAttempt): [key: string, free: number][] {
  if (device !== undefined) return [[`device:${hashOf(device)}`, FREE.device]];
  // The address comes first: attempts from a slowed-down address are not counted for names, of which there are any number.
  return [
    [`address:${address}`, FREE.address],
    [`name:${hashOf(login)}`, FREE.name],
  ];
}
