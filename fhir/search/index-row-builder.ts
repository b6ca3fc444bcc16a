import { fhirError } from "../outcome.ts";
import type { KeyRow, RangeRow } from "./query.ts";

/** Characters of a key that are kept. Longer texts are found by what they begin with. */
const KEY_LENGTH = 8_000;

/** Values that one resource is found by. A store writes some 200,000 a second, and does nothing else meanwhile. */
export const MAX_INDEX_ROWS = 20_000;
/** Characters of all of them, for each row that is allowed: a long text may be kept in four forms. */
const CHARACTERS_PER_ROW = 200;

/** Never through a surrogate pair: a store would write both halves of all such pairs as the same sign, and two rows as one. */
export function cut(value: string): string {
  if (value.length <= KEY_LENGTH) return value;
  const last = value.charCodeAt(KEY_LENGTH - 1);
  return value.slice(0, last >= 0xd800 && last <= 0xdbff ? KEY_LENGTH - 1 : KEY_LENGTH);
}

/** From so many rows of one slot on, doubles are looked up in a set. */
const SET_FROM = 16;

/** Takes the rows of one slot after the other. */
export class IndexRowBuilder {
  readonly keys: KeyRow[] = [];
  readonly ranges: RangeRow[] = [];
  #slot = 0;
  #firstKey = 0;
  #firstRange = 0;
  #seenKeys: Set<string> | undefined;
  #seenRanges: Set<string> | undefined;
  readonly #resource: { contained?: unknown } | undefined;
  readonly #most: number;
  #characters = 0;
  /** Types of what the resource contains, by id; made when first needed. */
  #containedTypes: Map<unknown, unknown> | undefined;

  /**
   * @param resource whose rows they are, with what it contains
   * @param most rows; one more is refused with 422
   */
  constructor(resource?: object, most = Number.POSITIVE_INFINITY) {
    this.#resource = resource;
    this.#most = most;
  }

  /** A row for what refers to a contained resource, `#id`; its type is known only where it is contained. */
  contained(reference: string): void {
    const id = reference.slice(1);
    this.#containedTypes ??= typesById(this.#resource?.contained);
    const resourceType = this.#containedTypes.get(id);
    this.key(`#${typeof resourceType === "string" ? resourceType : ""}/${id}`);
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
      for (let i = this.#firstKey; i < keys.length; i++) if (keys[i]![1] === kept) return;
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
    if (this.keys.length + this.ranges.length >= this.#most)
      throw fhirError(422, "too-costly", `The resource has more than ${this.#most} values to be found by: divide it into several.`);
    if (this.#characters > this.#most * CHARACTERS_PER_ROW)
      throw fhirError(422, "too-costly", "The resource has too many long texts to be found by: divide it into several, or shorten them.");
  }

  range(low: number, high: number, unit = ""): void {
    if (!(low <= high)) return;
    const { ranges } = this;
    if (ranges.length - this.#firstRange < SET_FROM) {
      for (let i = this.#firstRange; i < ranges.length; i++) {
        const row = ranges[i]!;
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

/** Of several with one id the first counts. */
function typesById(contained: unknown): Map<unknown, unknown> {
  const types = new Map<unknown, unknown>();
  for (const one of Array.isArray(contained) ? (contained as ({ id?: unknown; resourceType?: unknown } | null)[]) : [])
    if (one && !types.has(one.id)) types.set(one.id, one.resourceType);
  return types;
}
