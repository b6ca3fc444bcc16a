/**
 * Role files: types of resources × interactions, and actions. Anything that a file does not name is refused.
 *
 *     { "says": "Cares for the patients of a ward", "types": { "*": "rs", "Observation": "crus" }, "actions": ["wards.listBeds", "visits.*"] }
 *
 * Interactions have SMART's letters (SMART App Launch 2.2, scopes): create, read, update, delete, search. An entry for a type replaces
 * that of `*`. `"onBehalf": true`: its members may record what others have done, in their names. `"secondFactor": true`: a password alone
 * does not suffice to sign in.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** One role, from its file. */
export interface Role {
  /** One sentence for people. */
  says: string;
  types: Readonly<Record<string, string>>;
  /** Full names; `*` stands for one part: `billing.*` for the actions of `billing`, not those of its store (`billing.fhir.read`) or its dead letters. */
  actions: readonly string[];
  /** Whether its members may record what others have done or ordered, and name them as authors. */
  onBehalf?: boolean;
  /** Whether its members must sign in with a second factor. */
  secondFactor?: boolean;
}

/** An interaction with resources of a type. */
export type Interaction = "c" | "r" | "u" | "d" | "s";

/** `cruds` in this order, each at most once. */
const LETTERS = /^c?r?u?d?s?$/;
const TYPE = /^(\*|[A-Z][A-Za-z]{1,63})$/;
const ACTION = /^(\*|[a-z][a-z0-9-]*)(\.(\*|[A-Za-z][A-Za-z0-9-]*))+$/;
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * Reads the roles by name: those of people from the folder's files, those of the mesh's own work, as `system:<name>`, from its folder `system`.
 * @throws one Error that names each faulty file, and its expected content
 */
export function readRoles(folder: string): Map<string, Role> {
  const faults: string[] = [];
  const roles = new Map<string, Role>();
  for (const [place, prefix] of [
    [folder, ""],
    [join(folder, "system"), "system:"],
  ] as const) {
    for (const file of readdirSync(place).filter((it) => it.endsWith(".json"))) {
      const name = basename(file, ".json");
      const role = roleIn(readFileSync(join(place, file), "utf8"));
      if (!NAME.test(name)) faults.push(`${file}: a role's name has small letters, digits and hyphens`);
      if (typeof role === "string") faults.push(`${file}: ${role}`);
      else roles.set(prefix + name, role);
    }
  }
  if (faults.length > 0) throw new Error(`Roles in ${folder} cannot be used. ${faults.join("; ")}.`);
  return roles;
}

/** @returns the role, or what is wrong with it */
function roleIn(text: string): Role | string {
  try {
    return roleFrom(JSON.parse(text));
  } catch (error) {
    return `it is no JSON: ${(error as Error).message}`;
  }
}

/** Whether a role may have this name. */
export const isRoleName = (name: string): boolean => NAME.test(name);

/** @param value parsed JSON @returns the role, or what is wrong with it, for people */
export function roleFrom(value: unknown): Role | string {
  const { says, types, actions, onBehalf, secondFactor, ...more } = (value ?? {}) as Partial<Role>;
  if (typeof says !== "string" || says === "") return '"says" should be a sentence';
  if (Object.keys(more).length > 0) {
    return `"${Object.keys(more).join('", "')}" is unknown; there are "says", "types", "actions", "onBehalf" and "secondFactor"`;
  }
  if (types === null || typeof types !== "object") return '"types" should be an object of types and letters';
  for (const [type, letters] of Object.entries(types)) {
    if (!TYPE.test(type)) return `"${type}" is no type of resource`;
    if (typeof letters !== "string" || !LETTERS.test(letters)) return `"${type}" should have letters of "cruds", in this order`;
  }
  if (onBehalf !== undefined && typeof onBehalf !== "boolean") return '"onBehalf" should be true or false';
  if (secondFactor !== undefined && typeof secondFactor !== "boolean") return '"secondFactor" should be true or false';
  if (!Array.isArray(actions)) return '"actions" should be a list of names';
  const odd = actions.find((it) => typeof it !== "string" || !ACTION.test(it)) as unknown;
  if (odd !== undefined) return `"${String(odd)}" is no action`;
  return { says, types, actions, ...(onBehalf && { onBehalf }), ...(secondFactor && { secondFactor }) };
}

/** Pattern for all actions, at any depth. */
const ALL = "*.*";

/** Whether a pattern in a role's `actions` matches this action. */
export function namesAction(pattern: string, action: string): boolean {
  if (!pattern.includes("*")) return pattern === action;
  const [parts, given] = [pattern.split("."), action.split(".")];
  return parts.every((part, index) => part === "*" || part === given[index]) && (parts.length === given.length || pattern === ALL);
}
