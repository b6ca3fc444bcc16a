import type { KeyRow, RangeRow } from "./query.ts";

/** Characters of a key that are kept. Longer texts are found by what they begin with. */
const KEY_LENGTH = 8_000;

/** Never through a surrogate pair: a store would write both halves of all such pairs as the same sign, and two rows as one. */
function cut(value: string): string {
  const last = value.charCodeAt(KEY_LENGTH - 1);
  return value.slice(0, last >= 0xd800 && last <= 0xdbff ? KEY_LENGTH - 1 : KEY_LENGTH);
}

/** From so many rows of one slot on, doubles are looked up in a set. */
const SET_FROM = 16;

/** Takes the rows of one slot after the other. */
export class IndexRowBuilder {
  readonly keys: KeyRow[] = [];
  readonly ranges: RangeRow[] = [];
  private slot = 0;
  private firstKey = 0;
  private firstRange = 0;
  private seenKeys: Set<string> | undefined;
  private seenRanges: Set<string> | undefined;
  private readonly resource: { contained?: unknown } | undefined;

  /** @param resource whose rows they are, with what it contains */
  constructor(resource?: object) {
    this.resource = resource;
  }

  /** A row for what refers to a contained resource, `#id`; its type is known only where it is contained. */
  contained(reference: string): void {
    const { contained } = this.resource ?? {};
    const id = reference.slice(1);
    const found = Array.isArray(contained) ? (contained as ({ id?: unknown } | null)[]).find((one) => one?.id === id) : undefined;
    const { resourceType } = (found ?? {}) as { resourceType?: unknown };
    this.key(`#${typeof resourceType === "string" ? resourceType : ""}/${id}`);
  }

  start(slot: number): void {
    this.slot = slot;
    this.firstKey = this.keys.length;
    this.firstRange = this.ranges.length;
    this.seenKeys = undefined;
    this.seenRanges = undefined;
  }

  key(value: string): void {
    const kept = value.length > KEY_LENGTH ? cut(value) : value;
    const { keys } = this;
    if (keys.length - this.firstKey < SET_FROM) {
      for (let i = this.firstKey; i < keys.length; i++) if (keys[i]![1] === kept) return;
    } else {
      this.seenKeys ??= new Set(keys.slice(this.firstKey).map((row) => row[1]));
      if (this.seenKeys.has(kept)) return;
      this.seenKeys.add(kept);
    }
    keys.push([this.slot, kept]);
  }

  range(low: number, high: number, unit = ""): void {
    if (!(low <= high)) return;
    const { ranges } = this;
    if (ranges.length - this.firstRange < SET_FROM) {
      for (let i = this.firstRange; i < ranges.length; i++) {
        const row = ranges[i]!;
        if (row[1] === low && row[2] === high && row[3] === unit) return;
      }
    } else {
      const text = `${low} ${high} ${unit}`;
      this.seenRanges ??= new Set(ranges.slice(this.firstRange).map((row) => row.slice(1).join(" ")));
      if (this.seenRanges.has(text)) return;
      this.seenRanges.add(text);
    }
    ranges.push([this.slot, low, high, unit]);
  }
}
