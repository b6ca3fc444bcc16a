import type { Basic, Stored } from "../../../fhir/r4.ts";
import { tokenClause } from "../../../fhir/search/exact-clauses.ts";
import type { SkeletonMark } from "./skeleton.contract.ts";
import { alreadyMarked } from "./skeleton.errors.ts";

// The rules: plain data in, plain data out. No broker, no database, no clock.

const MARK = { system: "urn:openward:skeleton", code: "marked" } as const;

/** "Has the mark", as a store looks for it. */
export const isMarked = tokenClause("Basic", "_tag", { system: MARK.system, value: MARK.code });

/** The resource with the mark. @throws 409 ALREADY_MARKED */
export function mark<Of extends Basic>(resource: Of): Of {
  const { tag = [] } = resource.meta ?? {};
  if (tag.some(({ system, code }) => system === MARK.system && code === MARK.code)) throw alreadyMarked(`Basic/${resource.id}`);
  return { ...resource, meta: { ...resource.meta, tag: [...tag, MARK] } };
}

/** A marked resource as its callers see it. */
export const markedOf = ({ id, meta }: Stored<Basic>): SkeletonMark => ({ resource: `Basic/${id}`, version: Number(meta.versionId) });
