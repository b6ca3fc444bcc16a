/** Which changes of a role need a second person. Pure functions. */
import { resourceTypes } from "../../../fhir/search/parameters.ts";
import { namesAction, type Role } from "../../../mesh/access/roles.ts";
import { nearestNames } from "./nearest-names.ts";
import { identity, ROLES } from "../identity.contract.ts";

/** Actions that may be given without a second person; all other actions of `identity` give rights, or show who has them. */
const HARMLESS: readonly string[] = [identity.createLaunch, identity.listRoles].map(({ action }) => action);
/** Actions by which a person could give rights to themselves, or see who has accessed what. */
const OF_POWER: readonly string[] = [...Object.values(identity).map(({ action }) => action), "ledger.looksAt", "ledger.looksBy"].filter(
  (action) => !HARMLESS.includes(action),
);
/** A role with rights to more types than this is among the widest, however it got them: no role of the project names as many. */
const MANY_TYPES = 40;
/** Roles that are among the widest, whatever their rights. */
const WIDEST = ["administrator", "auditor", "system"];

/** Why a role is not acceptable, for people; undefined if it is. */
export function faultOf({ types }: Role): string | undefined {
  const unknown = Object.keys(types).find((type) => type !== "*" && !resourceTypes.includes(type));
  if (unknown === undefined) return undefined;
  const [nearest] = nearestNames(unknown, resourceTypes);
  return `R4 has no type ${unknown}${nearest === undefined ? "" : `; ${nearest} is one`}`;
}

/** Whether administrators could no longer change any role. */
export const locksOut = (name: string, after: Role | undefined): boolean =>
  name === "administrator" &&
  after !== undefined &&
  !["identity.changeRole", "identity.confirmRole", "identity.setRoles"].every((action) =>
    after.actions.some((it) => namesAction(it, action)),
  );

/**
 * Whether a change needs a second person: it newly gives a right to all types, rights to AuditEvents or to actions of power, rights to very
 * many types by name, or the right to record acts of others; or any right to one of the widest roles; or it removes the requirement of a second
 * factor.
 */
export function needsSecond(name: string, before: Role | undefined, after: Role | undefined): boolean {
  if (after === undefined) return false;
  const gained = (type: string) => [...lettersOf(after, type)].some((letter) => !lettersOf(before, type).includes(letter));
  if (gained("*") || gained("AuditEvent") || (after.onBehalf === true && before?.onBehalf !== true)) return true;
  if (before?.secondFactor === true && after.secondFactor !== true) return true;
  const mayCall = (role: Role | undefined, action: string) => role?.actions.some((it) => namesAction(it, action)) ?? false;
  if (OF_POWER.some((action) => mayCall(after, action) && !mayCall(before, action))) return true;
  const named = Object.entries(after.types).flatMap(([type, letters]) => (letters === "" ? [] : [type]));
  if (named.length > MANY_TYPES && named.some(gained)) return true;
  if (!(WIDEST as string[]).includes(name) || !(ROLES as readonly string[]).includes(name)) return false;
  const types = new Set([...Object.keys(after.types), ...Object.keys(before?.types ?? {})]);
  return [...types].some(gained) || after.actions.some((pattern) => !before?.actions.includes(pattern));
}

const lettersOf = (role: Role | undefined, type: string): string => role?.types[type] ?? role?.types["*"] ?? "";
