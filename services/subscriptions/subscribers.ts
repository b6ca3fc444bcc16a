/** The authors of Subscriptions, and whether they may still see what they are notified of. */
import { isRetryable, serviceDown } from "../../federation/errors.ts";
import type { Author } from "../../mesh/access/author-contract.ts";
import { authorFrom } from "../../mesh/access/author.ts";
import type { Access } from "../../mesh/access/access.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { Store } from "../../store/store.ts";
import { identity, type AccountStanding } from "../identity/identity.contract.ts";

/** Time for which a standing is cached, milliseconds: a subscriber who loses a right is no longer notified after a second. */
const HOLDS_MS = 500;
/** Subscribers, and Subscriptions, that are cached. */
const MAX_REMEMBERED = 1_000;
/** Versions in a row that this service itself may have written: status changes after its client's version. */
const MAX_OWN = 10;

/** Prefix of the mesh's own identities as authors. */
const SYSTEM = "system:";

/** The subscribers of one node. */
export class Subscribers {
  readonly #access: Access;
  readonly #caller: Caller;
  readonly #store: () => Pick<Store, "read" | "readVersion">;
  readonly #authors = new Map<string, { version: number; author: Author | undefined }>();
  readonly #standings = new Map<string, { until: number; asked: Promise<AccountStanding | null> }>();

  /** @param caller with the right to ask for standings @param store called once it is open */
  constructor(access: Access, caller: Caller, store: () => Pick<Store, "read" | "readVersion">) {
    this.#access = access;
    this.#caller = caller;
    this.#store = store;
  }

  /**
   * Whether the author of a Subscription may still search all resources of these types. The mesh itself may.
   * @param types that its criteria look at
   * @throws 503 while that is unknown: the caller repeats
   */
  async mayHear(subscription: string, types: readonly string[]): Promise<boolean> {
    if (this.#access.isOpen) return true;
    const author = await this.#authorOf(subscription);
    if (!author || author.who.startsWith(SYSTEM)) return true;
    const standing = await this.#standingOf(author);
    if (standing === null) return false;
    const rights = this.#access.rightsOf({ sub: author.who, ...standing });
    return types.every((type) => rights.with(type, "s") === "all");
  }

  /** The last author of a Subscription other than this service; undefined when access is open. */
  async authorOf(id: string): Promise<Author | undefined> {
    return this.#access.isOpen ? undefined : this.#authorOf(id);
  }

  async #authorOf(id: string): Promise<Author | undefined> {
    const current = await this.#store().read("Subscription", id);
    if (!current) return undefined;
    const known = this.#authors.get(id);
    if (known?.version === current.version) return known.author;
    let author: Author | undefined;
    for (let { version } = current; version > 0 && version > current.version - MAX_OWN; version -= 1) {
      // Also for a current version, since only `readVersion` returns the author.
      const text = (await this.#store().readVersion("Subscription", id, version))?.author;
      author = text === undefined ? undefined : authorFrom(text);
      if (!author?.who.startsWith(SYSTEM)) break;
    }
    if (this.#authors.size >= MAX_REMEMBERED) this.#authors.clear();
    this.#authors.set(id, { version: current.version, author });
    return author;
  }

  #standingOf({ who, client }: Author): Promise<AccountStanding | null> {
    const name = JSON.stringify([who, client]);
    const known = this.#standings.get(name);
    if (known && known.until > performance.now()) return known.asked;
    const asked = identity.standing(this.#caller, { who, ...(client !== undefined && { client }) }).catch((error: unknown) => {
      // Other errors are not the subscriber's fault, and must not be shown to the subscriber.
      throw isRetryable(error) ? error : serviceDown("identity");
    });
    if (this.#standings.size >= MAX_REMEMBERED) this.#standings.clear();
    this.#standings.set(name, { until: performance.now() + HOLDS_MS, asked });
    asked.catch(() => this.#standings.delete(name)); // those who wait for it get the error
    return asked;
  }
}
