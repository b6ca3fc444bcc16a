import type { Ownership } from "../../federation/owner-contract.ts";
import { action } from "../../mesh/contract.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import type { AdmissionRequest, RequestKind } from "./requests.contract.ts";
import type { TransferRequest } from "./transfers.contract.ts";

/** Classes of Encounters that are stays (v3-ActCode). */
export const INPATIENT = ["IMP", "ACUTE", "NONAC", "OBSENC", "SS"];

/** The FHIR types that this service owns. */
export const owns: (string | Ownership)[] = [{ type: "Encounter", where: { path: "class.code", in: INPATIENT } }];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Encounter"];

/** One stay of a patient in a bed, from admission to discharge: a FHIR Encounter of class IMP. */
export interface Stay {
  /** "Encounter/…" */
  stay: string;
  version: number;
  patient: string; // "Patient/…"
  /** "Location/…", where the patient is: a bed, or the room or ward while none is assigned. Absent after the discharge. */
  bed?: string;
  status: StayStatus;
  admittedAt: string; // ISO 8601, UTC
  dischargedAt?: string; // ISO 8601, UTC; absent while the patient stays
  /** A transfer that is requested, or was denied. */
  transfer?: TransferRequest;
  /** Disposition at the end of the stay (HL7 discharge-disposition): "home", "aadvice", "exp", … */
  disposition?: string;
}

/** A hand-over note of a nurse or physician to the next shift: a FHIR Communication. */
export interface HandOver {
  /** "Communication/…" */
  note: string;
  stay: string;
  sentAt: string; // ISO 8601, UTC
}

/** Dispositions at a discharge (HL7 discharge-disposition). */
export type Disposition = "home" | "alt-home" | "other-hcf" | "hosp" | "long" | "aadvice" | "psy" | "rehab" | "snf" | "oth";

/** Status of a stay; `visit`: its admission was cancelled, and it is an ambulatory visit again. */
export const StayStatus = { admitted: "admitted", away: "away", discharged: "discharged", cancelled: "cancelled", visit: "visit" } as const;
export type StayStatus = (typeof StayStatus)[keyof typeof StayStatus];

/**
 * Everything that other services may know about `hospitalizations`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. With the
 * `version` of the stay or request that was read, nothing is stored if others have changed it since: 409 STAY_CHANGED.
 */
export const hospitalizations = {
  /**
   * Requests an admission, to a ward or to any. `motherStay` names the mother's stay, if the patient is registered as her
   * child, was born since it began, or is a newborn (`kind`) without a birth date. @throws 404 NOT_FOUND for an unknown patient, ward or mother's stay; 409 RULE_ENCOUNTER_ONE_PATIENT for another's
   */
  request: action<
    {
      patient: string;
      kind: RequestKind;
      ward?: string;
      reason?: string;
      plannedFor?: string;
      motherStay?: string;
      needs?: string[];
    } & OccurrenceTime,
    AdmissionRequest
  >("hospitalizations.request"),
  /**
   * Accepts a request and reserves a place, in the requested ward or in `ward`.
   * @throws 404 REQUEST_NOT_FOUND; 409 REQUEST_NOT_OPEN, WARD_MISSING, STAY_CHANGED
   */
  accept: action<{ request: string; ward?: string } & SeenVersion, AdmissionRequest>("hospitalizations.accept"),
  /**
   * Withdraws an acceptance before the patient is admitted: the request waits again, for `ward` or, without it, for any.
   * @throws 404 REQUEST_NOT_FOUND; 409 REQUEST_NOT_OPEN, REQUEST_NOT_ACCEPTED, STAY_CHANGED
   */
  withdrawAcceptance: action<{ request: string; ward?: string } & SeenVersion, AdmissionRequest>("hospitalizations.withdrawAcceptance"),
  /** Denies a request; also when the patient does not come. @throws 404 REQUEST_NOT_FOUND; 409 REQUEST_NOT_OPEN, STAY_CHANGED */
  deny: action<{ request: string; reason: string } & SeenVersion, AdmissionRequest>("hospitalizations.deny"),
  /**
   * Admits a patient to a bed or, while none is assigned, to a room or ward. With `visit`, the patient's open ambulatory visit becomes the
   * stay, with `request` the admission request: same id, next version. With both, the request becomes the stay, and the visit ends as it begins.
   *
   * @throws 404 NOT_FOUND for an unknown patient, place or visit, REQUEST_NOT_FOUND; 409 BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED,
   *         WARD_MISSING, WARD_CLOSED, VISIT_NOT_OPEN, REQUEST_NOT_OPEN, STAY_CHANGED (a concurrent write came first: try again)
   */
  admit: action<{ patient: string; bed?: string; ward?: string; visit?: string; request?: string; reason?: string } & OccurrenceTime, Stay>(
    "hospitalizations.admit",
  ),
  /**
   * Transfers the patient to another bed or, while none is assigned, to a room or ward. A transfer that is requested to another place stays requested.
   * @throws 404 STAY_NOT_FOUND; 409 BED_OCCUPIED, NOT_A_BED, WARD_MISSING, ALREADY_DISCHARGED, STAY_CHANGED
   */
  transfer: action<{ stay: string; bed?: string; ward?: string } & SeenVersion & OccurrenceTime, Stay>("hospitalizations.transfer"),
  /** Requests a transfer to a bed, room or ward; a transfer completes it. @throws 404 STAY_NOT_FOUND, NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  requestTransfer: action<{ stay: string; to: string } & SeenVersion, Stay>("hospitalizations.requestTransfer"),
  /** Accepts a requested transfer: the receiving ward reserves a place. @throws 404 STAY_NOT_FOUND; 409 TRANSFER_NOT_ASKED, STAY_CHANGED */
  acceptTransfer: action<{ stay: string } & SeenVersion, Stay>("hospitalizations.acceptTransfer"),
  /** Denies a requested transfer; the reason is kept with the stay until the next one. @throws 404 STAY_NOT_FOUND; 409 TRANSFER_NOT_ASKED, STAY_CHANGED */
  denyTransfer: action<{ stay: string; reason: string } & SeenVersion, Stay>("hospitalizations.denyTransfer"),
  /** Withdraws a requested transfer. @throws 404 STAY_NOT_FOUND; 409 TRANSFER_NOT_ASKED, STAY_CHANGED */
  withdrawTransfer: action<{ stay: string } & SeenVersion, Stay>("hospitalizations.withdrawTransfer"),
  /**
   * Swaps the beds of two patients in one step. `versionOfOther`: as `version`, of the other stay.
   * @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, NOT_A_BED (one of them has none), WARD_CLOSED, STAY_CHANGED
   */
  swap: action<{ stay: string; with: string; versionOfOther?: number } & SeenVersion & OccurrenceTime, [Stay, Stay]>(
    "hospitalizations.swap",
  ),
  /** The patient goes on leave; the bed is kept. @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, NOT_AWAY (is away already), STAY_CHANGED */
  leave: action<{ stay: string } & SeenVersion & OccurrenceTime, Stay>("hospitalizations.leave"),
  /** The patient returns from leave. @throws 404 STAY_NOT_FOUND; 409 NOT_AWAY, STAY_CHANGED */
  return: action<{ stay: string } & SeenVersion & OccurrenceTime, Stay>("hospitalizations.return"),
  /** Undoes the last leave, or the return from it. @throws 404 STAY_NOT_FOUND; 409 NOT_AWAY, STAY_CHANGED */
  cancelLeave: action<{ stay: string; reason: string } & SeenVersion, Stay>("hospitalizations.cancelLeave"),
  /** Makes another physician responsible. @throws 404 STAY_NOT_FOUND, NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  setPhysician: action<{ stay: string; physician: string } & SeenVersion & OccurrenceTime, Stay>("hospitalizations.setPhysician"),
  /** Writes a hand-over note for the next shift. @throws 404 STAY_NOT_FOUND, NOT_SUPPORTED if no service owns Communications */
  handOver: action<{ stay: string; text: string } & OccurrenceTime, HandOver>("hospitalizations.handOver"),
  /** Ends the stay and frees the bed. @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  discharge: action<{ stay: string; disposition?: Disposition } & SeenVersion & OccurrenceTime, Stay>("hospitalizations.discharge"),
  /** Records the patient's death: ends the stay, and updates the patient's record, in one step. @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  die: action<{ stay: string } & SeenVersion & OccurrenceTime, Stay>("hospitalizations.die"),
  /**
   * Undoes an admission: the bed is free, and the stay is the open visit that it was before, or cancelled.
   * @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED, VISIT_ALREADY_OPEN (the patient has another open visit)
   */
  cancelAdmission: action<{ stay: string; reason: string } & SeenVersion, Stay>("hospitalizations.cancelAdmission"),
  /**
   * Undoes the last transfer: the patient is in the previous bed again.
   * @throws 404 STAY_NOT_FOUND; 409 NOT_TRANSFERRED, ALREADY_DISCHARGED, BED_OCCUPIED, NOT_A_BED, WARD_CLOSED, STAY_CHANGED
   */
  cancelTransfer: action<{ stay: string; reason: string } & SeenVersion, Stay>("hospitalizations.cancelTransfer"),
  /**
   * Undoes a discharge: the stay continues, in the previous bed or in `bed`. A stay that ended by a death is refused by the rule
   * encounter-reopened: `cancelDeath` undoes both.
   * @throws 404 STAY_NOT_FOUND, NOT_FOUND (the bed); 409 NOT_DISCHARGED, BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED, WARD_CLOSED,
   *         STAY_CHANGED
   */
  cancelDischarge: action<{ stay: string; reason: string; bed?: string } & SeenVersion, Stay>("hospitalizations.cancelDischarge"),
  /**
   * Undoes a death that was recorded by mistake: the patient is alive, and the stay continues, in the previous bed or in `bed`.
   * @throws 404 STAY_NOT_FOUND, NOT_FOUND (the bed); 409 NOT_DEAD, NOT_DISCHARGED, BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED,
   *         WARD_CLOSED, STAY_CHANGED
   */
  cancelDeath: action<{ stay: string; reason: string; bed?: string } & SeenVersion, Stay>("hospitalizations.cancelDeath"),
};
