/**
 * A rule of a hospital: data and a pure function over one change of a resource. It belongs to the owner of the type and holds whoever
 * writes, by an action or by FHIR, alone or in a bundle. No broker, no database, no clock.
 */
import type { FhirResource, ResourceOf, ResourceType } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import type { Fact } from "../../../federation/facts.ts";
import type { NamedResource, Naming } from "../../../federation/named-resources.ts";

/** What a rule is about; RULES softens whole groups by these names. */
export type RuleGroup = "status" | "subject" | "references" | "values" | "beds" | "stock" | "money" | "deletion" | "reasons";

/** One change of one resource, as its owner sees it: a resource that moves to another owner is updated for both. */
export interface Change<Of extends FhirResource = FhirResource> {
  op: "create" | "update" | "delete";
  /** `Type/id` */
  reference: string;
  /** The version that is replaced; absent when there is none. */
  before?: Of;
  /** What was there before it was deleted, of what is created again under its id. */
  deleted?: Of;
  /** What comes; absent when it is deleted. */
  after?: Of;
  now: Date;
  /** Of what is created: its sender has chosen its id, by which others may have named it before. */
  isNamed?: boolean;
  /** It comes from another owner, which has other rules. */
  arrives?: boolean;
}

/** What is replaced, if the rules of this owner have looked at it: what arrives is asked about as if it were new. */
export const lookedAt = <Of extends FhirResource>({ before, arrives }: Change<Of>): Of | undefined => (arrives ? undefined : before);

/** Which resources a rule wants to see: whole, from their owners. */
export interface Question {
  type: string;
  clauses: Clause[];
  limit: number;
  /**
   * Whether a resource that the same write makes is an answer: whole of this owner, of others what they tell of it. Absent: answers are as they
   * are stored, whatever the write makes of them.
   */
  isAnswer?(made: Resource): boolean;
}

/** What rules may know of other resources, as they will be when the write is done. */
export interface Facts {
  /** What a question of the same rule has found, as the write will leave it if it says `isAnswer`; empty where nobody serves the type. */
  found(question: Question): Resource[];
  /** Who names a resource and is another patient's, once that was asked for; without those that the same write changes. */
  namedBy(reference: string): Naming[];
  /** Undefined until it has been asked for, and for what is no local reference. */
  of(reference: string | undefined): Fact | undefined;
  /** Resources of a type that the same write, or the transaction that it is part of, makes: whole those of this owner. */
  written(type: string): Resource[];
  /** The version of a resource that the same write replaces; of this owner, and of types that have rules. */
  replacedBy(written: Resource): Resource | undefined;
  /** `Type/id` of some that rest on what is changed and are left by the same write; for rules that isolate. */
  restingOn(reference: string): string[];
}

/** Why a change is refused. */
export interface Refusal {
  code: 409 | 422;
  /** Names the error to callers, e.g. "VISIT_ALREADY_CLOSED". */
  type: string;
  /** What is wrong, and what to do instead. Never a patient's data. */
  message: string;
  /** FHIRPath of the element. */
  at: string;
  /** Ids only. */
  data?: Record<string, unknown>;
}

/** One rule of one type. */
export interface Rule<Of extends FhirResource = FhirResource> {
  /** Lower case with hyphens, e.g. "encounter-status". */
  id: string;
  group: RuleGroup;
  /** One sentence for people. */
  says: string;
  /**
   * References that the rule wants to know of; asked again with what is known until nothing is new.
   * @param facts what is known so far
   */
  facts?(change: Change<Of>, facts: Facts): (string | undefined)[];
  /** Resources that the rule wants to see; asked again with what is known until nothing is new. Made alike for the same change. */
  questions?(change: Change<Of>, facts: Facts): Question[];
  /** The patients of what comes, "Patient/…", where the rule wants to know who names it as another patient's. */
  asksNaming?(change: Change<Of>): Omit<NamedResource, "place"> | undefined;
  /** Nobody may come to rest on the resource while it is changed so, and the rule wants to know who does: all owners are asked. */
  isolates?(change: Change<Of>): boolean;
  /** What it asks of a creation is true of all that is stored, at any time: `npm run check-data` looks at it. */
  holdsAlways?: boolean;
  /** It holds only where RULES names it, or its group, as `on` or `warn`: R4 does not ask for it. */
  isOptional?: boolean;
  /** Undefined: the change may be made. */
  check(change: Change<Of>, facts: Facts): Refusal | undefined;
}

/** The rules of a service, by type. */
export type RulesOf = { [Type in ResourceType]?: Rule<ResourceOf<Type>>[] };

/** A rule of any type, as the mixin evaluates it. */
export type AnyRule = Rule<FhirResource>;

/** An error that is known by its function (`*.errors.ts`) as a rule's refusal. @param at FHIRPath of the element */
export const refusalBy = (error: { code: number; type: string; message: string; data?: unknown }, at: string): Refusal => ({
  code: error.code as Refusal["code"],
  type: error.type,
  message: error.message,
  at,
  data: error.data as Record<string, unknown>,
});

/** What of a change does not depend on facts: a rule is asked of one change in several rounds, and then whether it refuses it. */
export function oncePerChange<Of extends FhirResource, Result>(work: (change: Change<Of>) => Result): (change: Change<Of>) => Result {
  const known = new WeakMap<Change<Of>, { result: Result }>();
  return (change) => {
    const before = known.get(change) ?? { result: work(change) };
    known.set(change, before);
    return before.result;
  };
}
