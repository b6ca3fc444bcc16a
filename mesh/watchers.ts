/**
 * Which nodes watch which. The nodes of a mesh form a ring, in the order of the ends of their ids: these are fingerprints of keys, so that the nodes of
 * one machine or service are neighbours only by chance. Each sends heartbeats to the next ones only, so that the cost grows with the number of
 * nodes, not with its square. Pure.
 */

/** Watchers of a node: if a third of all nodes vanish at once, one in 27 has lost all of its own, and the next on the ring replace them. */
export const WATCHERS = 3;
/** Characters of an id that determine its place: a fingerprint (mesh/trust/hello.ts). */
const FINGERPRINT_CHARACTERS = 16;

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** @param nodes all nodes, possibly including `node` */
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

/** The nodes to which a node sends heartbeats: the next ones on the ring. */
export const watchersOf = (node: string, nodes: readonly string[]): string[] => neighbours(node, nodes, 1);

/** The nodes from which it receives heartbeats: those before it. */
export const watchedBy = (node: string, nodes: readonly string[]): string[] => neighbours(node, nodes, -1);
