/** What a refusal says to the person at the screen, in their language. */
import { Refused } from "./api.ts";
import { t, tIfAny } from "./texts.ts";

/** What has gone wrong, and what to do. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Refused)) return t("error.ours");
  const known = tIfAny(`error.${error.type}`);
  if (known !== undefined) return known;
  if (error.status === 403) return t("error.NOT_ALLOWED");
  if (error.isTemporary) return t("error.UNREACHABLE");
  return t("error.other", { what: error.type.toLowerCase().replaceAll("_", " ") });
}
