/** SMART scopes (App Launch 2.2, "Scopes for requesting FHIR Resources"): parsed, normalized, narrowed. */
import { isDecidable } from "../../../fhir/search/decidable.ts";
import { resourceTypes } from "../../../fhir/search/parameters.ts";

/** Scopes that name no data. */
export const PLAIN_SCOPES = [
  "openid",
  "fhirUser",
  "profile",
  "launch",
  "launch/patient",
  "launch/encounter",
  "offline_access",
  "online_access",
  "actions",
] as const;

const PLAIN = new Set<string>(PLAIN_SCOPES);

/** A scope over data: context, type, interactions, query. */
interface DataScope {
  context: "patient" | "user" | "system";
  type: string;
  /** Letters of "cruds", in this order. */
  does: string;
  /** `category=laboratory`; "": all. */
  where: string;
}

const DATA = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]{0,63})\.(c?r?u?d?s?|read|write|\*)(?:\?([\x21\x23-\x5b\x5d-\x7e]{1,200}))?$/;
/** The interactions of version 1. */
const VERSION_1: Record<string, string> = { read: "rs", write: "cud", "*": "cruds" };
/** Longest query of a scope, characters. */
const MAX_WHERE = 200;
/** Scopes in one request; no app needs more. */
const MAX_SCOPES = 100;

function dataScopeOf(text: string): DataScope | undefined {
  const [, context, type, does = "", where = ""] = DATA.exec(text) ?? [];
  if (context === undefined || type === undefined || does === "") return undefined;
  if (type !== "*" && !resourceTypes.includes(type)) return undefined;
  if (where !== "" && !isDecidable(type, where)) return undefined;
  return { context: context as DataScope["context"], type, does: VERSION_1[does] ?? does, where };
}

const textOf = ({ context, type, does, where }: DataScope): string => `${context}/${type}.${does}${where === "" ? "" : `?${where}`}`;

/** Each scope once, in the form of version 2; unknown ones are left out. At most 100. */
export function scopesIn(text: string | undefined): string[] {
  const scopes = (text ?? "")
    .split(" ")
    .slice(0, MAX_SCOPES)
    .flatMap((one) => {
      if (PLAIN.has(one)) return [one];
      const scope = dataScopeOf(one);
      return scope ? [textOf(scope)] : [];
    });
  return [...new Set(scopes)];
}

/** The same text with each scope of version 1 in the form of version 2, as granted; anything else stays as it is. */
export const inVersion2 = (text: string): string =>
  text
    .split(" ")
    .map((one) => {
      const scope = dataScopeOf(one);
      return scope ? textOf(scope) : one;
    })
    .join(" ");

/** Scopes in a text that do not exist, or that name unknown types; above 100 all are too many. */
export function unknownScopes(text: string): string[] {
  const all = text.split(" ").filter(Boolean);
  const isKnown = (one: string) => PLAIN.has(one) || dataScopeOf(one) !== undefined;
  return [...all.slice(0, MAX_SCOPES).filter((one) => !isKnown(one)), ...all.slice(MAX_SCOPES)];
}

/** The requested scopes, narrowed to the allowed ones. Both in the form of `scopesIn`. */
export function narrowed(asked: string[], allowed: string[]): string[] {
  const mayPlain = new Set(allowed);
  const mayData = allowed.map(dataScopeOf).filter((scope) => scope !== undefined);
  const granted = asked.flatMap((text) => {
    const scope = dataScopeOf(text);
    if (!scope) return mayPlain.has(text) ? [text] : [];
    return mayData.map((may) => both(scope, may)).filter((one) => one !== undefined);
  });
  // An app of one patient's record cannot call actions (`mesh/access/scopes.ts`): its token does not say that it could.
  const isOfPatient = granted.some((text) => dataScopeOf(text)?.context === "patient");
  return [...new Set(isOfPatient ? granted.filter((text) => text !== "actions") : granted)];
}

/** What both scopes allow; undefined if nothing. */
function both(one: DataScope, other: DataScope): string | undefined {
  if (one.context !== other.context) return undefined;
  if (one.type !== other.type && one.type !== "*" && other.type !== "*") return undefined;
  const where = [...new Set([one.where, other.where])].filter(Boolean).join("&"); // both conditions apply
  if (where.length > MAX_WHERE) return undefined;
  const does = [...one.does].filter((letter) => other.does.includes(letter)).join("");
  if (does === "") return undefined;
  const type = one.type === "*" ? other.type : one.type;
  return where !== "" && !isDecidable(type, where) ? undefined : textOf({ context: one.context, type, does, where });
}

/** Whether a token with these scopes concerns one patient, who must be known before it is issued. */
export const needsPatient = (scopes: Iterable<string>): boolean =>
  [...scopes].some((scope) => scope === "launch/patient" || scope.startsWith("patient/"));
