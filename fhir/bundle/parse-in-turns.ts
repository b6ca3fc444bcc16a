/** Parses a large bundle entry by entry, so that other work has its turns meanwhile: one JSON.parse of 30 MB takes a second on a busy machine. */
import { endOfString, MAX_PARTS, parseInput, tooManyParts } from "../json.ts";
import { FhirError } from "../outcome.ts";
import { isObject } from "./entries.ts";

/** Characters from which on a bundle is parsed in turns, which takes half as much time again: records that are imported are smaller. */
const LARGE = 4_000_000;
/** Characters that are looked through in one turn. */
const MAX_AT_ONCE = 1_000_000;

/** An object in `Bundle.entry`: its place in that list, and in the text. */
interface EntrySpan {
  index: number;
  start: number;
  end: number;
}

/**
 * The value of `parseInput`.
 * @param turn awaited between two entries
 * @throws FhirError as `parseInput`; a member that occurs twice is named for the first such entry only
 */
export async function parseInTurns(text: string, turn: () => Promise<void>): Promise<unknown> {
  if (text.length < LARGE) return parseInput(text);
  const spans = await entrySpans(text, turn);
  const bundle = parsedOrUndefined(withoutEntries(text, spans));
  const items = isObject(bundle) ? bundle["entry"] : undefined;
  if (!Array.isArray(items)) return parseInput(text);
  for (const { index, start, end } of spans) {
    await turn();
    items[index] = parsedEntry(text.slice(start, end), index);
  }
  return bundle;
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseInput(text);
  } catch {
    return undefined; // the error is that of the whole text, at its place there
  }
}

function parsedEntry(text: string, index: number): unknown {
  try {
    return parseInput(text);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    const at = `entry[${index}]`;
    const placed = error.issues.map(({ diagnostics, expression, ...issue }) =>
      expression
        ? { ...issue, diagnostics, expression: expression.map((path) => `${at}.${path}`) }
        : { ...issue, diagnostics: `${at}: ${diagnostics}`, expression: [at] },
    );
    throw new FhirError(error.status, placed);
  }
}

function withoutEntries(text: string, spans: readonly EntrySpan[]): string {
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end } of spans) {
    pieces.push(text.slice(from, start), "{}");
    from = end;
  }
  return pieces.join("") + text.slice(from);
}

const [QUOTE, COMMA, COLON, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x22, 0x2c, 0x3a, 0x7b, 0x7d, 0x5b, 0x5d];

/** Levels of nesting within the list of entries, and within an entry. */
const [IN_LIST, IN_ENTRY] = [2, 3];

/** The entries of a bundle that are objects; of a text that is no bundle, or no JSON, any spans. @throws FhirError 413 for too many parts */
async function entrySpans(text: string, turn: () => Promise<void>): Promise<EntrySpan[]> {
  const spans: EntrySpan[] = [];
  let [depth, parts, index, start, due] = [0, 0, 0, 0, MAX_AT_ONCE];
  let name = "";
  let isInEntries = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (i > due) {
      due = i + MAX_AT_ONCE;
      await turn();
    }
    if (c === QUOTE) {
      const end = endOfString(text, i);
      if (depth === 1) name = end - i === ENTRY.length + 1 ? text.slice(i + 1, end) : "";
      i = end;
    } else if (c === OPEN || c === OPEN_LIST) {
      depth += 1;
      parts += 1;
      if (depth === IN_LIST) {
        isInEntries = c === OPEN_LIST && name === ENTRY && text.charCodeAt(lastBefore(text, i)) === COLON;
        index = 0;
      } else if (depth === IN_ENTRY) {
        start = i;
      }
    } else if (c === CLOSE || c === CLOSE_LIST) {
      if (depth === IN_ENTRY && isInEntries && c === CLOSE) spans.push({ index, start, end: i + 1 });
      depth -= 1;
    } else if (c === COMMA) {
      parts += 1;
      if (depth === IN_LIST) index += 1;
    }
  }
  if (parts > MAX_PARTS) throw tooManyParts(MAX_PARTS);
  return spans;
}

const ENTRY = "entry";

/** Position of the last character before `i` that is no white space. */
function lastBefore(text: string, i: number): number {
  let before = i - 1;
  while (before > 0 && text.charCodeAt(before) <= 0x20) before -= 1;
  return before;
}
