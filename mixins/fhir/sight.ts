/** What the caller of an owner's action may see and change of its types. */
import type { Context } from "moleculer";
import { parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { isMember, membership } from "../../fhir/search/compartments.ts";
import { decidableClauses } from "../../fhir/search/decidable.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { matchesClauses } from "../../fhir/search/matches-clauses.ts";
import { typeOfSlot } from "../../fhir/search/parameters.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { accessOf, type ReachPart, type Reach } from "../../mesh/access/access.ts";
import type { Interaction } from "../../mesh/access/roles.ts";
import type { StoredResource } from "../../store/store.ts";

/** What one caller may see and change, per type, at this owner. */
export interface Sight {
  reach(type: string, interaction: Interaction): Reach;
}

/** @returns undefined when access is open. @throws 401 SIGN_IN_NEEDED */
export function sightOf(ctx: Context): Sight | undefined {
  const access = accessOf(ctx.broker);
  if (access.isOpen) return undefined;
  const rights = access.rightsOf(access.identityOf(ctx));
  return { reach: (type, interaction) => rights.with(type, interaction) };
}

/** A query restricted to what the caller may see; undefined: nothing of it. */
export function narrowed<Question extends { type: string; clauses: Clause[] }>(sight: Sight, question: Question): Question | undefined {
  const { type, clauses } = question;
  // Reading by known ids requires the right to read; finding resources requires the right to search.
  const isById = clauses.some((clause) => clause.kind === "id" && !clause.not);
  const reach = reachOfSome(sight, type, isById ? ["s", "r"] : ["s"]);
  if (reach === "all") return question;
  const groups = reach.flatMap((part) => {
    const group = clausesOf(part, type);
    return group ? [group] : [];
  });
  const [only, ...more] = groups;
  if (!only) return undefined;
  return { ...question, clauses: [...clauses, ...(more.length === 0 ? only : [{ kind: "any" as const, of: groups }])] };
}

/** The clauses of a part of a type; undefined if it is empty. */
function clausesOf({ patient, where }: ReachPart, type: string): Clause[] | undefined {
  const ofPatient = patient === undefined ? [] : membership("Patient", patient, type);
  const found = where === undefined ? [] : decidableClauses(type, where);
  return ofPatient && found && [...ofPatient, ...found];
}

/** Whether a version may be seen. */
export function isVisible(sight: Sight, { type, json }: Pick<StoredResource, "type" | "json">, interaction: Interaction = "r"): boolean {
  const reach = sight.reach(type, interaction);
  if (reach === "all" || reach === "none") return reach === "all";
  // A deletion has no content that would tell whose resource it was.
  if (json === undefined) return false;
  const resource = parseJson(json) as Resource;
  return reach.some((part) => isIn(part, type, resource));
}

function isIn({ patient, where }: ReachPart, type: string, resource: Resource): boolean {
  if (patient !== undefined && !isMember("Patient", patient, resource)) return false;
  if (where === undefined) return true;
  const clauses = decidableClauses(type, where);
  return clauses !== undefined && matchesClauses(clauses, { id: resource.id ?? "", updated: 0, index: indexOf(resource) });
}

/** The slots of types that the caller may search completely. */
export const visibleSlots = (sight: Sight, slots: number[]): number[] =>
  slots.filter((slot) => sight.reach(typeOfSlot(slot) ?? "", "s") === "all");

function reachOfSome(sight: Sight, type: string, interactions: Interaction[]): "all" | ReachPart[] {
  const reaches = interactions.map((one) => sight.reach(type, one));
  return reaches.includes("all") ? "all" : reaches.flatMap((it) => (typeof it === "string" ? [] : it));
}
