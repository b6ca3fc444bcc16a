/**
 * The profiles that resources claim (`meta.profile`), as far as their StructureDefinitions are stored in this mesh. Other profiles cannot be
 * checked, and are not (FHIR R4, profiling.html).
 */
import { fhirError } from "../fhir/outcome.ts";
import type { Profile } from "../fhir/validate/profiles/tree.ts";
import { canonicalUrlSlots, addForEachOwner, askTogether } from "./scatter-gather.ts";
import type { Clause, SortKey, StoreQuery } from "../fhir/search/query.ts";
import { anyOfValues } from "../fhir/search/exact-clauses.ts";
import type { QueryContext } from "./query-context.ts";

/** Broadcast to all nodes when a StructureDefinition was written. */
export const PROFILES_CHANGED = "fhir.profiles.changed";

/** How long a definition, or that there is none, is cached. Milliseconds. */
const FRESH_MS = 10_000;
/** Definitions cached by one node. */
const MAX_KEPT = 500;
/** Definitions on which those of one request may build, or to which they may refer. */
const MAX_RELATED = 100;
/** Different profiles that the resources of one request may claim. */
const MAX_NAMED = 200;

/** Definitions by URL, with a cache; one for each service. */
export class Profiles {
  readonly #mesh: () => QueryContext;
  readonly #known = new Map<string, { at: number; definition: Profile | undefined }>();
  #cleared = 0;

  constructor(mesh: () => QueryContext) {
    this.#mesh = mesh;
  }

  clear(): void {
    this.#known.clear();
    this.#cleared += 1;
  }

  /**
   * The stored definitions with these URLs, each once, and all stored definitions on which they build or to which they refer.
   * @throws FhirError 422 for too many URLs
   */
  async of(addresses: string[]): Promise<{ profiles: Profile[]; stored: Profile[] }> {
    const wanted = new Set(addresses.map(withoutVersion));
    if (wanted.size > MAX_NAMED) {
      const diagnostics = `The resources of one request may name ${MAX_NAMED} different profiles in meta.profile, but name ${wanted.size}.`;
      throw fhirError(422, "too-costly", diagnostics, "meta.profile");
    }
    const found = new Map<string, Profile>();
    const most = wanted.size + MAX_RELATED;
    let open = [...wanted];
    while (open.length > 0 && found.size < most) {
      const next: string[] = [];
      for (const [address, definition] of await this.#read(open)) {
        if (!definition || found.has(address)) continue;
        found.set(address, definition);
        next.push(...definitionsReferredTo(definition));
      }
      open = [...new Set(next)].filter((address) => !found.has(address)).slice(0, most - found.size);
    }
    return { profiles: [...wanted].flatMap((address) => found.get(address) ?? []), stored: [...found.values()] };
  }

  async #read(addresses: string[]): Promise<[string, Profile | undefined][]> {
    const now = Date.now();
    const found = new Map<string, Profile | undefined>();
    for (const address of addresses) {
      const known = this.#known.get(address);
      if (known && now - known.at <= FRESH_MS) found.set(address, known.definition);
    }
    const unknown = addresses.filter((address) => !found.has(address));
    if (unknown.length > 0) {
      const cleared = this.#cleared;
      const definitions = await this.#ask(unknown);
      for (const address of unknown) found.set(address, definitions.get(address));
      if (this.#known.size > MAX_KEPT) this.#known.clear();
      // A definition written during the read may be missing in its result.
      if (cleared === this.#cleared) {
        for (const address of unknown) this.#known.set(address, { at: now, definition: definitions.get(address) });
      }
    }
    return [...found];
  }

  /** Of several definitions with one URL, i.e. versions, the one that was written last. */
  async #ask(addresses: string[]): Promise<Map<string, Profile>> {
    const type = "StructureDefinition";
    const mesh = this.#mesh();
    const perOwner = new Map<string, StoreQuery[]>();
    const newestFirst: SortKey[] = [{ by: "updated", desc: true }];
    for (const address of addresses) {
      const clauses: Clause[] = [anyOfValues(canonicalUrlSlots(type), [address])];
      addForEachOwner(mesh, perOwner, { type, clauses, sort: newestFirst, limit: 1, want: "rows" }, { partial: true, missing: new Set() });
    }
    const pages = await askTogether(mesh, perOwner);
    const definitions = pages.flatMap((page) => page.rows).map(({ json = "{}" }) => JSON.parse(json) as Profile & { url?: string });
    return new Map(definitions.flatMap((definition) => (definition.url === undefined ? [] : [[definition.url, definition]])));
  }
}

const referredTo = new WeakMap<Profile, string[]>();

/** URLs of other definitions in a definition: what it derives from, and the profiles of its elements' types. */
function definitionsReferredTo(definition: Profile): string[] {
  const known = referredTo.get(definition) ?? readReferences(definition);
  referredTo.set(definition, known);
  return known;
}

function readReferences(definition: Profile): string[] {
  const text = JSON.stringify(definition);
  const addresses = [...text.matchAll(/"(?:baseDefinition|profile|targetProfile)":(?:"([^"]+)"|\[([^\]]*)\])/g)];
  return addresses
    .flatMap(([, one, list]) => (one !== undefined ? [one] : [...(list ?? "").matchAll(/"([^"]+)"/g)].map(([, it = ""]) => it)))
    .map(withoutVersion);
}

const withoutVersion = (address: string): string => address.split("|", 1)[0] as string;
