/**
 * Remembers for a while which questions of a client took long, so that the next one like it is not tried in the main thread first. It may be asked
 * with other values: what takes long is the form of a question, mostly. Other clients' questions of the same form are tried as before.
 */
import type { StoreQuestion } from "./questions.ts";

/** How long, milliseconds. */
const REMEMBERED_MS = 30_000;
/** What took less is tried in the main thread again, milliseconds: most of its like may suffice with little. */
const SLOW_MS = 40;
const MAX_SHAPES = 1_000;

/** By shape: when it is forgotten, performance.now(). The one noted longest ago comes first. */
const shapes = new Map<string, number>();

/** Notes how long a question took, milliseconds. Nothing is remembered of unknown clients. @param client "" if unknown */
export function noteTime(question: StoreQuestion, client: string, ms: number): void {
  if (client === "" || ms < SLOW_MS) return;
  const shape = shapeOf(question, client);
  shapes.delete(shape);
  shapes.set(shape, performance.now() + REMEMBERED_MS);
  if (shapes.size > MAX_SHAPES) shapes.delete(shapes.keys().next().value as string);
}

/** Whether such a question of this client took long within the last half minute. */
export function wasSlow(question: StoreQuestion, client: string): boolean {
  if (shapes.size === 0 || client === "") return false;
  const shape = shapeOf(question, client);
  const until = shapes.get(shape);
  if (until === undefined) return false;
  if (until > performance.now()) return true;
  shapes.delete(shape);
  return false;
}

/** The question without its values and its place in the result. */
const shapeOf = (question: StoreQuestion, client: string): string =>
  `${client} ${JSON.stringify(question, (key, value) => (key === "any" || key === "among" ? (value as unknown[]).length : key === "after" ? undefined : value))}`;
