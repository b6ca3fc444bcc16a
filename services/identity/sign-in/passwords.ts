/**
 * Password hashes with argon2id (RFC 9106), in Node's own implementation. Each check takes a processor and 19 MiB for some 20 ms: few run at once and
 * few wait, so that a whole shift that signs in at seven does not slow down the wards.
 */
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { signInBusy } from "../identity.errors.ts";

const derive = promisify(argon2);

/** OWASP's second choice for argon2id: memory in KiB, passes, lanes. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Concurrent checks: at most half of the processors, and half of Node's four threads, which files need too. */
const AT_ONCE = availableParallelism() >= 4 ? 2 : 1;
/** Waiting checks: about a second of work. */
const MAX_WAITING = 64;

/** A hash without a password: checked if there is no account, so that both cases take the same time. */
const NOBODY = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${base64(Buffer.alloc(SALT_BYTES))}$${base64(Buffer.alloc(HASH_BYTES))}`;

/** Checks and creates password hashes, a few at once. */
export class Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #maxWaiting: number;

  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting;
  }

  /** @returns a PHC string @throws 503 SIGN_IN_BUSY */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const { memory, passes, parallelism } = COST;
    const hash = await this.#derive(password, salt, COST, HASH_BYTES);
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`;
  }

  /** As slow without a stored hash. @param stored a PHC string; undefined: no account, or none with a password @throws 503 SIGN_IN_BUSY */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const [, , , cost = "", salt = "", hash = ""] = (stored ?? NOBODY).split("$");
    const [memory, passes, parallelism] = cost.split(",").map((part) => Number(part.slice(2)));
    const wanted = Buffer.from(hash, "base64");
    const given = await this.#derive(
      password,
      Buffer.from(salt, "base64"),
      { memory: memory ?? 0, passes: passes ?? 0, parallelism: parallelism ?? 0 },
      wanted.length,
    );
    return timingSafeEqual(given, wanted) && stored !== undefined;
  }

  async #derive(
    password: string,
    nonce: Buffer,
    cost: { memory: number; passes: number; parallelism: number },
    tagLength: number,
  ): Promise<Buffer> {
    await this.#turn();
    try {
      return await derive("argon2id", { message: Buffer.from(password.normalize("NFKC")), nonce, tagLength, ...cost });
    } finally {
      const next = this.#waiting.shift();
      if (next) {
        next(); // the place goes to the next one
      } else {
        this.#running -= 1;
      }
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < AT_ONCE) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#maxWaiting) throw signInBusy();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
