/**
 * Undoes several changes of one thing, the last first: each is undone by another write, which restores the earlier content under a later version. Changes
 * that others have made in between are not overwritten.
 */
import type { FhirResource } from "../../../../fhir/r4.ts";
import { update } from "./api.ts";

/** Limit of remembered versions: far more than can be undone at a time. */
const MAX_KNOWN = 100;

/** The later version with the content of an earlier one, by what it belongs to and the earlier version. */
const later = new Map<string, string>();
const keyOf = (what: string, version: string): string => `${what} ${version}`;

/** The latest version with the content of this one, as far as it was written here. */
export function asNow(what: string, version: string): string {
  const found = later.get(keyOf(what, version));
  return found === undefined ? version : asNow(what, found);
}

/** Records that `now`, a later version, has the content of `before`. */
export function isAsBefore(what: string, before: string, now: string): void {
  later.set(keyOf(what, before), now);
  const [oldest] = later.keys();
  if (later.size > MAX_KNOWN && oldest !== undefined) later.delete(oldest);
}

/** Restores the content of a resource; refused (412) if others have changed it since. @param stored the result of the change to undo */
export async function takeBack<Resource extends FhirResource>(before: Resource, stored: Resource): Promise<Resource> {
  const what = `${stored.resourceType}/${stored.id}`;
  const { versionId: was = "" } = before.meta ?? {};
  const back = await update(before, asNow(what, stored.meta?.versionId ?? ""));
  isAsBefore(what, was, back.meta?.versionId ?? "");
  return back;
}

/** Like `takeBack`, for what an action changes. @param work restores the content if the version is this one; returns the next one */
export async function takeBackVersion(
  what: string,
  { before, stored }: { before: number; stored: number },
  work: (version: number) => Promise<{ version: number }>,
): Promise<void> {
  const { version } = await work(Number(asNow(what, `${stored}`)));
  isAsBefore(what, `${before}`, `${version}`);
}

/**
 * Undoes several changes separately: one that others have changed since does not prevent the rest.
 * @param left what is to be undone; what is done is removed, so that the rest can be tried again
 * @throws the last refusal
 */
export async function takeBackEach<One>(left: One[], work: (one: One) => Promise<unknown>): Promise<void> {
  let refusal: unknown;
  for (const one of [...left]) {
    try {
      await work(one);
      left.splice(left.indexOf(one), 1);
    } catch (error) {
      refusal = error;
    }
  }
  if (refusal !== undefined) throw refusal;
}
