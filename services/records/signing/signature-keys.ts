/**
 * The key by which this node signs, in a file of the data folder, and the public parts of all keys of this service, which are in its store for
 * as long as there are signatures.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { makeKey, publicPart, type PublicPart, readKey, type SigningKey } from "../../../mesh/signing-key.ts";
import type { Store } from "../../../store/store.ts";

const KEY = "signing-key/";

/** Creates and stores this node's signing key, and finds the public part of any key. */
export class SignatureKeys {
  readonly #store: () => Pick<Store, "get" | "put">;
  readonly #file: string;
  #own: Promise<SigningKey> | undefined;

  /** @param store called once it is open */
  constructor(store: () => Pick<Store, "get" | "put">, file: string) {
    this.#store = store;
    this.#file = file;
  }

  /** The signing key, created when it is first needed. Its public part is stored before anything is signed with it. */
  signing(): Promise<SigningKey> {
    this.#own ??= this.#read().catch((error: unknown) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }

  async #read(): Promise<SigningKey> {
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    const key = (await readKey(this.#file)) ?? (await makeKey(this.#file));
    await this.#store().put(KEY + key.kid, JSON.stringify(publicPart(key)));
    return key;
  }

  /** The public part of a key that a signature names; undefined if it is not of this service. */
  async known(kid: string): Promise<PublicPart | undefined> {
    const text = await this.#store().get(KEY + kid);
    return text === undefined ? undefined : (JSON.parse(text) as PublicPart);
  }
}
