/** Shared by the writers of index rows (query.ts defines the rows). */
import { fold } from "../fold.ts";
import { cut, type IndexRowBuilder } from "../index-row-builder.ts";

/** A JSON object with unknown members. */
export type JsonMembers = Record<string, unknown>;

/**
 * Writes the rows of one value. Values of a wrong type are skipped: refusing malformed content is the task of validation, and an index row must
 * never be the reason for which a write fails.
 * @param system for a code: the one that its binding implies
 */
export type RowWriter = (sink: IndexRowBuilder, value: unknown, system: string) => void;

/** Whether it is a non-empty string. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Whether it is a JSON object. */
export function isObject(value: unknown): value is JsonMembers {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Calls `write` for each item of a list, or for the single value. */
export function each(value: unknown, write: (item: unknown) => void): void {
  if (Array.isArray(value)) for (const item of value) write(item);
  else if (value !== undefined) write(value);
}

/** Adds a folded text. @param facet "+" for a later part of a name */
export function words(sink: IndexRowBuilder, text: unknown, facet: "~" | "+" = "~"): void {
  if (!isText(text)) return;
  // Some characters fold into eighteen: text that would be cut off afterwards is not folded.
  const folded = fold(cut(text));
  if (folded) sink.key(`${facet}${folded}`);
}
