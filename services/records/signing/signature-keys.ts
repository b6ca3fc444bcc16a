/**
 * The key by which this node signs, and all by which signatures of this service can be verified: the former is in a file of the data folder, the
 * public parts of all are in the service's store, for as long as there are signatures.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { makeKey, publicPart, type PublicPart, readKey, type SigningKey } from "../../../mesh/signing-key.ts";
import type { Store } from "../../../store/store.ts";

const KEY = "signing-key/";

/** Makes and keeps this node's signing key, and finds the public part of any. */
export class SignatureKeys {
  readonly #store: () => Pick<Store, "get" | "put">;
  readonly #file: string;
  #own: Promise<SigningKey> | undefined;

  /** @param store asked when it is open */
  constructor(store: () => Pick<Store, "get" | "put">, file: string) {
    this.#store = store;
    this.#file = file;
  }

  /** The one that signs; made when it is needed for the first time. Its public part is kept before anything is signed with it. */
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

  /** The one that a signature names; undefined when it is none of ours. */
  async known(kid: string): Promise<PublicPart | undefined> {
    const text = await this.#store().get(KEY + kid);
    return text === undefined ? undefined : (JSON.parse(text) as PublicPart);
  }
}
