/** The resource to which an entry of a transaction applies. */
import type { BundleEntry } from "../../fhir/bundle/entries.ts";

/** The target of an entry that writes. */
export interface Target {
  id: string;
  /** The owner that holds it, with its current version; absent if there is none yet. */
  held?: {
    owner: string;
    version: number;
    updated?: number;
    deleted: boolean;
    /** Its text, which is read if it moves to another owner, whose rules compare. */
    json?: string;
  };
}

/** Whether a conditional create has found a match, and writes nothing. */
export const isFound = ({ method }: BundleEntry, { held }: Target): boolean => method === "POST" && held !== undefined;

/** `Type/id` of the resources that the bundle deletes. */
export function deletedBy(targets: Map<BundleEntry, Target>): Set<string> {
  return new Set([...targets].flatMap(([{ method, type }, { id }]) => (method === "DELETE" ? [`${type}/${id}`] : [])));
}
