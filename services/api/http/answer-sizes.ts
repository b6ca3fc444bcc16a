/** How large the answer to a request may be, before it is made: as large as the largest of its kind was lately. */

/** Of a kind that was not asked for yet. Bytes. */
const UNKNOWN = 2 * 1024 * 1024;
/** What was large is expected half as large after this. Milliseconds. */
const HALF_LIFE_MS = 600_000;
/** Kinds that are remembered; the one that was noted longest ago is forgotten first. */
const MAX_KINDS = 2_000;

export class AnswerSizes {
  readonly #sizes = new Map<string, { bytes: number; at: number }>();

  /** Bytes. @param now milliseconds since 1970 */
  expected(kind: string, now: number): number {
    const known = this.#sizes.get(kind);
    return known ? known.bytes * 0.5 ** ((now - known.at) / HALF_LIFE_MS) : UNKNOWN;
  }

  note(kind: string, bytes: number, now: number): void {
    const known = this.#sizes.get(kind);
    if (known && bytes <= known.bytes * 0.5 ** ((now - known.at) / HALF_LIFE_MS)) return;
    this.#sizes.delete(kind);
    this.#sizes.set(kind, { bytes, at: now });
    if (this.#sizes.size > MAX_KINDS) this.#sizes.delete(this.#sizes.keys().next().value as string);
  }
}

/** `/fhir/Patient/1?…` → `Patient/id`: requests of one kind have answers of about one size. @param path behind `/fhir`, with or without query */
export function kindOf(path: string): string {
  const mark = path.indexOf("?");
  const [, type = "", second, third] = (mark < 0 ? path : path.slice(0, mark)).split("/", 4);
  if (second === undefined) return type;
  const isName = second.startsWith("_") || second.startsWith("$");
  return `${type}/${isName ? second : "id"}${third === undefined ? "" : `/${third}`}`;
}
