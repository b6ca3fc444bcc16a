/**
 * What an app may do for a person: SMART's scopes for FHIR resources, version 2 and, mapped to it, version 1 (SMART App Launch 2.2, "Scopes for
 * requesting FHIR resources"). Scopes narrow what the roles may; they never add to it.
 */
import type { Interaction } from "./roles.ts";

/** One scope for resources. */
interface ResourceScope {
  /** `patient`: only the record of the patient that the app was opened for. */
  level: "patient" | "user" | "system";
  /** `*`: all. */
  type: string;
  letters: string;
  /** Only what this query finds: `category=laboratory`. */
  where?: string;
}

/** What a token's scopes leave of the roles. */
export interface Scopes {
  resources: ResourceScope[];
  /** Whether the domain's actions may be called, as far as the roles may. */
  hasActions: boolean;
}

/** The scope by which an app may call the domain's actions for a person. */
const ACTIONS = "actions";

const SCOPE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]{1,63})\.([a-z*]+)(?:\?(\S{1,400}))?$/;
const FIRST_VERSION: Record<string, string> = { read: "rs", write: "cud", "*": "cruds" };

/** @param text scopes, separated by blanks; those for other purposes grant nothing */
export function readScopes(text: string): Scopes {
  const words = text.split(" ");
  const resources = words.flatMap((word): ResourceScope[] => {
    const [, level, type, rights, where] = SCOPE.exec(word) ?? [];
    if (level === undefined || type === undefined || rights === undefined) return [];
    const letters = FIRST_VERSION[rights] ?? (/^c?r?u?d?s?$/.test(rights) ? rights : "");
    return [{ level: level as ResourceScope["level"], type, letters, ...(where !== undefined && { where }) }];
  });
  return { resources, hasActions: words.includes(ACTIONS) };
}

/** A part of a type that a scope reaches: only the record of the app's patient, only what a query finds, or both. */
export interface ScopedPart {
  isOfPatient: boolean;
  where?: string;
}

/** How far scopes reach: all of the type, or these parts of it; without any: nothing. */
export function scopeFor({ resources }: Scopes, type: string, interaction: Interaction): "all" | ScopedPart[] {
  const granted = resources.filter((it) => (it.type === "*" || it.type === type) && it.letters.includes(interaction));
  if (granted.some(({ level, where }) => level !== "patient" && where === undefined)) return "all";
  return granted.map(({ level, where }) => ({ isOfPatient: level === "patient", ...(where !== undefined && { where }) }));
}
