import type { Ownership } from "../../federation/owner-contract.ts";
import { action } from "../../mesh/contract.ts";
import type { Happened } from "../../mesh/happened-contract.ts";
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
  /** "Location/…", where the patient is: of a patient who has no bed yet the room or ward. Absent after the discharge. */
  bed?: string;
  status: StayStatus;
  admittedAt: string; // ISO 8601, UTC
  dischargedAt?: string; // ISO 8601, UTC; absent while the patient stays
  /** A move that is asked for, or was denied. */
  transfer?: TransferRequest;
  /** Why the stay ended (HL7 discharge-disposition): "home", "aadvice", "exp", … */
  disposition?: string;
}

/** What a nurse or physician hands over to the next: a FHIR Communication. */
export interface HandOver {
  /** "Communication/…" */
  note: string;
  stay: string;
  sentAt: string; // ISO 8601, UTC
}

/** Where a patient may go (HL7 discharge-disposition). */
export type Disposition = "home" | "alt-home" | "other-hcf" | "hosp" | "long" | "aadvice" | "psy" | "rehab" | "snf" | "oth";

/** Whether the patient is still in the house; of an admission that was cancelled: what it has become. */
export const StayStatus = { admitted: "admitted", away: "away", discharged: "discharged", cancelled: "cancelled", visit: "visit" } as const;
export type StayStatus = (typeof StayStatus)[keyof typeof StayStatus];

/** Everything that other services may know about `hospitalizations`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. */
export const hospitalizations = {
  /**
   * Asks that a patient be admitted, to a ward or to any. The stay that `motherStay` names is the mother's, where the patient is registered as her
   * child, was born since it began, or is a newborn (`kind`) of unknown birth date. @throws 404 NOT_FOUND for an unknown patient, ward or mother's stay; 409 RULE_ENCOUNTER_ONE_PATIENT for another's
   */
  request: action<
    { patient: string; kind: RequestKind; ward?: string; reason?: string; plannedFor?: string; motherStay?: string; needs?: string[] },
    AdmissionRequest
  >("hospitalizations.request"),
  /**
   * Keeps a place for the patient, in the ward that was asked for or in `ward`.
   * @throws 404 REQUEST_NOT_FOUND; 409 REQUEST_NOT_OPEN, WARD_MISSING, STAY_CHANGED
   */
  accept: action<{ request: string; ward?: string }, AdmissionRequest>("hospitalizations.accept"),
  /**
   * Takes an acceptance back, while the patient is not admitted: the request waits again, for `ward` or, without it, for any.
   * @throws 404 REQUEST_NOT_FOUND; 409 REQUEST_NOT_OPEN, REQUEST_NOT_ACCEPTED, STAY_CHANGED
   */
  withdrawAcceptance: action<{ request: string; ward?: string }, AdmissionRequest>("hospitalizations.withdrawAcceptance"),
  /** The patient is not admitted, or does not come. @throws 404 REQUEST_NOT_FOUND; 409 REQUEST_NOT_OPEN, STAY_CHANGED */
  deny: action<{ request: string; reason: string }, AdmissionRequest>("hospitalizations.deny"),
  /**
   * Admits a patient to a bed or, where none is chosen yet, to a room or ward. With `visit`, the patient's open ambulatory visit becomes the
   * stay, with `request` the request for admission: same id, next version.
   *
   * @throws 404 NOT_FOUND for an unknown patient, place or visit, REQUEST_NOT_FOUND; 409 BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED,
   *         WARD_MISSING, WARD_CLOSED, VISIT_NOT_OPEN, REQUEST_NOT_OPEN, STAY_CHANGED (a concurrent write came first: try again)
   */
  admit: action<{ patient: string; bed?: string; ward?: string; visit?: string; request?: string; reason?: string } & Happened, Stay>(
    "hospitalizations.admit",
  ),
  /**
   * Moves the patient to another bed or, where none is chosen yet, to a room or ward.
   * @throws 404 STAY_NOT_FOUND; 409 BED_OCCUPIED, NOT_A_BED, WARD_MISSING, ALREADY_DISCHARGED, STAY_CHANGED
   */
  transfer: action<{ stay: string; bed?: string; ward?: string } & Happened, Stay>("hospitalizations.transfer"),
  /** Asks that the patient be moved to a bed, room or ward; a transfer ends it. @throws 404 STAY_NOT_FOUND, NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  requestTransfer: action<{ stay: string; to: string }, Stay>("hospitalizations.requestTransfer"),
  /** The ward that a patient shall come to keeps a place. @throws 404 STAY_NOT_FOUND; 409 TRANSFER_NOT_ASKED, STAY_CHANGED */
  acceptTransfer: action<{ stay: string }, Stay>("hospitalizations.acceptTransfer"),
  /** The patient does not come there; the reason is kept with the stay until the next move. @throws 404 STAY_NOT_FOUND; 409 TRANSFER_NOT_ASKED, STAY_CHANGED */
  denyTransfer: action<{ stay: string; reason: string }, Stay>("hospitalizations.denyTransfer"),
  /** Nobody asks for the move any more. @throws 404 STAY_NOT_FOUND; 409 TRANSFER_NOT_ASKED, STAY_CHANGED */
  withdrawTransfer: action<{ stay: string }, Stay>("hospitalizations.withdrawTransfer"),
  /**
   * Two patients change their beds in one step.
   * @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, NOT_A_BED (one of them has none), WARD_CLOSED, STAY_CHANGED
   */
  swap: action<{ stay: string; with: string } & Happened, [Stay, Stay]>("hospitalizations.swap"),
  /** The patient goes away for a while; the bed stays theirs. @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, NOT_AWAY (is away already), STAY_CHANGED */
  leave: action<{ stay: string } & Happened, Stay>("hospitalizations.leave"),
  /** The patient is back. @throws 404 STAY_NOT_FOUND; 409 NOT_AWAY, STAY_CHANGED */
  return: action<{ stay: string } & Happened, Stay>("hospitalizations.return"),
  /** Undoes the last leave, or the return from it. @throws 404 STAY_NOT_FOUND; 409 NOT_AWAY, STAY_CHANGED */
  cancelLeave: action<{ stay: string; reason: string }, Stay>("hospitalizations.cancelLeave"),
  /** Another physician is responsible from now on. @throws 404 STAY_NOT_FOUND, NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  setPhysician: action<{ stay: string; physician: string }, Stay>("hospitalizations.setPhysician"),
  /** Writes what the next one on duty must know. @throws 404 STAY_NOT_FOUND, NOT_SUPPORTED where nobody keeps Communications */
  handOver: action<{ stay: string; text: string }, HandOver>("hospitalizations.handOver"),
  /** Ends the stay and frees the bed. @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  discharge: action<{ stay: string; disposition?: Disposition } & Happened, Stay>("hospitalizations.discharge"),
  /** The patient has died: ends the stay, and says so in the patient's record, in one step. @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED */
  die: action<{ stay: string } & Happened, Stay>("hospitalizations.die"),
  /**
   * Undoes an admission: the bed is free, the stay the open visit that it was before, or cancelled.
   * @throws 404 STAY_NOT_FOUND; 409 ALREADY_DISCHARGED, STAY_CHANGED, VISIT_ALREADY_OPEN (the patient has come to another visit)
   */
  cancelAdmission: action<{ stay: string; reason: string }, Stay>("hospitalizations.cancelAdmission"),
  /**
   * Undoes the last transfer: the patient is in the bed before it.
   * @throws 404 STAY_NOT_FOUND; 409 NOT_TRANSFERRED, ALREADY_DISCHARGED, BED_OCCUPIED, NOT_A_BED, WARD_CLOSED, STAY_CHANGED
   */
  cancelTransfer: action<{ stay: string; reason: string }, Stay>("hospitalizations.cancelTransfer"),
  /**
   * Undoes a discharge: the stay goes on, in the bed where the patient lay, or in `bed`. One that ended by a death is refused by the rule
   * encounter-reopened: `cancelDeath` undoes both.
   * @throws 404 STAY_NOT_FOUND, NOT_FOUND (the bed); 409 NOT_DISCHARGED, BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED, WARD_CLOSED,
   *         STAY_CHANGED
   */
  cancelDischarge: action<{ stay: string; reason: string; bed?: string }, Stay>("hospitalizations.cancelDischarge"),
  /**
   * Undoes a death that was none: the patient lives, the stay goes on, in the bed where the patient lay, or in `bed`.
   * @throws 404 STAY_NOT_FOUND, NOT_FOUND (the bed); 409 NOT_DEAD, NOT_DISCHARGED, BED_OCCUPIED, PATIENT_ALREADY_ADMITTED, NOT_A_BED,
   *         WARD_CLOSED, STAY_CHANGED
   */
  cancelDeath: action<{ stay: string; reason: string; bed?: string }, Stay>("hospitalizations.cancelDeath"),
};
