/** The resource that an entry of a transaction is about. */
import type { BundleEntry } from "../../fhir/bundle/entries.ts";

/** What an entry that writes is about. */
export interface Target {
  id: string;
  /** The owner that holds it now, with its current version; absent when there is none yet. */
  held?: {
    owner: string;
    version: number;
    updated?: number;
    deleted: boolean;
    /** Its text; read of what moves to another owner, whose rules compare. */
    json?: string;
  };
}

/** A conditional create that found one writes nothing. */
export const isFound = ({ method }: BundleEntry, { held }: Target): boolean => method === "POST" && held !== undefined;

/** `Type/id` of what the bundle deletes. */
export function deletedBy(targets: Map<BundleEntry, Target>): Set<string> {
  return new Set([...targets].flatMap(([{ method, type }, { id }]) => (method === "DELETE" ? [`${type}/${id}`] : [])));
}
