import { LinkKind, replaceLinks } from "../../../fhir/bundle/links.ts";
import type { FhirResource, Identifier, Patient } from "../../../fhir/r4.ts";
import { exactly } from "../../../fhir/search/exact-clauses.ts";
import { mayReferTo, otherReferencesSlot, referencesOf } from "../../../fhir/search/parameters.ts";
import type { Clause } from "../../../fhir/search/query.ts";

// What a merge changes: plain data in, plain data out. No broker, no database, no clock.

type PatientWithId = Patient & { id: string };

/** Whatever refers to a patient, by whichever element. @param bases under which this server's resources are addressed, besides none */
export function referringClause(type: string, patient: string, bases: readonly string[]): Clause {
  const slots = referencesOf(type).flatMap((parameter) => (mayReferTo(parameter, "Patient") ? parameter.slots : []));
  const any = [patient, ...bases.map((base) => `${base}/${patient}`)].map(exactly);
  return { kind: "key", slots: [...new Set([...slots, otherReferencesSlot(type)])], any };
}

/** The resource with each reference to one patient leading to another; undefined where there is none that may be changed. */
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

/** The record that is replaced: it answers still, and says by whom. */
export function replaced(source: PatientWithId, target: string): PatientWithId {
  const link = { type: "replaced-by" as const, other: { reference: target } };
  return { ...source, active: false, link: [...(source.link ?? []), link] };
}

/** The record that takes its place, with the other's numbers as old ones. */
export function replacing(target: PatientWithId, source: PatientWithId): PatientWithId {
  const { identifier = [], link = [] } = target;
  const isKnown = ({ system, value }: Identifier) => identifier.some((one) => one.system === system && one.value === value);
  const more = (source.identifier ?? []).filter((one) => !isKnown(one)).map((one) => ({ ...one, use: "old" as const }));
  return {
    ...target,
    ...(identifier.length + more.length > 0 && { identifier: [...identifier, ...more] }),
    link: [...link, { type: "replaces", other: { reference: `Patient/${source.id}` } }],
  };
}

/** A record that was edited since it was merged, with nothing but the merge taken back. */
export function parted(patient: PatientWithId, other: string, { isSource }: { isSource: boolean }): PatientWithId {
  const { link = [], ...rest } = patient;
  const kept = link.filter(({ type, other: { reference } }) => reference !== other || type !== (isSource ? "replaced-by" : "replaces"));
  return { ...rest, ...(isSource && { active: true }), ...(kept.length > 0 && { link: kept }) };
}
