/** What the writers of index rows share (query.ts says what rows mean). */
import { fold } from "../fold.ts";
import { cut, type IndexRowBuilder } from "../index-row-builder.ts";

/** A JSON object whose members are not known. */
export type JsonMembers = Record<string, unknown>;

/**
 * Writes the rows of one value. Values of a wrong type are passed over: what is malformed is validation's to refuse, and a row must never
 * be the reason that a write fails.
 * @param system of a code: what its binding implies
 */
export type RowWriter = (sink: IndexRowBuilder, value: unknown, system: string) => void;

/** Whether it is a string with content. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Whether it is a JSON object. */
export function isObject(value: unknown): value is JsonMembers {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Each item of a list, or the one value. */
export function each(value: unknown, write: (item: unknown) => void): void {
  if (Array.isArray(value)) for (const item of value) write(item);
  else if (value !== undefined) write(value);
}

/** A text without case and accents. @param facet "+" for a later part of a name */
export function words(sink: IndexRowBuilder, text: unknown, facet: "~" | "+" = "~"): void {
  if (!isText(text)) return;
  // Some characters are folded into eighteen: what would be cut off afterwards is not folded.
  const folded = fold(cut(text));
  if (folded) sink.key(`${facet}${folded}`);
}
