/** What a gateway makes from the services that run, for all callers with the same rights. */
import type { Directory } from "../../federation/directory.ts";
import type { Rights } from "../../mesh/access/access.ts";

/** Values that are kept: one has up to 1.5 MB, and apps may have tokens with any number of different scopes. */
const MAX_KEPT = 16;

/** Values by the rights of those for whom they were made; made again when services have come or gone. */
export class KeptByRights<Value> {
  readonly #of = new WeakMap<Directory, { generation: number; byRights: Map<Rights | undefined, Value> }>();

  /** @param rights undefined: unlimited, or of an unknown caller */
  get(directory: Directory, rights: Rights | undefined, make: () => Value): Value {
    let kept = this.#of.get(directory);
    if (kept?.generation !== directory.generation) {
      kept = { generation: directory.generation, byRights: new Map() };
      this.#of.set(directory, kept);
    }
    const value = kept.byRights.get(rights) ?? make();
    kept.byRights.delete(rights);
    kept.byRights.set(rights, value); // the latest is last
    if (kept.byRights.size > MAX_KEPT) {
      const [oldest] = kept.byRights.keys();
      kept.byRights.delete(oldest);
    }
    return value;
  }
}
