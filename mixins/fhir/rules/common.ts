/** Rules that many types share: allowed changes of status, and a subject that cannot change. */
import type { FhirResource, Reference } from "../../../fhir/r4.ts";
import { localReference } from "../../../federation/facts.ts";
import { currentRecord } from "./one-person.ts";
import type { Change, Facts, Refusal, Rule } from "./rule.ts";

type WithStatus = FhirResource & { status?: string };

/** `Type/id` of a local reference, without a version; other references as they are. */
export const placeOf = (reference: Reference | undefined): string | undefined =>
  localReference(reference?.reference) ?? reference?.reference;

/** The same for references that other resources could make too: undefined for contained resources, as each resource has its own. */
export const sharedPlaceOf = (reference: Reference | undefined): string | undefined =>
  reference?.reference?.startsWith("#") ? undefined : placeOf(reference);

/** `Type/id` of what a result is about if not the patient as a whole: a donor, a fetus, a spouse (FHIR R4, Observation.focus). */
export const focusOf = (resource: object | undefined): string[] => {
  const { resourceType, focus } = (resource ?? {}) as { resourceType?: string; focus?: Reference[] };
  return resourceType === "Observation" ? (focus ?? []).flatMap((it) => placeOf(it) ?? []) : [];
};

/** Allowed from every status, for a resource that should not exist. */
const IN_ERROR = "entered-in-error";

/** Options of a status rule. */
interface StatusOptions<Of extends FhirResource> {
  says: string;
  /** Whether the stored resource is an act of the hospital at all, e.g. has a patient; default: it is. */
  isAct?(before: Of): boolean;
  /** Allows further changes. */
  may?(change: Change<Of>, facts: Facts): boolean;
  /** Statuses that cannot even become `entered-in-error`. */
  sealed?: readonly string[];
}

/**
 * Whether a resource may lose its status, which may then become any: in R4 some statuses are optional, and an extension can take the place of the
 * others. It may where the next status could be any other, or unknown, which may also become any.
 */
const mayLose = (from: string, steps: Record<string, readonly string[]>): boolean => {
  const next = steps[from] ?? [];
  return next.includes("unknown") || Object.keys(steps).every((to) => to === from || to === IN_ERROR || next.includes(to));
};

/** The allowed changes of a type's status. A status that is not listed may become any other; every status may stay. */
export function statusSteps<Of extends WithStatus>(
  type: Of["resourceType"],
  steps: Record<string, readonly string[]>,
  { says, may, isAct, sealed = [] }: StatusOptions<Of>,
): Rule<Of> {
  const id = `${idOf(type)}-status`;
  return {
    id,
    group: "status",
    says,
    check(change, facts) {
      const from = change.before?.status;
      const to = change.after?.status;
      if (from === undefined || !change.after || from === to) return undefined;
      if (isAct && change.before && !isAct(change.before)) return undefined;
      const next = steps[from];
      if (!next) return undefined;
      const isNext = to === undefined ? mayLose(from, steps) : next.includes(to) || (to === IN_ERROR && !sealed.includes(from));
      if (isNext || may?.(change, facts)) return undefined;
      const all = [...next, ...(from === IN_ERROR || sealed.includes(from) ? [] : [IN_ERROR])];
      return {
        code: 409,
        type: ruleType(id),
        message: `The status cannot change from ${from} to ${to ?? "nothing"}; it can change to ${all.join(", ") || "no other"}.`,
        at: `${type}.status`,
      };
    },
  };
}

/**
 * The patient of an act cannot change, except from a replaced patient record to the one that replaced it.
 * @param of reads the patient element of the type
 */
export function subjectStays<Of extends FhirResource>(
  type: Of["resourceType"],
  element: string,
  of: (resource: Of) => Reference | undefined,
): Rule<Of> {
  const id = `${idOf(type)}-subject`;
  const changed = ({ before, deleted, after }: Change<Of>): { from: string; to: string | undefined } | undefined => {
    const was = before ?? deleted;
    const from = was && placeOf(of(was));
    const to = after && placeOf(of(after));
    return after && from !== undefined && from !== to ? { from, to } : undefined;
  };
  return {
    id,
    group: "subject",
    says: `The patient of a stored ${type} cannot change, not even by a deletion and a new creation; only the record into which the patient's record was merged can take its place.`,
    facts: (change) => {
      const it = changed(change);
      return it ? [it.from, it.to] : [];
    },
    check(change, facts) {
      const it = changed(change);
      if (!it) return undefined;
      if (it.to !== undefined && currentRecord(it.from, facts) === currentRecord(it.to, facts)) return undefined;
      return {
        code: 409,
        type: ruleType(id),
        message: "The patient cannot change: mark this one as entered in error and record a new one.",
        at: `${type}.${element}`,
      };
    },
  };
}

/** `MedicationRequest` → `medication-request` */
export const idOf = (type: string): string => type.replace(/(?<!^)(?=[A-Z])/g, "-").toLowerCase();

/** `Observation` → `An Observation` */
export const withArticle = (type: string): string => `${/^[AEIO]/.test(type) ? "An" : "A"} ${type}`;

/** Error type of a rule, unless its action has one of its own: `encounter-status` → `RULE_ENCOUNTER_STATUS` */
export const ruleType = (id: string): string => `RULE_${id.toUpperCase().replaceAll("-", "_")}`;

/** A refusal named after its rule. @param code 409: in conflict with the current state; 422: invalid content */
export const refusal = (id: string, message: string, at: string, code: Refusal["code"] = 409): Refusal => ({
  code,
  type: ruleType(id),
  message,
  at,
});

/** The refusal, which says so if the first of these references that is not here is the reason: the change may be accepted once it is. */
export function unlessHere(refused: Refusal, references: readonly string[], facts: Facts): Refusal {
  const missing = references.find((one) => facts.of(one)?.is === "absent");
  return missing === undefined ? refused : { ...refused, missing };
}
