import { fhirError } from "../outcome.ts";
import type { KeyRow, RangeRow } from "./query.ts";
import { nonNull } from "../non-null.ts";

/** Characters of a key that are kept. Longer texts are found by their beginning. */
const KEY_LENGTH = 8_000;

/** Index rows of one resource. A store writes about 200,000 a second, and does nothing else meanwhile. */
export const MAX_INDEX_ROWS = 20_000;
/** Characters of all rows together: a long text may be stored in four forms. */
const MAX_CHARACTERS = 4_000_000;

/** Cuts a text to the length of a key, never through a surrogate pair: a store would write the halves of all pairs as the same character. */
export function cut(value: string): string {
  if (value.length <= KEY_LENGTH) return value;
  const last = value.charCodeAt(KEY_LENGTH - 1);
  return value.slice(0, last >= 0xd800 && last <= 0xdbff ? KEY_LENGTH - 1 : KEY_LENGTH);
}

/** Number of rows in a slot from which on duplicates are looked up in a set. */
const SET_FROM = 16;

/** Collects the rows of a resource, slot by slot. */
export class IndexRowBuilder {
  readonly keys: KeyRow[] = [];
  readonly ranges: RangeRow[] = [];
  #slot = 0;
  #firstKey = 0;
  #firstRange = 0;
  #seenKeys: Set<string> | undefined;
  #seenRanges: Set<string> | undefined;
  readonly #resource: { resourceType?: unknown; contained?: unknown } | undefined;
  readonly #most: number;
  #characters = 0;
  /** Contained resources by id; built when first needed. */
  #containedById: Map<unknown, Contained> | undefined;
  /** Number of contained resources that references in the slots have reached. */
  #lookedInto = 0;
  readonly #reached = new Map<number, Set<Contained>>();

  /**
   * @param resource the resource, with its contained ones
   * @param most limit of rows; more are refused with 422
   */
  constructor(resource?: object, most = Number.POSITIVE_INFINITY) {
    this.#resource = resource;
    this.#most = most;
  }

  /** Adds a row for a reference to a contained resource, `#id`, whose type is only known if it is contained. */
  contained(reference: string): void {
    const id = reference.slice(1);
    this.#containedById ??= byId(this.#resource?.contained);
    const found = this.#containedById.get(id);
    this.key(`#${typeof found?.resourceType === "string" ? found.resourceType : ""}/${id}`);
    if (!found) return;
    const others = this.#reached.get(this.#slot);
    if (others) others.add(found);
    else this.#reached.set(this.#slot, new Set([found]));
  }

  /** Counts contained resources, each as often as references of another kind reach it. @throws FhirError 422 for too many */
  countContained(count: number): void {
    this.#lookedInto += count;
    if (this.#lookedInto > this.#most) {
      throw fhirError(422, "too-costly", "The resource has too many references to its contained resources: divide it into several.");
    }
  }

  /** The contained resources that references have reached since the last call, by slot. */
  takeContained(): [slot: number, contained: Set<Contained>][] {
    const taken = [...this.#reached];
    this.#reached.clear();
    return taken;
  }

  start(slot: number): void {
    this.#slot = slot;
    this.#firstKey = this.keys.length;
    this.#firstRange = this.ranges.length;
    this.#seenKeys = undefined;
    this.#seenRanges = undefined;
  }

  key(value: string): void {
    const kept = cut(value);
    const { keys } = this;
    if (keys.length - this.#firstKey < SET_FROM) {
      for (let i = this.#firstKey; i < keys.length; i++) if (nonNull(keys[i])[1] === kept) return;
    } else {
      this.#seenKeys ??= new Set(keys.slice(this.#firstKey).map((row) => row[1]));
      if (this.#seenKeys.has(kept)) return;
      this.#seenKeys.add(kept);
    }
    this.#characters += kept.length;
    this.#countRow();
    keys.push([this.#slot, kept]);
  }

  #countRow(): void {
    if (this.keys.length + this.ranges.length >= this.#most) {
      const how = this.#resource?.resourceType === "CodeSystem" ? ' with content "fragment"' : "";
      throw fhirError(422, "too-costly", `The resource has more than ${this.#most} search values: divide it into several${how}.`);
    }
    if (this.#most < Infinity && this.#characters > MAX_CHARACTERS) {
      throw fhirError(422, "too-costly", "The resource has too many long search values: divide it into several, or shorten them.");
    }
  }

  range(low: number, high: number, unit = ""): void {
    if (!(low <= high)) return;
    const { ranges } = this;
    if (ranges.length - this.#firstRange < SET_FROM) {
      for (let i = this.#firstRange; i < ranges.length; i++) {
        const row = nonNull(ranges[i]);
        if (row[1] === low && row[2] === high && row[3] === unit) return;
      }
    } else {
      const text = `${low} ${high} ${unit}`;
      this.#seenRanges ??= new Set(ranges.slice(this.#firstRange).map((row) => row.slice(1).join(" ")));
      if (this.#seenRanges.has(text)) return;
      this.#seenRanges.add(text);
    }
    this.#countRow();
    ranges.push([this.#slot, low, high, unit]);
  }
}

/** A contained resource, unchecked. */
export interface Contained {
  id?: unknown;
  resourceType?: unknown;
}

/** Of several with one id the first is used. */
function byId(contained: unknown): Map<unknown, Contained> {
  const found = new Map<unknown, Contained>();
  for (const one of Array.isArray(contained) ? (contained as (Contained | null)[]) : []) {
    if (one && !found.has(one.id)) found.set(one.id, one);
  }
  return found;
}
