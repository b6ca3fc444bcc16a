/**
 * How many entries of a batch are processed at the same time. Writes wait for the disk, and those that wait together are confirmed together: many small ones
 * at once take half the time, and less work. Other requests wait while large resources are parsed, checked and indexed, so few of those.
 */

/** Places of one batch: for as many small writes, or a quarter as many other entries. */
export const PLACES = 16;
const PLACES_OF_OTHERS = 4;
/** Size of a small resource: characters of its texts and names, and one for each other value. */
const SMALL = 8_192;

/** Address of a create: a type, by any of the server's names or by none. An operation and a search are others. */
const OF_TYPE = /(?:^|\/)[A-Z][A-Za-z]+(?:\?.*)?$/;

/**
 * The places that an entry takes. A read, a search, an operation, a patch and a deletion may meet a resource of the largest size.
 * @param item an entry as it was sent, unchecked
 */
export function placesOf(item: unknown): number {
  const { resource, request } = (item ?? {}) as { resource?: unknown; request?: { method?: unknown; url?: unknown } | null };
  const isWrite = request?.method === "PUT" || (request?.method === "POST" && typeof request.url === "string" && OF_TYPE.test(request.url));
  return isWrite && sizeUpTo(resource, SMALL) <= SMALL ? 1 : PLACES_OF_OTHERS;
}

/** The size of a value; of one that is larger than `most` something above `most`. */
function sizeUpTo(value: unknown, most: number): number {
  if (typeof value === "string") return value.length;
  let size = 1;
  if (value === null || typeof value !== "object") return size;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && size <= most; index += 1) size += sizeUpTo(value[index], most - size);
    return size;
  }
  for (const name in value) {
    size += name.length + sizeUpTo((value as Record<string, unknown>)[name], most - size);
    if (size > most) break;
  }
  return size;
}
