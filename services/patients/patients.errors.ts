import { Errors } from "moleculer";
import type { GradedPatient, MergeDoubt } from "./patients.contract.ts";

const { MoleculerClientError } = Errors;

/** Type of `patientAlreadyRegistered`, for callers and for the unique key. */
export const PATIENT_ALREADY_REGISTERED = "PATIENT_ALREADY_REGISTERED";

/** 409: a patient with this identifier is registered; `patient` is its reference. */
export const patientAlreadyRegistered = (patient: string) =>
  new MoleculerClientError(
    "A patient with this identifier is registered already: use that record, or correct the identifier.",
    409,
    PATIENT_ALREADY_REGISTERED,
    { patient },
  );

/** 409: several patients have this identifier; `patients` are their references, or the first ones. */
export const identifierShared = (patients: string[]) =>
  new MoleculerClientError(
    "Several patients have this identifier: merge their records, then use the remaining one.",
    409,
    "IDENTIFIER_SHARED",
    { patients },
  );

/** 409: records are probably the same person's; contains ids and grades. */
export const possibleDuplicate = (candidates: GradedPatient[]) =>
  new MoleculerClientError(
    "This person is probably registered already: use that record, or say in `confirm` why it is another person.",
    409,
    "POSSIBLE_DUPLICATE",
    { candidates },
  );

/** 422: the identifier is invalid; `system` is its system. */
export const identifierInvalid = (system: string) =>
  new MoleculerClientError(
    "The identifier is not valid in its system: a character is missing or wrong, or its check digit does not match. Read it again.",
    422,
    "IDENTIFIER_INVALID",
    { system },
  );

/** 409: a record that is inactive or replaced cannot be merged. */
export const patientNotActive = (patient: string) =>
  new MoleculerClientError("The record is not active, or was replaced by another: merge the active record.", 409, "PATIENT_NOT_ACTIVE", {
    patient,
  });

/** 409: both patients have open visits or stays; `encounters` are those of both. */
export const mergeConflict = (encounters: string[]) =>
  new MoleculerClientError(
    "Both records have an open visit or stay: end one of them first, or mark it as entered in error.",
    409,
    "MERGE_CONFLICT",
    { encounters },
  );

const DOUBTS: Record<MergeDoubt, string> = {
  relatives: "one is recorded as a relative of the other",
  distinct: "they are marked as two people",
  numbers: "they have different numbers of a system that gives each person one number",
  present: "one has died, and the other has an open visit or stay",
};

/** What speaks against a merge, in words. */
const wordsOf = (doubts: readonly MergeDoubt[]): string => doubts.map((one) => DOUBTS[one]).join("; ");

/** 409: the two records are probably of two people; `doubts` are the reasons. */
export const mergeDoubtful = (doubts: MergeDoubt[]) =>
  new MoleculerClientError(
    `These are probably two people: ${wordsOf(doubts)}. Correct what is wrong, or say in \`confirm\` why they are one.`,
    409,
    "MERGE_DOUBTFUL",
    { doubts },
  );

/** 409: a record cannot replace itself. */
export const samePatient = (patient: string) =>
  new MoleculerClientError(
    "Both names are of the same record: name the record that is replaced, and the one that stays.",
    409,
    "SAME_PATIENT",
    {
      patient,
    },
  );

/** 409: there is no merge to undo. */
export const notMerged = (patient: string) =>
  new MoleculerClientError("This record was not merged into another: there is nothing to undo.", 409, "PATIENT_NOT_MERGED", { patient });

/** 409: `patient` has replaced the record into which it was merged: the later merge must be undone first. */
export const mergedOn = (patient: string) =>
  new MoleculerClientError("The record into which it was merged was merged itself: undo that merge first.", 409, "PATIENT_MERGED_ON", {
    patient,
  });

/** 409: another merge moves resources of one of the records; `source` is the one that is replaced. */
export const mergeRunning = (source: string) =>
  new MoleculerClientError(
    "Another merge is still moving resources of one of these records: wait until that merge has ended (patients.mergeState).",
    409,
    "MERGE_RUNNING",
    { source },
  );

/** 409: the mother's record is closed. */
export const motherNotActive = (patient: string) =>
  new MoleculerClientError("The mother's record is not active, or was replaced: name her active record.", 409, "MOTHER_NOT_ACTIVE", {
    patient,
  });

/** 422: the father's record, or a wrong sex; `patient` is the one that was named as the mother. */
export const motherMale = (patient: string) =>
  new MoleculerClientError("This is a man's record: name the mother's, or correct its sex.", 422, "MOTHER_MALE", { patient });

/** 422: one of the two birth dates is wrong; `patient` is the mother. */
export const bornBeforeMother = (patient: string) =>
  new MoleculerClientError("The child was not born before its mother: correct one of the two birth dates.", 422, "BORN_BEFORE_MOTHER", {
    patient,
  });

/** 409: the child is registered; `patient` is its record. */
export const childAlreadyRegistered = (patient: string) =>
  new MoleculerClientError(
    "This child of the mother is registered already: use that record; for twins or more, give the order of birth in `multipleBirth`.",
    409,
    "CHILD_ALREADY_REGISTERED",
    { patient },
  );

/** Concurrent writes have changed the same record at each attempt. */
export const patientChanged = (patient: string) =>
  new MoleculerClientError("The patient's record is being changed by others: try again.", 409, "PATIENT_CHANGED", { patient });

/** The holder of the unique key that was refused. */
export const holderOf = (error: unknown): string => (error as { data: { holder: string } }).data.holder;
