/** Types of which a caller may see nothing. Their owners answer such a caller with nothing; an answer does not depend on whether they are available. */
import { rightsOfCaller } from "../mesh/access/access.ts";
import type { Caller } from "../mesh/caller.ts";
import { PROVENANCE } from "./version-authors.ts";

/** Whether the caller may neither find nor read any resource of the type; never of Provenance, some of which are derived from what the caller sees. */
export function seesNothingOf(caller: Caller, type: string): boolean {
  const rights = rightsOfCaller(caller);
  return rights !== undefined && type !== PROVENANCE && rights.with(type, "s") === "none" && rights.with(type, "r") === "none";
}
