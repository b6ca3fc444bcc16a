/**
 * A rule of the hospital: data and a pure function over one change of a resource. It belongs to the owner of the type and applies to every
 * write, by an action or by FHIR, alone or in a bundle. It uses no broker, no database and no clock.
 */
import type { FhirResource, ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import type { Fact } from "../../../federation/facts.ts";
import type { NamedResource, Naming } from "../../../federation/named-resources.ts";

/** Topic of a rule; RULES can relax whole groups by these names. */
export type RuleGroup = "status" | "subject" | "references" | "values" | "beds" | "stock" | "money" | "deletion" | "reasons";

/** One change of one resource, as its owner sees it: for a resource that moves between owners it is an update for both. */
export interface Change<Of extends FhirResource = FhirResource> {
  op: "create" | "update" | "delete";
  /** `Type/id` */
  reference: string;
  /** The version that is replaced; absent when there is none. */
  before?: Of;
  /** The last version before a deletion, for a resource that is created again under its id. */
  deleted?: Of;
  /** The new version; absent for a deletion. */
  after?: Of;
  now: Date;
  /** Of a creation: the sender has chosen the id, so other resources may already refer to it. */
  isNamed?: boolean;
  /** The resource comes from another owner, which has other rules. */
  arrives?: boolean;
}

/** The previous version, if this owner's rules were applied to it: a resource that arrives from another owner is checked as if it were new. */
export const lookedAt = <Of extends FhirResource>({ before, arrives }: Change<Of>): Of | undefined => (arrives ? undefined : before);

/** Which resources a rule needs: complete, from their owners. */
export interface Question {
  type: string;
  clauses: Clause[];
  limit: number;
  /**
   * Whether a resource of the same write is an answer: complete ones of this owner, of other owners as much as they tell of them. Absent:
   * answers are the stored versions, whatever the write makes of them.
   */
  isAnswer?(made: Resource): boolean;
}

/** What rules may know of other resources, in the state after the write. */
export interface Facts {
  /** Answers to a question of the same rule, in the state after the write if it has `isAnswer`; none where no service owns the type. */
  found(question: Question): Resource[];
  /** Resources of other patients that refer to a resource, once that was asked for; without those that the same write changes. */
  namedBy(reference: string): Naming[];
  /** A fact; undefined until it has been asked for, and for what is not a local reference. */
  of(reference: string | undefined): Fact | undefined;
  /** Resources of a type that the same write, or its transaction, creates or updates; those of this owner are complete. */
  written(type: string): Resource[];
  /** The version that the same write replaces; for this owner's types that have rules. */
  replacedBy(written: Resource): Resource | undefined;
  /** `Type/id` of some resources that depend on a changed one and are not changed by the same write; for rules that isolate. */
  restingOn(reference: string): string[];
}

/** Why a change is refused. */
export interface Refusal {
  code: 409 | 422;
  /** Error type for callers, e.g. "VISIT_ALREADY_CLOSED". */
  type: string;
  /** What is wrong, and what to do instead. Never contains patient data. */
  message: string;
  /** FHIRPath of the element. */
  at: string;
  /** Ids only. */
  data?: Record<string, unknown>;
  /** The reference to a resource that is not here, "Patient/1": the change may be accepted once it is. */
  missing?: string;
}

/** One rule of one type. */
export interface Rule<Of extends FhirResource = FhirResource> {
  /** Lower case with hyphens, e.g. "encounter-status". */
  id: string;
  group: RuleGroup;
  /** The rule in one sentence, for people. */
  says: string;
  /**
   * References whose facts the rule needs; called again with the known facts until it returns nothing new.
   * @param facts what is known so far
   */
  facts?(change: Change<Of>, facts: Facts): (string | undefined)[];
  /** Resources that the rule needs; called again with the known facts until it returns nothing new. Same change, equal questions. */
  questions?(change: Change<Of>, facts: Facts): Question[];
  /** The patients of the new version, "Patient/…", if the rule needs to know which resources of other patients refer to it. */
  asksNaming?(change: Change<Of>): Omit<NamedResource, "place"> | undefined;
  /** Whether no reference to the resource may be added during the change, and the rule needs to know its dependents: all owners are asked. */
  isolates?(change: Change<Of>): boolean;
  /** Whether the content of a stored resource is final: its numbers then keep their precision. */
  isFinal?(before: Of): boolean;
  /** Whether all stored resources satisfy at any time what the rule requires of a creation: `npm run check-data` checks that. */
  holdsAlways?: boolean;
  /** Applies only if RULES names it or its group as `on` or `warn`: R4 does not require it. */
  isOptional?: boolean;
  /** Undefined: the change is allowed. */
  check(change: Change<Of>, facts: Facts): Refusal | undefined;
}

/** The rules of a service, by type. */
export type RulesOf = { [Type in ResourceType]?: Rule<ResourceOf<Type>>[] };

/** A rule of any type, as the mixin evaluates it. */
export type AnyRule = Rule<FhirResource>;

/** A refusal from an error of a service (`*.errors.ts`). @param at FHIRPath of the element */
export const refusalBy = (error: { code: number; type: string; message: string; data?: unknown }, at: string): Refusal => ({
  code: error.code as Refusal["code"],
  type: error.type,
  message: error.message,
  at,
  data: error.data as Record<string, unknown>,
});

/** Caches what does not depend on facts: a rule is called for one change in several rounds, and then checked. */
export function oncePerChange<Of extends FhirResource, Result>(work: (change: Change<Of>) => Result): (change: Change<Of>) => Result {
  const known = new WeakMap<Change<Of>, { result: Result }>();
  return (change) => {
    const before = known.get(change) ?? { result: work(change) };
    known.set(change, before);
    return before.result;
  };
}
