/** Which types of a list a service owns. */

/** By the service's types and the list; both live as long as the process. */
const known = new WeakMap<ReadonlySet<string>, WeakMap<readonly object[], readonly object[]>>();

/** Those of the list whose types are owned. Cached, because each deletion asks all owners. @param all the same array each time */
export function ownedOf<One extends { type: string }>(owned: ReadonlySet<string>, all: readonly One[]): readonly One[] {
  const lists = known.get(owned) ?? new WeakMap<readonly object[], readonly object[]>();
  known.set(owned, lists);
  const found = (lists.get(all) as readonly One[] | undefined) ?? all.filter(({ type }) => owned.has(type));
  lists.set(all, found);
  return found;
}
