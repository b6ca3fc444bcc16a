/**
 * What the caller of a transaction may do and see, before its plan compares anything with what is stored: otherwise refusals would tell of resources
 * that the caller may not see. The owners check all of it again.
 */
import { notAllowed, outsideOfPart, type Rights, rightsOfCaller } from "../../mesh/access/access.ts";
import { type BundleEntry, isRead, placeRead } from "../../fhir/bundle/entries.ts";
import type { Caller } from "../../mesh/caller.ts";
import { mapConcurrent } from "../../mesh/map-concurrent.ts";
import type { Directory } from "../../federation/directory.ts";
import { deletesPart, isSeen, updatesPart } from "../../federation/seen.ts";
import { criteriaOf } from "./conditions.ts";
import type { Target } from "./targets.ts";

/** Refuses what no content of the stores could make permitted. @throws 403 NOT_ALLOWED with `data.entry` */
export function requireRights(entries: BundleEntry[], caller: Caller): void {
  const rights = rightsOfCaller(caller);
  for (const entry of rights ? entries : []) {
    const refused = lackingFor(entry, rights as Rights);
    if (refused !== undefined) throw refusedEntry(refused, entry);
  }
}

/** What the caller may not do; undefined: it depends on the resource, or is permitted. */
function lackingFor(entry: BundleEntry, rights: Rights): string | undefined {
  const type = isRead(entry) ? placeRead(entry)?.type : entry.type;
  if (type === undefined) return undefined;
  const lacks = (interaction: "c" | "r" | "u" | "d") => rights.with(type, interaction) === "none";
  if (isRead(entry)) return lacks("r") ? `read ${type}` : undefined;
  if (entry.method === "POST") return lacks("c") ? `create ${type}` : undefined;
  if (entry.method === "PUT") return lacks("c") && lacks("u") ? `update ${type}` : undefined;
  if (entry.method === "PATCH") return lacks("u") ? `update ${type}` : undefined;
  return lacks("d") ? `delete ${type}` : undefined;
}

/**
 * For callers with a right to a part of a type: a deletion of what they do not see has no target.
 * @throws 403 NOT_ALLOWED with `data.entry` for an update of what they do not see, whether it exists or not, and for a creation if nothing matches
 *         that they see: whether anything matches at all would tell of the rest
 */
export async function withoutUnseen(
  writes: BundleEntry[],
  targets: Map<BundleEntry, Target>,
  mesh: { caller: Caller; directory: Directory },
): Promise<void> {
  const rights = rightsOfCaller(mesh.caller);
  if (!rights) return;
  for (const entry of writes) {
    const isCreation = criteriaOf(entry) !== undefined && targets.has(entry) && targets.get(entry)?.held === undefined;
    const type = entry.type as string;
    if (isCreation && rights.with(type, "s") !== "all") throw refusedEntry(`search all of ${type}`, entry);
  }
  const isPart = ({ method, type = "" }: BundleEntry) =>
    (method === "PUT" && updatesPart(mesh.caller, type)) || (method === "DELETE" && deletesPart(mesh.caller, type));
  await mapConcurrent(writes.filter(isPart), async (entry) => {
    const target = targets.get(entry);
    const type = entry.type as string;
    if (!target || criteriaOf(entry) !== undefined || (await isSeen(mesh, type, target.id))) return;
    if (entry.method === "PUT") throw refusedEntry(outsideOfPart("update", type), entry);
    targets.delete(entry);
  });
}

function refusedEntry(what: string, { index }: BundleEntry) {
  const error = notAllowed(what);
  error.data = { entry: index };
  return error;
}
