/** What a refusal says to the person at the screen, in their language. */
import { Refused } from "./api.ts";
import { t, tIfAny } from "./texts.ts";

/** A service as people call it; one of the house's own has no other name than that of the mesh. */
export const serviceText = (name: string): string => tIfAny(`service.${name}`) ?? name;

/** What a service knows, and nobody does while it is silent; undefined of one of the house's own. */
export const knownBy = (name: string): string | undefined => tIfAny(`service.${name}.knows`);

/** What has gone wrong, and what to do. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Refused)) return t("error.ours");
  const known = tIfAny(`error.${error.type}`);
  if (known !== undefined) return known;
  if (error.status === 403) return t("error.NOT_ALLOWED");
  if (error.isTemporary && error.service !== undefined) return t("silent.send", { who: serviceText(error.service) });
  if (error.isTemporary) return t("error.UNREACHABLE");
  return t("error.other", { what: error.type.toLowerCase().replaceAll("_", " ") });
}
