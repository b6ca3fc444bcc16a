/** A page of one owner's history, optionally of versions that were current at or after a given time (`_at`, FHIR R4, http.html#history). */
import type { HistoryQuery, Store, StoredResource } from "../../store/store.ts";
import type { HistoryPage, HistoryCursor } from "../../federation/owner-contract.ts";
import { MAX_VERSIONS } from "../../federation/version-authors.ts";

/** Versions that one call examines before it answers with what it has found so far. */
const MAX_LOOKED_AT = 5_000;
/** Versions read at once. */
const PAGE = 500;

/**
 * Versions older than `query.before`, newest first; fewer than `query.limit` when many were examined and few match.
 * @param currentFrom milliseconds since 1970: only versions that were current then or became so later
 */
export async function historyPage(store: Store, query: HistoryQuery, currentFrom?: number): Promise<HistoryPage> {
  if (currentFrom === undefined) {
    const { versions, more } = await store.history(query);
    const last = versions.at(-1);
    return { versions, more, ...(more && last && { end: placeOf(last) }) };
  }
  const found: StoredResource[] = [];
  let before = query.before;
  for (let looked = 0; ; ) {
    const { versions, more } = await store.history({ ...query, ...(before && { before }) });
    for (const version of versions) {
      looked += 1;
      before = placeOf(version);
      if (version.updated >= currentFrom || (await wasCurrent(store, version, currentFrom))) found.push(version);
      if (found.length === query.limit || looked === MAX_LOOKED_AT) {
        return { versions: found, more: more || version !== versions.at(-1), end: before };
      }
    }
    if (!more || !before) return { versions: found, more: false };
  }
}

/** Every version of the given resources and its author, with the content by which it is decided whether a reader may see it. */
export async function allVersions(
  store: Store,
  { type, ids }: { type: string; ids: string[] },
): Promise<{ versions: StoredResource[]; more: boolean }> {
  const found: StoredResource[] = [];
  for (const id of ids) {
    for (let before: HistoryCursor | undefined; ; ) {
      const { versions, more } = await store.history({ type, id, limit: PAGE, ...(before && { before }) });
      found.push(...versions);
      if (found.length > MAX_VERSIONS) return { versions: [], more: true };
      const last = versions.at(-1);
      if (!more || !last) break;
      before = placeOf(last);
    }
  }
  return { versions: found, more: false };
}

/** Whether no later version had replaced it at that time. */
async function wasCurrent(store: Store, { type, id, version }: StoredResource, at: number): Promise<boolean> {
  const next = await store.readVersion(type, id, version + 1);
  return !next || next.updated > at;
}

const placeOf = ({ updated, type, id, version }: StoredResource): HistoryCursor => ({ updated, type, id, version });
