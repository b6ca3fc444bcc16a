/** Refusals as sentences for the user, in their language. */
import { Refused } from "./api.ts";
import { t, tIfAny } from "./texts.ts";

/** Texts of all refusals whose type ends so: `VISIT_NOT_FOUND`, `DISPENSE_CHANGED`. */
export const REFUSAL_KINDS = [
  ["_NOT_FOUND", "error.NOT_FOUND"],
  ["_CHANGED", "error.STALE_WRITE"],
] as const;

/** Name of a service for people; a hospital's own service has only its name in the mesh. */
export const serviceText = (name: string): string => tIfAny(`service.${name}`) ?? name;

/** What a service knows, which is unknown while it does not answer; undefined for a hospital's own service. */
export const knownBy = (name: string): string | undefined => tIfAny(`service.${name}.knows`);

/** The sentence for a type of refusal; what is not found, and what others have changed meanwhile, have one for all types without their own. */
function sentenceFor(type: string): string | undefined {
  const kind = REFUSAL_KINDS.find(([end]) => type.endsWith(end))?.[1];
  return tIfAny(`error.${type}`) ?? (kind && t(kind));
}

/** What has gone wrong, and what to do. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Refused)) return t("error.ours");
  const known = sentenceFor(error.type);
  if (known !== undefined) return known;
  if (error.status === 403) return t("error.NOT_ALLOWED");
  if (error.isTemporary && error.service !== undefined) return t("silent.send", { who: serviceText(error.service) });
  if (error.isTemporary) return t("error.UNREACHABLE");
  return t("error.other", { what: error.type.toLowerCase().replaceAll("_", " ") });
}
