/**
 * Resources that support a record: whatever it refers to, except for other patients' records (FHIR R4, patient-operation-everything.html: "any
 * resource referenced from those, including binaries and attachments").
 */
import { compartmentOf, mayReferTo, parametersOf } from "../../../../fhir/search/parameters.ts";
import type { Clause, Row, StoreQuery } from "../../../../fhir/search/query.ts";
import { withContents } from "../../../../federation/row-contents.ts";
import { addForEachOwner, askTogether } from "../../../../federation/scatter-gather.ts";
import { outside } from "../../../../fhir/search/compartments.ts";
import { MAX_INCLUDED } from "../answer-limits.ts";
import type { FhirRequest } from "../request.ts";
import { BY_IDENTIFIER, anyOfValues, toContained } from "../../../../fhir/search/exact-clauses.ts";
import type { Availability } from "../../../../federation/query-context.ts";
import { fairTurn } from "../../../../mesh/turns.ts";
import { relativeReference } from "../../../../fhir/ids.ts";
import { behindBase } from "../../../../fhir/own-address.ts";

/** Whose record it is. */
export interface RecordOf {
  compartment: "Patient" | "Encounter";
  /** Absent: the records of all. */
  id?: string;
  /** `Patient/id` of those whose resources may be included; absent: of all. */
  patients?: ReadonlySet<string>;
  /** `Patient/id` of those who are included themselves, if something refers to them. */
  persons: ReadonlySet<string>;
}

/** What was found, and whether there is more than fits into one answer. */
export interface ReferencedResources {
  rows: Row[];
  isCut: boolean;
}

/** Bytes of JSON included with one page. */
const MAX_BYTES = 16_000_000;
/** References that are looked up for one page. */
const MAX_REFERENCES = 20_000;

/** The record to which a resource of the compartment's type belongs. @param json of that Patient or Encounter */
export function recordOf(compartment: RecordOf["compartment"], id: string | undefined, json: string | undefined): RecordOf {
  if (id === undefined || json === undefined) return { compartment, persons: new Set() };
  const { link, subject } = JSON.parse(json) as { link?: unknown; subject?: unknown };
  const named = new Set([...linksIn(compartment === "Patient" ? link : subject)].filter((it) => it.startsWith("Patient/")));
  return compartment === "Patient"
    ? { compartment, id, patients: new Set([`Patient/${id}`]), persons: named }
    : { compartment, id, patients: named, persons: named };
}

/**
 * The targets of the matches' references that are not part of the record itself, which is found as matches, or was not asked for.
 * @param isWanted whether to include resources of a type
 * @throws FhirError 503 OWNER_DOWN unless `availability.partial`
 */
export async function referencedResources(
  request: FhirRequest,
  matches: Row[],
  record: RecordOf,
  isWanted: (type: string) => boolean,
  availability: Availability,
): Promise<ReferencedResources> {
  const perOwner = new Map<string, StoreQuery[]>();
  const asked = new Map<string, Clause[]>();
  let left = MAX_REFERENCES;
  let isCut = false;
  for (const [type, ids] of await referredTo(matches, request.bases)) {
    if (!isWanted(type) || !mayComeAlong(type, record) || request.directory.known(type).length === 0) continue;
    const named = type === "Patient" ? [...ids].filter((id) => record.persons.has(`Patient/${id}`)) : [...ids];
    const any = named.slice(0, left);
    isCut ||= any.length < named.length;
    left -= any.length;
    if (any.length === 0) continue;
    const refs = type === "Patient" ? [] : ownerSlots(type);
    const clauses: Clause[] = [{ kind: "id", any }, ...outside(record.compartment, record.id, type), ...knownOwners(refs, record)];
    const limit = Math.min(any.length, MAX_INCLUDED + 1);
    asked.set(type, clauses);
    addForEachOwner(request, perOwner, { type, clauses, sort: [], limit, want: "ids", refs }, availability);
  }
  const pages = await askTogether(request, perOwner);
  isCut ||= pages.some((page) => page.more);

  const rows = new Map<string, Row>();
  for (const row of pages.flatMap((page) => page.rows)) {
    const known = rows.get(keyOf(row)); // it may be found at two owners while it moves
    if (known ? known.version < row.version : isOf(row, record)) rows.set(keyOf(row), row);
  }
  isCut ||= rows.size > MAX_INCLUDED;
  const wanted = [...rows.values()].slice(0, MAX_INCLUDED);
  const whole = await withContents(
    request,
    { rows: wanted, clausesOf: (type) => asked.get(type) ?? [], maxBytes: MAX_BYTES },
    availability,
  );
  const there = new Set(matches.map(keyOf));
  return { rows: whole.rows.filter((row) => mayBeShown(row, record, there)), isCut: isCut || whole.isCut };
}

const keyOf = ({ type, id }: Row): string => `${type}/${id}`;

/** A Bundle may contain any patient's resources; for the record of all, Patients are matches. */
const mayComeAlong = (type: string, { id }: RecordOf): boolean => type !== "Bundle" && (type !== "Patient" || id !== undefined);

/** Slots with the patients of a resource: those of the Patient compartment, and for other types (Device, Task) the elements that name a patient. */
function ownerSlots(type: string): number[] {
  const parameters = [...new Set([...compartmentOf("Patient", type), "patient", "subject"])]
    .flatMap((code) => parametersOf(type).get(code) ?? [])
    .filter((it) => it.type === "reference" && mayReferTo(it, "Patient"));
  return [...new Set(parameters.flatMap((it) => it.slots))];
}

/** Excludes resources of a person who is only named by an identifier, or contained, unless one of the record's patients is named as well. */
function knownOwners(slots: number[], { patients = new Set() }: RecordOf): Clause[] {
  if (slots.length === 0) return [];
  const unknown: Clause = { kind: "key", slots, any: [BY_IDENTIFIER, toContained("Patient")], not: true };
  return [patients.size > 0 ? { kind: "any", of: [[unknown], [anyOfValues(slots, patients)]] } : unknown];
}

/** A reference to something that is certainly not a Patient; the target of one that cannot be parsed (`ldap://…`) is unknown. */
const ELSE = /(?:^|\/)(?!Patient\/)[A-Z][A-Za-z]+\/[^/]+$/;

const isTheirs = ({ patients }: RecordOf, patient: string): boolean => (patients ? patients.has(patient) : patient.startsWith("Patient/"));

/** Whether it belongs to no other patient's record. */
const isOf = ({ refs = [] }: Row, record: RecordOf): boolean =>
  refs.every(([, reference]) => ELSE.test(reference) || isTheirs(record, reference));

/** A Binary may be seen by those who may see its securityContext (R4, binary.html#security). @param there `Type/id` of the matches */
function mayBeShown({ type, json = "{}" }: Row, record: RecordOf, there: ReadonlySet<string>): boolean {
  if (type !== "Binary") return true;
  const { securityContext } = JSON.parse(json) as { securityContext?: { reference?: unknown } };
  return securityContext === undefined || [...linksIn(securityContext)].some((named) => isTheirs(record, named) || there.has(named));
}

/** By type: the ids to which the rows refer. */
async function referredTo(rows: Row[], bases: readonly string[]): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const { json = "{}" } of rows) {
    await fairTurn();
    for (const link of linksIn(JSON.parse(json), bases)) {
      const [type, id] = link.split("/") as [string, string];
      found.set(type, (found.get(type) ?? new Set()).add(id));
    }
  }
  for (const { type, id } of rows) found.get(type)?.delete(id);
  return found;
}

/** Targets, as `Type/id`, of the references in a resource or a part of it, and the Binaries at the URLs of its attachments. */
function* linksIn(node: unknown, bases: readonly string[] = []): Generator<string> {
  if (node === null || typeof node !== "object") return;
  for (const [name, value] of Object.entries(node)) {
    if (typeof value === "object") yield* linksIn(value, bases);
    if (typeof value !== "string" || (name !== "reference" && name !== "url")) continue;
    // The URLs of attachments are stored as received; the server's own in references were made relative.
    const link = behindBase(value, bases) ?? value;
    const target = relativeReference(link);
    if (target && (name === "reference" || target.type === "Binary")) yield `${target.type}/${target.id}`;
  }
}
