/** Refusals as sentences for the user, in their language. */
import { Refused } from "./api.ts";
import { listed, type TextKey, t, tIfAny } from "./texts.ts";

/** Texts of refusals without one of their own, by type; the first that fits. Those of rules (docs/rules.md) are by what they look at. */
const KINDS: readonly [RegExp, TextKey][] = [
  [/_NOT_FOUND$|^not-found$|^deleted$/, "error.NOT_FOUND"],
  [/_CHANGED$/, "error.STALE_WRITE"],
  [/^RULE_.*_IN_LIFE$/, "error.rule.inLife"],
  [/^RULE_.*_(TIME|DATES|PERIOD)$/, "error.rule.time"],
  [/^RULE_.*_(STATUS|FINAL|SIGNED|SIGNATURE|DELETED)$/, "error.rule.final"],
  [/^RULE_.*_(SUBJECT|ONE_PATIENT|NAMED_BEFORE|PATIENT)$/, "error.rule.patient"],
  [/^RULE_.*_(BED|BED_OF_ONE|BED_SINCE|OCCUPIED)$/, "error.rule.bed"],
  [/^RULE_.*_(RESTED_ON|LISTED)$/, "error.rule.restedOn"],
  [/^RULE_/, "error.rule"],
];

/** Key of the text for refusals of this kind; undefined: only a text of its own says what they are. */
export const kindOf = (type: string): TextKey | undefined => KINDS.find(([pattern]) => pattern.test(type))?.[1];

/** Name of a service for people; a hospital's own service has only its name in the mesh. */
export const serviceText = (name: string): string => tIfAny(`service.${name}`) ?? name;

/** What a service knows, which is unknown while it does not answer; undefined for a hospital's own service. */
export const knownBy = (name: string): string | undefined => tIfAny(`service.${name}.knows`);

/** The sentence for a type of refusal: its own, which may show the names in the refusal's data, or that of its kind. */
function sentenceFor({ type, data }: Refused): string | undefined {
  const kind = kindOf(type);
  return tIfAny(`error.${type}`, namesIn(data)) ?? (kind && t(kind));
}

/** The lists of names in a refusal's data, as texts; "none" for an empty one. */
const namesIn = (data: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).flatMap(([key, names]) =>
      Array.isArray(names) && names.every((name) => typeof name === "string") ? [[key, listed(names) || "none"]] : [],
    ),
  );

/** What has gone wrong, and what to do. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Refused)) return t("error.ours");
  const known = sentenceFor(error);
  if (known !== undefined) return known;
  if (error.status === 403) return t("error.NOT_ALLOWED");
  if (error.isTemporary && error.service !== undefined) return t("silent.send", { who: serviceText(error.service) });
  if (error.isTemporary) return t("error.UNREACHABLE");
  return t("error.other", { what: error.type.toLowerCase().replaceAll("_", " ") });
}

/** Like `sentenceOf`, why something is not undone: what was changed since may have been changed by the same person. */
export function undoSentenceOf(error: unknown): string {
  const isChanged = error instanceof Refused && (error.status === 412 || /_CHANGED$|STALE/.test(error.type));
  return isChanged ? t("undo.changed") : sentenceOf(error);
}
