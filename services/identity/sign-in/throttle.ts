/**
 * Slows down who guesses, and locks nobody out: after some failures the next try is looked at only after a pause, which grows to half a
 * minute. Counted by login name and by address, and for a browser that has signed this person in before apart from both, so that others who
 * guess at a name do not keep its owner away (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). A name that no account has is
 * treated alike.
 */
import { type Collection, DuplicateKey } from "../../../store/documents/documents.ts";
import { CLOCKS_APART_MS } from "../../../mesh/trust/certificate.ts";
import { hashOf, type StoredFailures } from "../identity.model.ts";

/** Failures without a pause: by name or device, and by address, behind which a whole hospital may be. */
const FREE = { name: 5, device: 5, address: 50 } as const;
/** The longest pause, milliseconds. */
const LONGEST_MS = 30_000;
/** After so long without a try all is forgotten, milliseconds. */
const FORGOTTEN_MS = 15 * 60_000;
/** How often a count is read again that others have changed meanwhile; who loses more often waits a second. */
const TRIES = 8;

/** Who tries. */
export interface SignInAttempt {
  login: string;
  address: string;
  /** The browser's cookie, where that is known to be this person's. */
  device?: string | undefined;
}

/** The pause after so many failures, milliseconds. */
export function pauseAfter(count: number, free: number): number {
  return count < free ? 0 : Math.min(LONGEST_MS, 1_000 * 2 ** Math.min(count - free, 5));
}

/** Counts of failed tries, the same for all nodes. */
export class Throttle {
  readonly #failures: Collection<StoredFailures>;

  constructor(failures: Collection<StoredFailures>) {
    this.#failures = failures;
  }

  /** Counts a try before it is looked at, so that many at once are many. @returns seconds to wait; 0: it may be looked at */
  async begin(attempt: SignInAttempt): Promise<number> {
    for (const [key, free] of keysOf(attempt)) {
      const waitMs = await this.#take(key, free);
      if (waitMs > 0) return Math.ceil(waitMs / 1_000);
    }
    return 0;
  }

  /** It was the right person: what was counted against the name or the device is forgotten. */
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
      // A clock that was set far back since, or was far ahead: what it has counted would keep people away for as long.
      const isOfNow = found && found.expiresAt <= now + FORGOTTEN_MS + CLOCKS_APART_MS;
      const isForgotten = !isOfNow || found.expiresAt < now;
      const waitMs = isForgotten ? 0 : Math.min(found.next - now, pauseAfter(found.count, free)); // `next` may be of another node's clock
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

/** What a try is counted under. Hashes: a password typed as a login name is not kept. */
function keysOf({ login, address, device }: SignInAttempt): [key: string, free: number][] {
  if (device !== undefined) return [[`device:${hashOf(device)}`, FREE.device]];
  // The address comes first: from one that is slowed down, no other name is counted, of which there are any number.
  return [
    [`address:${address}`, FREE.address],
    [`name:${hashOf(login)}`, FREE.name],
  ];
}
