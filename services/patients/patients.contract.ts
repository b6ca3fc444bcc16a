import { action } from "../../mesh/contract.ts";

/** The FHIR types that this service owns. */
export const owns = ["Patient", "RelatedPerson", "Person", "Group"];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Patient"];

/** The administrative gender, in FHIR's codes. */
export const Gender = { male: "male", female: "female", other: "other", unknown: "unknown" } as const;
export type Gender = (typeof Gender)[keyof typeof Gender];

/** A number of a person, in the system that gives it. */
export interface PersonIdentifier {
  system: string;
  value: string;
}

/** The same person's name in another script, or another name. */
export interface OtherName {
  family: string;
  given: string[];
  /** Of the name as it is written: "ar", "ja", … (BCP 47). */
  language?: string;
}

/** Where a person lives. */
export interface PostalAddress {
  line?: string[];
  city?: string;
  district?: string;
  state?: string;
  postalCode?: string;
  country?: string;
}

/** Next of kin, or whom to call. */
export interface ContactPerson {
  family: string;
  given?: string[];
  /** HL7 v2 table 0131; default "N", next of kin. */
  relationship?: "N" | "C" | "E" | "U";
  phone?: string;
}

/** What may be known of a person besides the name. */
export interface PersonDetails {
  phone?: string;
  /** Family name of the mother at her birth. */
  mothersName?: string;
  /** Further identifiers; `identifier` is the one that tells this person from all others. */
  identifiers?: PersonIdentifier[];
  otherNames?: OtherName[];
  addresses?: PostalAddress[];
  contacts?: ContactPerson[];
}

/** Who comes to the front desk. */
export interface Registration extends PersonDetails {
  family: string;
  given: string[];
  birthDate?: string; // YYYY-MM-DD, YYYY-MM or YYYY; absent: not known
  gender: Gender;
  /** The number that tells this person from all others, e.g. a national id; absent: one is generated. */
  identifier?: PersonIdentifier;
  /** Why this is nobody of those who are registered already, though a record is alike: kept with the record. */
  confirm?: string;
}

/** Who is looked for: as much as is known. */
export interface PersonDescription extends PersonDetails {
  family?: string;
  given?: string[];
  birthDate?: string; // YYYY-MM-DD, YYYY-MM or YYYY
  gender?: Gender;
  identifier?: PersonIdentifier;
  /** A patient, "Patient/…", in place of all others: who may be the same person? */
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

/** A patient who may be the person. */
export interface GradedPatient {
  patient: string; // "Patient/…"
  grade: MatchGrade;
  /** 0 to 1. */
  score: number;
}

/** Two records that are probably of one person. */
export interface Double {
  /** "Patient/…" */
  patients: [string, string];
  grade: MatchGrade;
  /** 0 to 1. */
  score: number;
  /** Where it stands in the list: the next page begins after it. */
  place: string;
}

/** How far the search for doubles in the whole register has come. */
export interface DoublesState {
  /** Pairs that wait for a clerk to look at them; some may be none any more. 2,000 at most: the search waits then. */
  found: number;
  /** Records that were looked at; those that were changed since are looked at again, and counted so. */
  looked: number;
  /** Records in all. */
  records: number;
  /** Whether the search waits for pairs to be looked at. */
  isFull: boolean;
}

/** Who cannot say who they are. */
export interface UnknownPerson {
  gender: Gender;
  /** As it is estimated: YYYY or YYYY-MM. */
  birthDate?: string;
}

/** A child that was born here. */
export interface Newborn {
  mother: string; // "Patient/…"
  gender: Gender;
  birthDate: string; // YYYY-MM-DD
  /** Of several children of one birth, which: 1, 2, … */
  multipleBirth?: number;
  /** Default: the mother's. */
  family?: string;
  /** Absent: not named yet. */
  given?: string[];
}

/** What is put right; what is not given stays. */
export interface PatientUpdate extends PersonDetails {
  patient: string; // "Patient/…"
  /** The official name: of one who was unknown, or not named yet, the first. */
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

/** The number that was generated for who had none. */
export interface NumberedPatient extends RegisteredPatient {
  identifier: PersonIdentifier;
}

/** A patient as it was put right. */
export interface UpdatedPatient {
  patient: string; // "Patient/…"
  version: number;
}

/** How far a merge, or what takes it back, has come. */
export interface MergeState {
  source: string; // "Patient/…"
  /** The record that has taken, or takes, its place, "Patient/…"; absent: none. */
  target?: string;
  /** running: it goes on by itself, also after a crash. */
  state: "not merged" | "running" | "merged";
  /** Why one that ran by itself has ended before its end: what refused it. It may be begun again. */
  refusal?: { type?: string; message: string };
  /** Resources that refer to the target now instead of the source; of a merge that is being taken back: still. */
  moved: number;
  /** Resources that refer to the source still, counted to 101. */
  left: number;
  /** Of a merge that was taken back: what was edited in between, and stays with the target. 1,000 at most. */
  edited: string[];
}

/** Everything that other services may know about `patients`. */
export const patients = {
  /**
   * Registers a person once.
   * @throws 409 PATIENT_ALREADY_REGISTERED (`data.patient`) when the identifier is known; 409 IDENTIFIER_SHARED
   *         (`data.patients`) when several patients have it, whose records must be merged first; 422 IDENTIFIER_INVALID; 409
   *         POSSIBLE_DUPLICATE (`data.candidates`, GradedPatient[]) when a record is probably the same person's: use that one, or
   *         say in `confirm` why it is another
   */
  register: action<Registration, RegisteredPatient>("patients.register"),
  /** Registers who cannot say who they are, under a name and a number that are marked as temporary. */
  registerUnknown: action<UnknownPerson, NumberedPatient>("patients.registerUnknown"),
  /**
   * Registers a child with its mother (RelatedPerson), each of several of one birth with its `multipleBirth`.
   * @throws 404 NOT_FOUND, 409 MOTHER_NOT_ACTIVE, 409 CHILD_ALREADY_REGISTERED, 409 PATIENT_CHANGED (try again), 422 BORN_BEFORE_MOTHER
   */
  registerNewborn: action<Newborn, NumberedPatient>("patients.registerNewborn"),
  /** Patients who may be the person who is described, the most probable first. @throws 404 NOT_FOUND for an unknown `like` */
  candidates: action<PersonDescription & { limit?: number }, GradedPatient[]>("patients.candidates"),
  /**
   * Records that are probably of one person (`certain`, `probable`), the most probable first: of the 50 that were written last, at once, and of
   * the whole register as far as it was looked through (`doublesState`). What was registered with `confirm` is nobody's double, nor what
   * `setDistinct` has told apart. `limit`: at most 100, default 50; `after`: the `place` of the last one of the page before.
   */
  listDoubles: action<{ limit?: number; after?: string }, Double[]>("patients.listDoubles"),
  /** How far the whole register was looked through for doubles. */
  doublesState: action<Record<string, never>, DoublesState>("patients.doublesState"),
  /**
   * Says of two records that are alike that they are of two people, and why; without a reason it is said no more.
   * @throws 404 NOT_FOUND, 409 SAME_PATIENT, 409 PATIENT_CHANGED
   */
  setDistinct: action<{ patient: string; other: string; reason?: string }, UpdatedPatient>("patients.setDistinct"),
  /** The same for a FHIR Patient, with the records as JSON texts; for the gateway's `$match`. */
  match: action<{ text: string; limit: number; onlyCertain: boolean }, (GradedPatient & { json: string })[]>("patients.match"),
  /**
   * Merges a record into the one that is to stay: whatever refers to it, in every service, refers to that one then. Fewer than 100 resources in one
   * transaction; with more it goes on by itself (`running`), and so does one with an
   * Idempotency-Key. `preview`: nothing is changed, `left` tells how many would move. The source answers still, and names the target.
   * @throws 404 NOT_FOUND, 409 SAME_PATIENT, 409 PATIENT_NOT_ACTIVE, 409 MERGE_RUNNING (into the source, or of the target), 409 MERGE_CONFLICT
   * (`data.encounters`), and what a rule refuses
   */
  merge: action<{ source: string; target: string; preview?: boolean }, MergeState>("patients.merge"),
  /** Takes a merge back: each resource is as it was, but for those that were edited since. @throws 404, 409 PATIENT_NOT_MERGED, PATIENT_MERGED_ON, MERGE_RUNNING */
  unmerge: action<{ source: string }, MergeState>("patients.unmerge"),
  /** How far it has come. @throws 404 NOT_FOUND */
  mergeState: action<{ source: string }, MergeState>("patients.mergeState"),
  /** Puts right what is given. @throws 404 NOT_FOUND, 409 PATIENT_ALREADY_REGISTERED, 409 PATIENT_CHANGED, 422 IDENTIFIER_INVALID */
  update: action<PatientUpdate, UpdatedPatient>("patients.update"),
};
