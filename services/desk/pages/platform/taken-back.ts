/**
 * Taking back several changes of one thing, the last first: each is taken back by another write, so that what was before stands there again
 * under a later version. What others have written in between is not written over.
 */
import type { FhirResource } from "../../../../fhir/r4.ts";
import { update } from "./api.ts";

/** So many are known, the latest: far more than can be taken back at a time. */
const MAX_KNOWN = 100;

/** The version that is as an earlier one was, by what it is of and the earlier one. */
const later = new Map<string, string>();
const keyOf = (what: string, version: string): string => `${what} ${version}`;

/** The latest version that is as this one was, as far as it was written here. */
export function asNow(what: string, version: string): string {
  const found = later.get(keyOf(what, version));
  return found === undefined ? version : asNow(what, found);
}

/** `now`, a later version, is as `before` was. */
export function isAsBefore(what: string, before: string, now: string): void {
  later.set(keyOf(what, before), now);
  const [oldest] = later.keys();
  if (later.size > MAX_KNOWN && oldest !== undefined) later.delete(oldest);
}

/** Stores a resource as it was before; refused (412) when others have changed it since. @param stored what it has become meanwhile */
export async function takeBack<Resource extends FhirResource>(before: Resource, stored: Resource): Promise<Resource> {
  const what = `${stored.resourceType}/${stored.id}`;
  const { versionId: was = "" } = before.meta ?? {};
  const back = await update(before, asNow(what, stored.meta?.versionId ?? ""));
  isAsBefore(what, was, back.meta?.versionId ?? "");
  return back;
}

/** As `takeBack`, of what an action changes. @param work writes it as it was, where it has this version; tells the next one */
export async function takeBackVersion(
  what: string,
  { before, stored }: { before: number; stored: number },
  work: (version: number) => Promise<{ version: number }>,
): Promise<void> {
  const { version } = await work(Number(asNow(what, `${stored}`)));
  isAsBefore(what, `${before}`, `${version}`);
}

/**
 * Takes back several things, each by itself: what others have changed since keeps none of the rest.
 * @param left what is to be taken back; what is, stands in it no more, so that it can be tried once again
 * @throws what was refused, the last
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
