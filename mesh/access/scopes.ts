/**
 * The rights of an app: SMART's scopes for FHIR resources, version 2 and, mapped to it, version 1 (SMART App Launch 2.2, "Scopes for
 * requesting FHIR resources"). Scopes limit the roles' rights, and never extend them.
 */
import type { Interaction } from "./roles.ts";

/** One scope for resources. */
interface ResourceScope {
  /** `patient`: only the record of the patient for whom the app was launched. */
  level: "patient" | "user" | "system";
  /** `*`: all. */
  type: string;
  letters: string;
  /** Only the matches of this query: `category=laboratory`. */
  where?: string;
}

/** The parsed scopes of a token. */
export interface Scopes {
  resources: ResourceScope[];
  /** Whether the domain's actions may be called, within the roles' rights; not by an app with scopes of one patient. */
  hasActions: boolean;
}

/** The scope by which an app may call the domain's actions. */
const ACTIONS = "actions";

const SCOPE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]{1,63})\.([a-z*]+)(?:\?(\S{1,400}))?$/;
const FIRST_VERSION: Record<string, string> = { read: "rs", write: "cud", "*": "cruds" };

/** @param text scopes, separated by spaces; those for other purposes grant nothing */
export function readScopes(text: string): Scopes {
  const words = text.split(" ");
  const resources = words.flatMap((word): ResourceScope[] => {
    const [, level, type, rights, where] = SCOPE.exec(word) ?? [];
    if (level === undefined || type === undefined || rights === undefined) return [];
    const letters = FIRST_VERSION[rights] ?? (/^c?r?u?d?s?$/.test(rights) ? rights : "");
    return [{ level: level as ResourceScope["level"], type, letters, ...(where !== undefined && { where }) }];
  });
  // Actions work on all patients: an app that is bound to the record of one cannot call them.
  return { resources, hasActions: words.includes(ACTIONS) && !resources.some(({ level }) => level === "patient") };
}

/**
 * Types that are about no patient, and to which records of patients refer: who has treated, where, with what. `patient/…` scopes permit reading them
 * as the role does; an app could not name the medication of a prescription otherwise.
 */
const OF_NO_PATIENT: ReadonlySet<string> = new Set([
  "HealthcareService",
  "Location",
  "Medication",
  "Organization",
  "Practitioner",
  "PractitionerRole",
]);

/** Whether a `patient/…` scope for these interactions (letters of "cruds") covers the record of its patient only. */
export const isBoundToPatient = (type: string, letters: string): boolean => !OF_NO_PATIENT.has(type) || /[cud]/.test(letters);

/** The part of a type that a scope covers: only the record of the app's patient, only the matches of a query, or both. */
export interface ScopedPart {
  isOfPatient: boolean;
  where?: string;
}

/** Extent of the scopes: the whole type, or these parts of it; an empty list: nothing. */
export function scopeFor({ resources }: Scopes, type: string, interaction: Interaction): "all" | ScopedPart[] {
  const granted = resources.filter((it) => (it.type === "*" || it.type === type) && it.letters.includes(interaction));
  const parts = granted.map(({ level, where }) => ({
    isOfPatient: level === "patient" && isBoundToPatient(type, interaction),
    ...(where !== undefined && { where }),
  }));
  return parts.some(({ isOfPatient, where }) => !isOfPatient && where === undefined) ? "all" : parts;
}
