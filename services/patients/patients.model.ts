import { intervalOf } from "../../fhir/dates.ts";
import type { ContactPoint, HumanName, Identifier, Patient, PatientContact, RelatedPerson } from "../../fhir/r4.ts";
import { namesInOrder } from "../../fhir/shown-names.ts";
import { tokenClause } from "../../fhir/search/exact-clauses.ts";
import type { KeyOf } from "../../mixins/fhir/rules/unique-keys.ts";
import type { NoneExist } from "../../store/writes.ts";
import type { IdentifierTable } from "../../fhir/identifier-systems.ts";
import type {
  ContactPerson,
  Newborn,
  OtherName,
  PatientUpdate,
  PersonDescription,
  PersonDetails,
  PersonIdentifier,
  Registration,
} from "./patients.contract.ts";
import { MOTHERS_NAME } from "./matching/person.ts";
import { identifierInvalid, identifierShared, PATIENT_ALREADY_REGISTERED, patientAlreadyRegistered } from "./patients.errors.ts";
import { PATIENT_NUMBER, TEMPORARY_NUMBER } from "./record-numbers.ts";

// The rules of a patient: plain data in, plain data out. No broker, no database, no clock.

type PatientWithId = Patient & { id: string };

/** HL7's extension for the reason of a missing value. */
const ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
const LANGUAGE = "http://hl7.org/fhir/StructureDefinition/language";
/** URL of an extension: the reason why a similar record is another person's. */
const NOT_A_DUPLICATE = "urn:openward:not-a-duplicate";
const CONTACT_ROLE = "http://terminology.hl7.org/CodeSystem/v2-0131";
const ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

/** The FHIR Patient of a registration. @throws 422 IDENTIFIER_INVALID */
export function newPatient(
  id: string,
  registration: Registration & { identifier: PersonIdentifier },
  table: IdentifierTable,
): PatientWithId {
  const { family, given, birthDate, gender, identifier, identifiers = [] } = registration;
  return {
    resourceType: "Patient",
    id,
    active: true,
    identifier: [{ use: "official", ...stored(identifier, table) }, ...identifiers.map((one) => stored(one, table))],
    name: [{ use: "official", family, ...givenOf(given) }, ...(registration.otherNames ?? []).map(nameOf)],
    gender,
    ...(birthDate !== undefined && { birthDate }),
    ...detailsOf(registration),
    ...extensionsOf(registration),
  };
}

/** The element of given names; a person with one name has none. */
const givenOf = (given: string[] | undefined): Pick<HumanName, "given"> => (given && given.length > 0 ? { given } : {});

/** An unknown patient, under a name and an identifier that are marked as temporary. */
export function unknownPatient(
  id: string,
  number: string,
  { gender, birthDate }: Pick<Registration, "gender" | "birthDate">,
): PatientWithId {
  return {
    resourceType: "Patient",
    id,
    active: true,
    identifier: [{ use: "temp", system: TEMPORARY_NUMBER, value: number }],
    name: [{ use: "temp", family: "Unknown", given: [number], extension: [{ url: ABSENT, valueCode: "temp-unknown" }] }],
    gender,
    ...(birthDate !== undefined && { birthDate }),
  };
}

/** Whether a record is inactive or replaced. */
export const isClosed = ({ active, link }: Patient): boolean => active === false || replacementOf({ link }) !== undefined;

/** Whether the clerk has confirmed at the registration that it is a new person. */
export const isConfirmed = ({ extension = [] }: Patient): boolean => extension.some(({ url }) => url === NOT_A_DUPLICATE);

/** The record that has replaced this one, "Patient/…". */
export const replacementOf = ({ link = [] }: Pick<Patient, "link">): string | undefined =>
  link.find(({ type }) => type === "replaced-by")?.other.reference;

/** The refusal of an identifier that these records have; a record that was merged counts as the one that replaced it. */
export function alreadyRegistered(records: PatientWithId[]): Error {
  const current = [...new Set(records.map((one) => replacementOf(one) ?? `Patient/${one.id}`))];
  return current.length === 1 ? patientAlreadyRegistered(current[0] as string) : identifierShared(current);
}

/** Whether a child's birth date is certainly before its mother's, given the precision of both; false if one is unknown. */
export function isBornBefore({ birthDate: child }: Pick<Patient, "birthDate">, { birthDate: mother }: Pick<Patient, "birthDate">): boolean {
  const [, latest = Number.POSITIVE_INFINITY] = intervalOf(child ?? "") ?? [];
  const [earliest = Number.NEGATIVE_INFINITY] = intervalOf(mother ?? "") ?? [];
  return latest < earliest;
}

/** A newborn: the child, the mother as its RelatedPerson, and the mother's record with a link to it (Patient.link). */
export function newborn(
  ids: { child: string; mother: string; number: string },
  { gender, birthDate, multipleBirth, family, given }: Omit<Newborn, "mother">,
  mother: PatientWithId,
): [child: PatientWithId, related: RelatedPerson & { id: string }, mother: PatientWithId] {
  const named = officialName(mother);
  const surname = family ?? named?.family;
  const child: PatientWithId = {
    resourceType: "Patient",
    id: ids.child,
    active: true,
    identifier: [{ use: "official", system: PATIENT_NUMBER, value: ids.number }],
    name: [
      {
        use: given?.length ? "official" : "temp",
        ...(surname !== undefined && { family: surname }),
        given: given?.length ? given : ["Newborn"],
      },
    ],
    gender,
    birthDate,
    ...(multipleBirth !== undefined && { multipleBirthInteger: multipleBirth }),
  };
  const related: RelatedPerson & { id: string } = {
    resourceType: "RelatedPerson",
    id: ids.mother,
    active: true,
    patient: { reference: `Patient/${ids.child}` },
    relationship: [{ coding: [{ system: ROLE, code: "MTH", display: "mother" }] }],
    ...(named && { name: [named] }),
    gender: "female",
    ...(mother.birthDate !== undefined && { birthDate: mother.birthDate }),
  };
  const link = { type: "seealso" as const, other: { reference: `RelatedPerson/${ids.mother}` } };
  return [child, related, { ...mother, link: [...(mother.link ?? []), link] }];
}

const officialName = ({ name }: Patient): HumanName | undefined => namesInOrder(name)[0];

/** The corrected record. The temporary name or identifier of a person who is now known becomes an old one. @throws 422 IDENTIFIER_INVALID */
export function updated(before: PatientWithId, change: Omit<PatientUpdate, "patient">, table: IdentifierTable): PatientWithId {
  const { family, given, birthDate, gender, identifiers = [] } = change;
  const isRenamed = family !== undefined || given !== undefined;
  const names = isRenamed ? renamed(before, { family, given }) : (before.name ?? []);
  const { otherNames } = change;
  const more = identifiers.map((one) => stored(one, table));
  return {
    ...before,
    ...((isRenamed || otherNames) && {
      name: otherNames ? [...names.filter(({ use }) => use !== "usual"), ...otherNames.map(nameOf)] : names,
    }),
    ...(birthDate !== undefined && { birthDate }),
    ...(gender !== undefined && { gender }),
    ...(more.length > 0 && { identifier: withIdentifiers(before.identifier ?? [], more, isRenamed) }),
    ...detailsOf(change, before),
    ...extensionsOf(change, before),
  };
}

/** The Patient of a description. */
export function described({ family = "", given = [], ...known }: Omit<PersonDescription, "like">, table: IdentifierTable): Patient {
  const { identifier, identifiers = [], birthDate, gender, otherNames = [] } = known;
  const numbers = identifier ? [identifier, ...identifiers] : identifiers;
  return {
    resourceType: "Patient",
    identifier: numbers.map(({ system, value }) => ({ system, value: table.normalized(system, value) })),
    name: [{ family, given }, ...otherNames.map(nameOf)],
    ...(birthDate !== undefined && { birthDate }),
    ...(gender !== undefined && { gender }),
    ...detailsOf(known),
    ...extensionsOf(known),
  };
}

function extensionsOf({ mothersName, confirm }: PersonDetails & { confirm?: string }, before?: Patient): Pick<Patient, "extension"> {
  if (mothersName === undefined && confirm === undefined) return {};
  const others = (before?.extension ?? []).filter(({ url }) => url !== MOTHERS_NAME || mothersName === undefined);
  return {
    extension: [
      ...others,
      ...(mothersName === undefined ? [] : [{ url: MOTHERS_NAME, valueString: mothersName }]),
      ...(confirm === undefined ? [] : [{ url: NOT_A_DUPLICATE, valueString: confirm }]),
    ],
  };
}

function renamed(before: Patient, { family, given }: Pick<PatientUpdate, "family" | "given">): HumanName[] {
  const { name = [] } = before;
  const current = officialName(before);
  const isTemporary = current?.use === "temp";
  // A temporary name has no former family name.
  const kept = isTemporary ? { family: current?.extension ? undefined : current?.family } : current;
  const { given: formerGiven, ...others } = kept ?? {};
  const official: HumanName = { ...others, use: "official", ...(family !== undefined && { family }), ...givenOf(given ?? formerGiven) };
  const further = name.filter((one) => one !== current).filter(({ use }) => use !== "official");
  return [clean(official), ...(isTemporary && current ? [{ ...current, use: "old" as const }] : []), ...further];
}

const clean = ({ family, ...name }: HumanName): HumanName => ({ ...name, ...(family !== undefined && { family }) });

/** One identifier per system, the new one; the first becomes the official one. */
function withIdentifiers(before: Identifier[], more: ReturnType<typeof stored>[], isKnown: boolean): Identifier[] {
  const kept = before
    .filter(({ system }) => !more.some((one) => one.system === system))
    .map((one) => (isKnown && one.use === "temp" ? { ...one, use: "old" as const } : one));
  const hasOfficial = kept.some(({ use }) => use === "official");
  const useOf = ({ system }: PersonIdentifier, index: number): Identifier["use"] =>
    before.find((one) => one.system === system)?.use ?? (!hasOfficial && index === 0 ? "official" : undefined);
  return [
    ...more.map((one, index): Identifier => {
      const use = useOf(one, index);
      return { ...(use && { use }), ...one };
    }),
    ...kept,
  ];
}

/** The elements of Patient for the given details. */
function detailsOf({ phone, addresses, contacts }: PersonDetails, before?: Patient): Partial<Patient> {
  const telecom: ContactPoint[] | undefined =
    phone === undefined
      ? undefined
      : [{ system: "phone", value: phone }, ...(before?.telecom ?? []).filter(({ system }) => system !== "phone")];
  return {
    ...(telecom && { telecom }),
    ...(addresses && { address: addresses.map((address) => ({ use: "home" as const, ...address })) }),
    ...(contacts && { contact: contacts.map(contactOf) }),
  };
}

/** A further name of the person. */
const nameOf = ({ family, given, language }: OtherName): HumanName => ({
  use: "usual",
  family,
  ...givenOf(given),
  ...(language !== undefined && { extension: [{ url: LANGUAGE, valueCode: language }] }),
});

function contactOf({ family, given, relationship = "N", relation, phone }: ContactPerson): PatientContact {
  return {
    relationship: [
      { coding: [{ system: CONTACT_ROLE, code: relationship }] },
      ...(relation === undefined ? [] : [{ coding: [{ system: ROLE, code: relation }] }]),
    ],
    name: { family, ...givenOf(given) },
    ...(phone !== undefined && { telecom: [{ system: "phone", value: phone }] }),
  };
}

/** An identifier in its stored form. @throws 422 IDENTIFIER_INVALID */
export function checked({ system, value }: PersonIdentifier, table: IdentifierTable): PersonIdentifier {
  const normalized = table.normalized(system, value);
  if (!table.isValid(system, normalized)) throw identifierInvalid(system);
  return { system, value: normalized };
}

/** An identifier in its stored form, with the kind of its system. @throws 422 IDENTIFIER_INVALID */
const stored = (identifier: PersonIdentifier, table: IdentifierTable) => table.typed(checked(identifier, table));

/** Unique keys: official and generated identifiers of a patient, and those of systems that are unique, in the form for comparison; replaced records have none. */
export function patientKeys({ identifier = [], active, link }: Patient, table: IdentifierTable): KeyOf[] {
  if (isClosed({ resourceType: "Patient", active, link })) return [];
  const own = identifier.filter((one) => one.value !== undefined && (table.isOnePersons(one) || one.system === TEMPORARY_NUMBER));
  const keys = new Set(own.map(({ system = "", value = "" }) => table.keyOf(system, value)));
  const says = "Another patient has this identifier: use that record, or correct the identifier.";
  return [...keys].map((key) => ({ key, error: PATIENT_ALREADY_REGISTERED, says, at: "Patient.identifier" }));
}

/** The condition that no patient has this identifier, which the store checks in the write itself. */
export function nobodyHas({ system, value }: PersonIdentifier): NoneExist {
  return { lock: `Patient?identifier=${system}|${value}`, clauses: [tokenClause("Patient", "identifier", { system, value })] };
}

/** The answer to a registration. */
export const registered = (id: string, { version, updated }: { version: number; updated: number }) => ({
  patient: `Patient/${id}`,
  version,
  registeredAt: new Date(updated).toISOString(),
});
