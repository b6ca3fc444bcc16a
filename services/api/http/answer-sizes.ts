/** Estimates the size of an answer before it is made: as large as the largest recent one of its kind. */

/** Estimate for an unknown kind. Bytes. */
const UNKNOWN = 2 * 1024 * 1024;
/** Time after which an estimate is halved. Milliseconds. */
const HALF_LIFE_MS = 600_000;
/** Kinds that are remembered; the one noted longest ago is dropped first. */
const MAX_KINDS = 2_000;

/** Smallest estimate. Bytes. */
const LEAST = 16 * 1024;

const remembered = ({ bytes, at }: { bytes: number; at: number }, now: number): number =>
  bytes <= LEAST ? bytes : Math.max(bytes * 0.5 ** ((now - at) / HALF_LIFE_MS), LEAST);

/** The largest recent answer of each kind of request, halved every ten minutes; at most 2,000 kinds. */
export class AnswerSizes {
  readonly #sizes = new Map<string, { bytes: number; at: number }>();

  /** Estimate in bytes. @param now of `performance.now()` */
  expected(kind: string, now: number): number {
    const known = this.#sizes.get(kind);
    return known ? remembered(known, now) : UNKNOWN;
  }

  note(kind: string, bytes: number, now: number): void {
    const known = this.#sizes.get(kind);
    if (known && bytes <= remembered(known, now)) return;
    this.#sizes.delete(kind);
    this.#sizes.set(kind, { bytes: Math.max(bytes, LEAST), at: now });
    if (this.#sizes.size > MAX_KINDS) this.#sizes.delete(this.#sizes.keys().next().value as string);
  }
}

/** `/fhir/Patient/1?…` → `Patient/id`: answers to requests of one kind have similar sizes. @param path behind `/fhir`, with or without query */
export function kindOf(path: string): string {
  const mark = path.indexOf("?");
  const end = mark < 0 ? path.length : mark;
  const first = path.indexOf("/", 1);
  if (first < 0 || first >= end) return path.slice(1, end);
  const next = path[first + 1];
  if (next === "_" || next === "$") return path.slice(1, end);
  const second = path.indexOf("/", first + 1);
  if (second < 0 || second >= end) return `${path.slice(1, first)}/id`;
  const third = path.indexOf("/", second + 1);
  return `${path.slice(1, first)}/id${path.slice(second, third < 0 || third > end ? end : third)}`;
}
