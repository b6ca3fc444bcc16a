import { LinkKind, replaceLinks } from "../../../fhir/bundle/links.ts";
import type { FhirResource, Identifier, Patient } from "../../../fhir/r4.ts";
import { exactly } from "../../../fhir/search/exact-clauses.ts";
import { because } from "../../../mixins/fhir/rules/reasons.ts";
import { mayReferTo, otherReferencesSlot, referencesOf } from "../../../fhir/search/parameters.ts";
import type { Clause } from "../../../fhir/search/query.ts";
import { isDead } from "./doubts.ts";

// The changes of a merge: plain data in, plain data out. No broker, no database, no clock.

type PatientWithId = Patient & { id: string };

/** Clause for all resources of a type that refer to a patient, by any element. @param bases base URLs of this server, for absolute references */
export function referringClause(type: string, patient: string, bases: readonly string[]): Clause {
  const slots = referencesOf(type).flatMap((parameter) => (mayReferTo(parameter, "Patient") ? parameter.slots : []));
  const any = [patient, ...bases.map((base) => `${base}/${patient}`)].map(exactly);
  return { kind: "key", slots: [...new Set([...slots, otherReferencesSlot(type)])], any };
}

/** The resource with all references to one patient changed to another; undefined if there is none that may be changed. */
export function rewritten<Of extends FhirResource>(
  resource: Of,
  { from, to, bases }: { from: string; to: string; bases: readonly string[] },
): Of | undefined {
  let isChanged = false;
  const names = new Set([from, ...bases.map((base) => `${base}/${from}`)]);
  replaceLinks(resource, (link, kind, isInBundle) => {
    if (kind !== LinkKind.reference || isInBundle) return undefined;
    const version = link.indexOf("/_history/");
    if (!names.has(version > 0 ? link.slice(0, version) : link)) return undefined;
    isChanged = true;
    return to;
  });
  return isChanged ? resource : undefined;
}

/** The replaced record, with a link to the one that replaces it. */
export function replaced(source: PatientWithId, target: string): PatientWithId {
  const link = { type: "replaced-by" as const, other: { reference: target } };
  return { ...source, active: false, link: [...(source.link ?? []), link] };
}

type Link = NonNullable<Patient["link"]>[number];

/** Whether a link names the patient as a relative of another, such as a mother of her child. */
const isRelative = ({ type, other: { reference = "" } }: Link): boolean => type === "seealso" && reference.startsWith("RelatedPerson/");

/** A record with the death that another has recorded. */
function withDeath(living: PatientWithId, { deceasedBoolean, deceasedDateTime }: Patient): PatientWithId {
  const { deceasedBoolean: _, ...rest } = living;
  return deceasedDateTime === undefined ? { ...living, deceasedBoolean: deceasedBoolean === true } : { ...rest, deceasedDateTime };
}

/**
 * The replacing record, with the other's identifiers as old ones, its relatives (the children of a mother remain hers), and its death.
 * @param confirm why they are one person, if there were doubts
 */
export function replacing(target: PatientWithId, source: PatientWithId, confirm?: string): PatientWithId {
  const { identifier = [], link = [] } = target;
  const isKnown = ({ system, value }: Identifier) => identifier.some((one) => one.system === system && one.value === value);
  const isLinked = ({ other }: Link) => link.some((one) => one.other.reference === other.reference);
  const relatives = (source.link ?? []).filter((one) => isRelative(one) && !isLinked(one));
  const more = (source.identifier ?? []).filter((one) => !isKnown(one)).map((one) => ({ ...one, use: "old" as const }));
  return {
    ...(isDead(source) && !isDead(target) ? withDeath(target, source) : target),
    ...(identifier.length + more.length > 0 && { identifier: [...identifier, ...more] }),
    link: [
      ...link,
      ...relatives,
      { type: "replaces", other: { reference: `Patient/${source.id}` }, ...(confirm !== undefined && { extension: [because(confirm)] }) },
    ],
  };
}

/** A replaced record that was edited since the merge, with only the merge undone. */
export function partedSource(source: PatientWithId, target: PatientWithId): PatientWithId {
  const { link = [], ...rest } = source;
  const kept = link.filter(({ type, other }) => type !== "replaced-by" || other.reference !== `Patient/${target.id}`);
  return { ...rest, active: true, ...(kept.length > 0 && { link: kept }) };
}

/** The record without a death that it got from the other. @param before the record before the merge */
function withoutDeath(target: PatientWithId, source: PatientWithId, before: Patient): PatientWithId {
  const isGotten = isDead(target) && !isDead(before) && target.deceasedDateTime === source.deceasedDateTime;
  if (!isGotten) return target;
  const { deceasedBoolean: _, deceasedDateTime: __, ...rest } = target;
  return { ...rest, ...(before.deceasedBoolean !== undefined && { deceasedBoolean: before.deceasedBoolean }) };
}

/** A replacing record that was edited since the merge, without what it got from the replaced one. @param before it, before the merge */
export function partedTarget(target: PatientWithId, source: PatientWithId, before: Patient): PatientWithId {
  const { link = [], identifier = [], ...rest } = withoutDeath(target, source, before);
  const isSources = ({ use, system, value }: Identifier) =>
    use === "old" && source.identifier?.some((one) => one.system === system && one.value === value) === true;
  const gotten = new Set([`Patient/${source.id}`, ...(source.link ?? []).filter(isRelative).map(({ other }) => other.reference)]);
  const keptLinks = link.filter((one) => !gotten.has(one.other.reference) || (one.type !== "replaces" && !isRelative(one)));
  const keptIdentifiers = identifier.filter((one) => !isSources(one));
  return {
    ...rest,
    ...(keptIdentifiers.length > 0 && { identifier: keptIdentifiers }),
    ...(keptLinks.length > 0 && { link: keptLinks }),
  };
}
