import type { IdentifierSystem, NumberKind } from "../../fhir/identifier-systems.ts";
import { action, event } from "../../mesh/contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";

/** The FHIR types that this service owns. */
export const owns = ["Patient", "RelatedPerson", "Person", "Group"];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Patient"];

/** The administrative gender, in FHIR's codes. */
export const Gender = { male: "male", female: "female", other: "other", unknown: "unknown" } as const;
export type Gender = (typeof Gender)[keyof typeof Gender];

/** An identifier of a person, with its system. */
export interface PersonIdentifier {
  system: string;
  value: string;
}

/** A system of numbers of one kind, with their form. */
export interface NumberSystem extends IdentifierSystem {
  type: NumberKind;
}

/** A further name of the person, possibly in another script. */
export interface OtherName {
  family: string;
  given?: string[];
  /** Language of the name as written: "ar", "ja", … (BCP 47). */
  language?: string;
}

/** A postal address. */
export interface PostalAddress {
  line?: string[];
  city?: string;
  district?: string;
  state?: string;
  postalCode?: string;
  country?: string;
}

/** What a contact person is to the patient: mother, father, spouse, child, sibling, grandparent, another relative, guardian, friend (HL7 v3-RoleCode). */
export const Relation = {
  mother: "MTH",
  father: "FTH",
  spouse: "SPS",
  child: "CHILD",
  sibling: "SIB",
  grandparent: "GRPRN",
  relative: "FAMMEMB",
  guardian: "GUARD",
  friend: "FRND",
} as const;
export type Relation = (typeof Relation)[keyof typeof Relation];

/** Next of kin, or an emergency contact. */
export interface ContactPerson {
  family: string;
  given?: string[];
  /** HL7 v2 table 0131; default "N", next of kin. */
  relationship?: "N" | "C" | "E" | "U";
  relation?: Relation;
  phone?: string;
}

/** Details of a person besides the name. */
export interface PersonDetails {
  phone?: string;
  /** The mother's family name at her birth. */
  mothersName?: string;
  /** Further identifiers; `identifier` is the one that is unique to the person. */
  identifiers?: PersonIdentifier[];
  otherNames?: OtherName[];
  addresses?: PostalAddress[];
  contacts?: ContactPerson[];
}

/** A person who is registered. */
export interface Registration extends PersonDetails {
  /** The family name; of a person with one name, that. */
  family: string;
  given?: string[];
  birthDate?: string; // YYYY-MM-DD, YYYY-MM or YYYY; absent: not known
  gender: Gender;
  /** A unique identifier of the person, e.g. a national id; absent: one is generated. */
  identifier?: PersonIdentifier;
  /** Reason why this is not a patient who is registered already, although a record is similar: kept with the record. */
  confirm?: string;
}

/** What is known of a person who is looked for. */
export interface PersonDescription extends PersonDetails {
  family?: string;
  given?: string[];
  birthDate?: string; // YYYY-MM-DD, YYYY-MM or YYYY
  gender?: Gender;
  identifier?: PersonIdentifier;
  /** A patient, "Patient/…", instead of all others: whose duplicates are looked for. */
  like?: string;
}

/** FHIR's match-grade. */
export const MatchGrade = {
  certain: "certain",
  probable: "probable",
  possible: "possible",
  certainlyNot: "certainly-not",
} as const;
export type MatchGrade = (typeof MatchGrade)[keyof typeof MatchGrade];

/** A candidate with its grade. */
export interface GradedPatient {
  patient: string; // "Patient/…"
  grade: MatchGrade;
  /** 0 to 1. */
  score: number;
}

/** Two records that are probably of one person. */
export interface DuplicatePair {
  /** "Patient/…" */
  patients: [string, string];
  grade: MatchGrade;
  /** 0 to 1. */
  score: number;
  /** Position in the list: the next page begins after it. */
  place: string;
}

/** Progress of the search for duplicates in the whole register. */
export interface DuplicatesState {
  /** Pairs that wait for a clerk's decision; some may have become outdated. At most 2,000, at which the search waits. */
  found: number;
  /** Compared records; those that have changed are compared again, and counted again. */
  looked: number;
  /** Number of records. */
  records: number;
  /** Whether the search waits for pairs to be decided. */
  isFull: boolean;
}

/** A person who cannot be identified. */
export interface UnknownPerson {
  gender: Gender;
  /** Estimated: YYYY or YYYY-MM. */
  birthDate?: string;
}

/** A child that was born here. */
export interface Newborn {
  mother: string; // "Patient/…"
  gender: Gender;
  birthDate: string; // YYYY-MM-DD
  /** Number among several children of one birth: 1, 2, … */
  multipleBirth?: number;
  /** Default: the mother's. */
  family?: string;
  /** Absent: not named yet. */
  given?: string[];
}

/** Corrections; what is not given stays. */
export interface PatientUpdate extends PersonDetails {
  patient: string; // "Patient/…"
  /** The official name; for a person who was unknown or unnamed, the first one. */
  family?: string;
  given?: string[];
  birthDate?: string; // YYYY-MM-DD, YYYY-MM or YYYY
  gender?: Gender;
}

/** A new patient. */
export interface RegisteredPatient {
  /** "Patient/…" */
  patient: string;
  version: number;
  registeredAt: string; // ISO 8601, UTC
}

/** A new patient with a generated identifier. */
export interface NumberedPatient extends RegisteredPatient {
  identifier: PersonIdentifier;
}

/** A corrected patient. */
export interface UpdatedPatient {
  patient: string; // "Patient/…"
  version: number;
}

/**
 * What speaks against two records being one person's: one is recorded as a relative of the other; they are marked as different people
 * (`setDistinct`); they have different numbers of a system that gives a person one; one person has died, the other has an open visit or stay.
 */
export const MergeDoubt = { relatives: "relatives", distinct: "distinct", numbers: "numbers", present: "present" } as const;
export type MergeDoubt = (typeof MergeDoubt)[keyof typeof MergeDoubt];

/** State of a merge, or of an unmerge. */
export interface MergeState {
  source: string; // "Patient/…"
  /** The replacing record, "Patient/…"; absent: none. */
  target?: string;
  /** running: it continues as a task, also after a crash. */
  state: "not merged" | "running" | "merged";
  /** The refusal that has ended a task early. It may be started again. */
  refusal?: { type?: string; message: string };
  /** Number of resources that refer to the target instead of the source; during an unmerge: that still do. */
  moved: number;
  /** Number of resources that still refer to the source, counted up to 101. */
  left: number;
  /** After an unmerge: the resources that were edited in between, and stay with the target. At most 1,000. */
  edited: string[];
  /** Of a preview: what speaks against the merge, which then needs `confirm`. Absent: nothing. */
  doubts?: MergeDoubt[];
}

/** A record that was merged, and the one that replaced it. */
export interface MergedRecords {
  source: string; // "Patient/…"
  target: string; // "Patient/…"
}

/** Everything that other services may know about `patients`. */
export const patients = {
  /**
   * Registers a person once.
   * @throws 409 PATIENT_ALREADY_REGISTERED (`data.patient`) if the identifier is known; 409 IDENTIFIER_SHARED
   *         (`data.patients`) if several patients have it, whose records must be merged first; 422 IDENTIFIER_INVALID; 409
   *         POSSIBLE_DUPLICATE (`data.candidates`, GradedPatient[]) if a record is probably the same person's: use that one, or
   *         give the reason in `confirm` why it is another
   */
  register: action<Registration, RegisteredPatient>("patients.register"),
  /** Registers a person who cannot be identified, under a name and an identifier that are marked as temporary. */
  registerUnknown: action<UnknownPerson, NumberedPatient>("patients.registerUnknown"),
  /**
   * Registers a child with its mother (RelatedPerson); each of several children of one birth has its `multipleBirth`.
   * @throws 404 NOT_FOUND, 409 MOTHER_NOT_ACTIVE, 409 CHILD_ALREADY_REGISTERED, 409 PATIENT_CHANGED (try again), 422 MOTHER_MALE, 422 BORN_BEFORE_MOTHER
   */
  registerNewborn: action<Newborn, NumberedPatient>("patients.registerNewborn"),
  /** The systems of the numbers that this hospital asks for at registration, at most one of each kind. */
  listNumberSystems: action<Record<string, never>, NumberSystem[]>("patients.listNumberSystems"),
  /** Patients who may be the described person, the most probable first. @throws 404 NOT_FOUND for an unknown `like` */
  candidates: action<PersonDescription & { limit?: number }, GradedPatient[]>("patients.candidates"),
  /**
   * Probable duplicates (`certain`, `probable`), the most probable first: of the 50 latest records, at once, and of
   * the whole register as far as it was searched (`duplicatesState`). Records that were registered with `confirm`, or marked by
   * `setDistinct`, are left out. `limit`: at most 100, default 50; `after`: the `place` of the last pair of the page before.
   */
  listDuplicates: action<{ limit?: number; after?: string }, DuplicatePair[]>("patients.listDuplicates"),
  /** Progress of the search for duplicates in the whole register. */
  duplicatesState: action<Record<string, never>, DuplicatesState>("patients.duplicatesState"),
  /**
   * Marks two similar records as different people, with the reason; without a reason the mark is removed.
   * @throws 404 NOT_FOUND, 409 SAME_PATIENT, 409 PATIENT_CHANGED
   */
  setDistinct: action<{ patient: string; other: string; reason?: string }, UpdatedPatient>("patients.setDistinct"),
  /** As `candidates`, for a FHIR Patient, with the records as JSON texts; for the gateway's `$match`. */
  match: action<{ text: string; limit: number; onlyCertain: boolean }, (GradedPatient & { json: string })[]>("patients.match"),
  /**
   * Merges a record into another, which stays: all references to it, in every service, are changed to the other. Fewer than 100 resources are one
   * transaction; more are moved by a task (`running`), and so is a merge with an
   * Idempotency-Key. `preview`: nothing is changed, and `left` is the number of resources to move. The source remains readable, and names the target.
   * `confirm`: the reason why they are one person in spite of `doubts`; it is kept at the link to the source. A death that only the source's record has is recorded in the target's.
   * @throws 404 NOT_FOUND, 409 SAME_PATIENT, 409 PATIENT_NOT_ACTIVE, 409 MERGE_RUNNING (into the source, or of the target), 409 MERGE_CONFLICT
   * (`data.encounters`), 409 MERGE_DOUBTFUL (`data.doubts`: correct what is wrong, or give the reason in `confirm`), and refusals by rules
   */
  merge: action<{ source: string; target: string; preview?: boolean; confirm?: string }, MergeState>("patients.merge"),
  /** Emitted at the end of each merge. Durable. */
  merged: event<MergedRecords>("patients.merged"),
  /** Undoes a merge: each resource is as it was, except those that were edited since. @throws 404, 409 PATIENT_NOT_MERGED, PATIENT_MERGED_ON, MERGE_RUNNING */
  unmerge: action<{ source: string }, MergeState>("patients.unmerge"),
  /** The state of a merge. @throws 404 NOT_FOUND */
  mergeState: action<{ source: string }, MergeState>("patients.mergeState"),
  /** Corrects what is given; `version`: that of the record that was read (PATIENT_CHANGED). @throws 404 NOT_FOUND, 409 PATIENT_ALREADY_REGISTERED, 409 PATIENT_CHANGED, 422 IDENTIFIER_INVALID */
  update: action<PatientUpdate & SeenVersion, UpdatedPatient>("patients.update"),
};
