/**
 * Who watches whom. The nodes of a mesh stand on a ring, in the order of the ends of their ids: fingerprints of keys, so chance puts the nodes of a machine or of
 * a service side by side no more often than others. Each tells the next ones that it lives, and no others: what that costs grows with the
 * nodes, not with their square. Pure.
 */

/** So many watch a node: where a third of all nodes vanish at once, one of 27 has lost all of its own, and the next on the ring take their place. */
export const WATCHERS = 3;
/** Characters of an id that count: a fingerprint (mesh/trust/hello.ts). */
const FINGERPRINT_CHARACTERS = 16;

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** @param nodes all of them; `node` itself may be among them */
function neighbours(node: string, nodes: readonly string[], direction: 1 | -1): string[] {
  const placeOf = (id: string) => `${id.slice(-FINGERPRINT_CHARACTERS)} ${id}`;
  const ring = [...nodes, ...(nodes.includes(node) ? [] : [node])].map(placeOf).sort(compare);
  const own = ring.indexOf(placeOf(node));
  const found: string[] = [];
  for (let step = 1; step <= WATCHERS && step < ring.length; step += 1) {
    const place = ring.at((own + direction * step) % ring.length) as string;
    found.push(place.slice(place.indexOf(" ") + 1));
  }
  return found;
}

/** The nodes that a node tells that it lives: the next ones on the ring. */
export const watchersOf = (node: string, nodes: readonly string[]): string[] => neighbours(node, nodes, 1);

/** The nodes that tell it that they live: those before it. */
export const watchedBy = (node: string, nodes: readonly string[]): string[] => neighbours(node, nodes, -1);
