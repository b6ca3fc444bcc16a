/** The fields of a role in its form, each by itself: two people may change another of them at once. Plain data in, plain data out. */
import type { RoleNow } from "../../../../identity/identity.contract.ts";
import type { Draft } from "../../platform/drafts.ts";
import { t, tIfAny } from "../../platform/texts.ts";
import { LETTERS, typeName } from "./type-rights.ts";

/** Before the name of a type: the letters of what may be done with it, "" where it is not named. */
const TYPE = "type ";
/** Nothing may be done with a type that is named. */
const NOTHING = "-";
const YES = "yes";

/** What can be changed of a role. */
export type RoleContent = Pick<RoleNow, "says" | "types" | "actions" | "onBehalf" | "secondFactor">;

/** A role as people call it. */
export const roleName = (role: string): string => tIfAny(`role.${role}`) ?? role;

/** The fields of a role. */
export const fieldsOf = ({ role, says, types, actions, onBehalf, secondFactor }: RoleNow): Draft => ({
  role,
  says,
  actions: actions.join("\n"),
  onBehalf: onBehalf ? YES : "",
  secondFactor: secondFactor ? YES : "",
  ...Object.fromEntries(Object.entries(types).map(([type, letters]) => [TYPE + type, letters || NOTHING])),
});

/** Letters by type, of the fields of a role. */
export const typesOf = (fields: Draft): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, letters]) =>
      name.startsWith(TYPE) && letters ? [[name.slice(TYPE.length), letters === NOTHING ? "" : letters]] : [],
    ),
  );

/** What the fields of a role say. */
export const contentOf = (fields: Draft): RoleContent => ({
  says: fields["says"] ?? "",
  types: typesOf(fields),
  actions: (fields["actions"] ?? "").split(/\s+/).filter(Boolean),
  onBehalf: fields["onBehalf"] === YES,
  secondFactor: fields["secondFactor"] === YES,
});

/** The fields that these letters by type change. */
export function typeChanges(before: Record<string, string>, after: Readonly<Record<string, string>>): [string, string][] {
  const types = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return types
    .filter((type) => before[type] !== after[type])
    .map((type) => [TYPE + type, after[type] === "" ? NOTHING : (after[type] ?? "")]);
}

/** A box that is ticked, or not, as a field. */
export const tick = (isTicked: boolean): string => (isTicked ? YES : "");

/** Names of these fields, as people read them. */
export function labelsOf(fields: Draft): Record<string, string> {
  const types = Object.keys(fields).filter((name) => name.startsWith(TYPE));
  return {
    says: t("roles.says"),
    ...Object.fromEntries(types.sort().map((name) => [name, `${t("roles.types")}: ${typeName(name.slice(TYPE.length))}`])),
    actions: t("roles.actions"),
    onBehalf: t("roles.onBehalf"),
    secondFactor: t("roles.secondFactor"),
  };
}

/** A field as people read it. */
export function textOf(field: string, value: string): string {
  if (field === "onBehalf" || field === "secondFactor") return t(value ? "yes" : "no");
  if (!field.startsWith(TYPE)) return value;
  return LETTERS.filter((letter) => value.includes(letter))
    .map((letter) => t(`roles.may.${letter}`))
    .join(", ");
}
