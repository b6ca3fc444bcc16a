/**
 * Writes by callers with a right to a part of a type, such as one patient's record: what they may not see is treated as if it did not exist,
 * whatever the request says of versions. A refusal that depended on it would tell them of it.
 */
import { rightsOfCaller } from "../mesh/access/access.ts";
import type { Caller } from "../mesh/caller.ts";
import type { Directory } from "./directory.ts";
import { isType } from "./errors.ts";
import { readResource } from "./read.ts";

/** Whether the caller may update resources of the type, or create them under ids of its choice, but only those of a part that it sees. */
export function updatesPart(caller: Caller, type: string): boolean {
  const rights = rightsOfCaller(caller);
  if (!rights || rights.with(type, "r") === "all" || rights.with(type, "u") === "all") return false;
  return rights.with(type, "u") !== "none" || rights.with(type, "c") !== "none";
}

/** Whether the caller may delete resources of the type, but only those of a part that it sees. */
export function deletesPart(caller: Caller, type: string): boolean {
  const rights = rightsOfCaller(caller);
  return rights !== undefined && rights.with(type, "r") !== "all" && Array.isArray(rights.with(type, "d"));
}

/** Whether a resource exists for the caller. */
export async function isSeen(mesh: { caller: Caller; directory: Directory }, type: string, id: string): Promise<boolean> {
  try {
    await readResource(mesh, type, id);
    return true;
  } catch (error) {
    if (isType(error, "NOT_FOUND") || isType(error, "GONE") || isType(error, "NOT_ALLOWED")) return false;
    throw error;
  }
}
