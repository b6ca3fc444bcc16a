/** Who has subscribed, and whether they may still see what they are told of. */
import { isRetryable, serviceDown } from "../../federation/errors.ts";
import type { Author } from "../../mesh/access/author-contract.ts";
import { authorFrom } from "../../mesh/access/author.ts";
import type { Access } from "../../mesh/access/access.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { Store } from "../../store/store.ts";
import { identity, type AccountStanding } from "../identity/identity.contract.ts";

/** A standing is asked for anew after this, milliseconds: who has lost a right hears nothing more within a second. */
const HOLDS_MS = 500;
/** Subscribers, and Subscriptions, that are remembered. */
const MAX_REMEMBERED = 1_000;
/** Versions in a row that are this service's own, at most: what it says of what its client has written. */
const MAX_OWN = 10;

/** Work that the mesh does by itself, as an author. */
const SYSTEM = "system:";

/** The subscribers of one node. */
export class Subscribers {
  readonly #access: Access;
  readonly #caller: Caller;
  readonly #store: () => Pick<Store, "read" | "readVersion">;
  readonly #authors = new Map<string, { version: number; author: Author | undefined }>();
  readonly #standings = new Map<string, { until: number; asked: Promise<AccountStanding | null> }>();

  /** @param caller with the right to ask for standings @param store asked when it is open */
  constructor(access: Access, caller: Caller, store: () => Pick<Store, "read" | "readVersion">) {
    this.#access = access;
    this.#caller = caller;
    this.#store = store;
  }

  /**
   * Whether who has written the Subscription may still search all of the type. What the mesh itself has written may.
   * @throws 503 while nobody can tell: it is asked again
   */
  async mayHear(subscription: string, type: string): Promise<boolean> {
    if (this.#access.isOpen) return true;
    const author = await this.#authorOf(subscription);
    if (!author || author.who.startsWith(SYSTEM)) return true;
    const standing = await this.#standingOf(author);
    return standing !== null && this.#access.rightsOf({ sub: author.who, ...standing }).with(type, "s") === "all";
  }

  /** Who has written it last, besides this service. */
  async #authorOf(id: string): Promise<Author | undefined> {
    const current = await this.#store().read("Subscription", id);
    if (!current) return undefined;
    const known = this.#authors.get(id);
    if (known?.version === current.version) return known.author;
    let author: Author | undefined;
    for (let { version } = current; version > 0 && version > current.version - MAX_OWN; version -= 1) {
      // Of a current version too: only so its author is told.
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
      // Whatever is wrong there is no fault of who has subscribed, and nothing for their eyes.
      throw isRetryable(error) ? error : serviceDown("identity");
    });
    if (this.#standings.size >= MAX_REMEMBERED) this.#standings.clear();
    this.#standings.set(name, { until: performance.now() + HOLDS_MS, asked });
    asked.catch(() => this.#standings.delete(name)); // who waits for it hears of it
    return asked;
  }
}
