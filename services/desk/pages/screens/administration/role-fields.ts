/** A role as separate fields of a form, so that two people may change different ones at the same time. Plain data in, plain data out. */
import type { RoleNow } from "../../../../identity/identity.contract.ts";
import type { Draft } from "../../platform/drafts.ts";
import { leading, listed, t, tIfAny } from "../../platform/texts.ts";
import { LETTERS, typeName } from "./type-rights.ts";

/** Prefix of the fields of types: their letters, "" if the type is not named. */
const TYPE = "type ";
/** For a named type without rights. */
const NOTHING = "-";
const YES = "yes";

/** What can be changed of a role. */
export type RoleContent = Pick<RoleNow, "says" | "types" | "actions" | "onBehalf" | "secondFactor">;

/** Name of a role for people. */
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

/** Letters by type, from the fields of a role. */
export const typesOf = (fields: Draft): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, letters]) =>
      name.startsWith(TYPE) && letters ? [[name.slice(TYPE.length), letters === NOTHING ? "" : letters]] : [],
    ),
  );

/** The role from its fields. */
export const contentOf = (fields: Draft): RoleContent => ({
  says: fields["says"] ?? "",
  types: typesOf(fields),
  actions: (fields["actions"] ?? "").split(/\s+/).filter(Boolean),
  onBehalf: fields["onBehalf"] === YES,
  secondFactor: fields["secondFactor"] === YES,
});

/** The fields changed by these letters by type. */
export function typeChanges(before: Record<string, string>, after: Readonly<Record<string, string>>): [string, string][] {
  const types = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return types
    .filter((type) => before[type] !== after[type])
    .map((type) => [TYPE + type, after[type] === "" ? NOTHING : (after[type] ?? "")]);
}

/** The value of a check box as a field. */
export const tick = (isTicked: boolean): string => (isTicked ? YES : "");

/** Names of the fields as text. */
export function labelsOf(fields: Draft): Record<string, string> {
  const types = Object.keys(fields).filter((name) => name.startsWith(TYPE));
  return {
    says: t("roles.says"),
    ...Object.fromEntries(types.sort().map((name) => [name, `${leading("roles.types")} ${typeName(name.slice(TYPE.length))}`])),
    actions: t("roles.actions"),
    onBehalf: t("roles.onBehalf"),
    secondFactor: t("roles.secondFactor"),
  };
}

/** The value of a field as text. */
export function textOf(field: string, value: string): string {
  if (field === "onBehalf" || field === "secondFactor") return t(value ? "yes" : "no");
  if (!field.startsWith(TYPE)) return value;
  return listed(LETTERS.filter((letter) => value.includes(letter)).map((letter) => t(`roles.may.${letter}`)));
}
