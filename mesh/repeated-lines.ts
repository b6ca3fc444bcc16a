/** Repeated lines of the log: the first is written, the others are counted, and the count is written once. */

/** Lines that differ only in names, ids and numbers count as repeated within this time; milliseconds. */
const WINDOW_MS = 10_000;
/** Different lines that are counted at once; further ones are always written. */
const MAX_SEEN = 200;

interface Seen {
  type: string;
  line: string;
  more: number;
  timer: NodeJS.Timeout;
}

/** Counts the lines of one part of a process. */
export class RepeatedLines {
  readonly #seen = new Map<string, Seen>();
  readonly #say: (type: string, line: string) => void;

  /** @param say writes the line with a count */
  constructor(say: (type: string, line: string) => void) {
    this.#say = say;
  }

  /** Whether such a line was written recently; then it is counted. */
  isKnown(type: string, line: string): boolean {
    const shape = `${type} ${shapeOf(line)}`;
    const seen = this.#seen.get(shape);
    if (seen) {
      seen.more += 1;
      return true;
    }
    if (this.#seen.size >= MAX_SEEN) return false;
    const timer = setTimeout(() => this.#tell(shape), WINDOW_MS).unref();
    this.#seen.set(shape, { type, line, more: 0, timer });
    return false;
  }

  /** Writes all counts. */
  end(): void {
    for (const [shape, { timer }] of this.#seen) {
      clearTimeout(timer);
      this.#tell(shape);
    }
  }

  #tell(shape: string): void {
    const { type, line, more } = this.#seen.get(shape) as Seen;
    this.#seen.delete(shape);
    if (more > 0) this.#say(type, `${more} more like: ${line}`);
  }
}

/** A line without its variable parts: quoted texts other than names of actions, and words with a digit. */
const shapeOf = (line: string): string =>
  line
    .slice(0, 500)
    .replace(/'(?![a-zA-Z]+(?:\.[a-zA-Z]+)+')[^']*'|"[^"]*"/g, "*")
    .replace(/[\w~.-]*\d[\w~.-]*/g, "#");
