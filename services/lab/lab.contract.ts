import type { Code } from "../../fhir/code.ts";
import type { Ownership } from "../../federation/owner-contract.ts";
import { action } from "../../mesh/contract.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import type {
  BenchOrder,
  Catalogue,
  CriticalValue,
  Designation,
  Entered,
  Label,
  LabReport,
  Priority,
  SeenValue,
} from "./bench.contract.ts";

export type { Code };

/** The FHIR types that this service owns. */
export const owns: (string | Ownership)[] = [
  { type: "Observation", where: { path: "category.coding.code", in: ["laboratory"] } },
  "ServiceRequest",
  "Specimen",
  "DiagnosticReport",
  "ImagingStudy",
  "Media",
  "ObservationDefinition",
];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Observation", "ServiceRequest"];

/** An order of a test: a FHIR ServiceRequest. */
export interface LabOrder {
  /** "ServiceRequest/…" */
  order: string;
  version: number;
  patient: string; // "Patient/…"
  test: Code;
  status: OrderStatus;
  orderedAt: string; // ISO 8601, UTC
}

/** `active`: the order has no result yet. */
export const OrderStatus = { active: "active", completed: "completed", revoked: "revoked" } as const;
export type OrderStatus = (typeof OrderStatus)[keyof typeof OrderStatus];

/** A result: an Observation and the DiagnosticReport that issues it. */
export interface LabResult {
  /** "Observation/…" */
  observation: string;
  /** "DiagnosticReport/…" */
  report: string;
  order: string;
  issuedAt: string; // ISO 8601, UTC
}

/** A corrected result: its Observation, and the corrected DiagnosticReports that issue it. */
export interface CorrectedResult {
  /** "Observation/…" */
  observation: string;
  version: number;
  /** "DiagnosticReport/…": the reports that issue it. */
  reports: string[];
  issuedAt: string; // ISO 8601, UTC
}

/** A measured value in a UCUM unit (as text: an unambiguous number, possibly with a comparator, "<5", and stored with its digits, "13.50"), or words. */
export type Finding = { value: number | string; unit: string } | { text: string };

/** Everything that other services may know about `lab`. `at`: 409 AT_IN_FUTURE, AT_TOO_EARLY, LATE_REASON_MISSING. */
export const lab = {
  /** @throws 404 NOT_FOUND for an unknown patient or encounter */
  order: action<{ patient: string; encounter?: string; test: Code } & OccurrenceTime, LabOrder>("lab.order"),
  /** Writes result, report and the order's completion in one step; a value of the catalogue is interpreted, a critical one waits to be acknowledged. `at`: time of the measurement. @throws 404 ORDER_NOT_FOUND; 409 ORDER_NOT_ACTIVE, ORDER_CHANGED; 422 NUMBER_UNCLEAR, NUMBER_IN_WORDS */
  enterResult: action<{ order: string; finding: Finding } & OccurrenceTime, LabResult>("lab.enterResult"),
  /** Cancels an order without a result; `version`: that of the order. @throws 404 ORDER_NOT_FOUND, 409 ORDER_NOT_ACTIVE, ORDER_CHANGED */
  cancel: action<{ order: string; reason: string } & SeenVersion, LabOrder>("lab.cancel"),
  /**
   * Corrects a final result, and all final reports that issue it, in one step; its interpretation, and whether it waits to be acknowledged as critical,
   * follow the new value. `version`: that of the result that was read; if it has been
   * corrected since, nothing is stored (RESULT_CHANGED).
   * @throws 404 RESULT_NOT_FOUND; 409 RESULT_NOT_FINAL, RESULT_CHANGED; 422 NUMBER_UNCLEAR, NUMBER_IN_WORDS
   */
  correctResult: action<{ observation: string; finding: Finding; reason: string } & SeenVersion, CorrectedResult>("lab.correctResult"),
  /** The laboratory's tests, units, ranges and panels, with the hospital's own names. */
  listCatalogue: action<Record<string, never>, Catalogue>("lab.listCatalogue"),
  /**
   * Sets the hospital's own name of a test or panel in a language; without a name the catalogue's is used again.
   * `seen`: the name that was read ("": none), so that a later change by others is not overwritten unseen.
   * @throws 404 TEST_UNKNOWN; 409 NAME_CHANGED if others have changed it since, or change it at the same moment
   */
  nameTest: action<{ code: string; language: string; name?: string; seen?: string }, { code: string; designation: Designation[] }>(
    "lab.nameTest",
  ),
  /** Orders a test or a panel of the catalogue by its code. @throws 404 NOT_FOUND for an unknown patient or encounter, TEST_UNKNOWN */
  orderPanel: action<{ patient: string; encounter?: string; code: string; priority?: Priority } & OccurrenceTime, LabOrder>(
    "lab.orderPanel",
  ),
  /** Open orders, the most urgent first, then the oldest; at most 1,000. */
  worklist: action<Record<string, never>, BenchOrder[]>("lab.worklist"),
  /**
   * Records the collection of a specimen for these orders of one patient, and assigns an accession number.
   * @throws 404 ORDER_NOT_FOUND; 409 ORDER_NOT_ACTIVE, ORDERS_DIFFER, ORDER_CHANGED, ACCESSION_TAKEN (a client has used the number)
   */
  collect: action<{ orders: string[]; kind?: string } & OccurrenceTime, Label>("lab.collect"),
  /** Rejects a specimen: another one has to be collected. @throws 404 SPECIMEN_NOT_FOUND; 409 SPECIMEN_OVER, ORDER_CHANGED */
  rejectSpecimen: action<{ specimen: string; reason: string } & SeenVersion & OccurrenceTime, Label>("lab.rejectSpecimen"),
  /**
   * Enters some or all values of an order, or replaces earlier ones: makes a preliminary report with interpretations by the patient's reference ranges.
   * With the `version` of the report that was read (0: there was none), no values that others have entered since are replaced (409 ORDER_CHANGED).
   * @throws 404 ORDER_NOT_FOUND; 409 ORDER_NOT_ACTIVE, ORDER_CHANGED, NOT_ORDERED, UNIT_DIFFERS; 422 NUMBER_UNCLEAR
   */
  enter: action<{ order: string; results: Entered[]; specimen?: string } & SeenVersion & OccurrenceTime, LabReport>("lab.enter"),
  /**
   * Releases the entered values: values, report and the order's completion become final in one step. Critical values wait to be acknowledged.
   * With the `version` of the report and the `values` that were reviewed, no others are released: neither values that were entered since, nor
   * values that were changed since by FHIR, which leaves the report's version as it is (409 ORDER_CHANGED).
   * @throws 404 ORDER_NOT_FOUND; 409 ORDER_NOT_ACTIVE, ORDER_CHANGED, NOTHING_ENTERED, RESULTS_MISSING
   */
  release: action<{ order: string; values?: SeenValue[]; missingReason?: string } & SeenVersion, LabReport>("lab.release"),
  /** Critical values that are not acknowledged, the oldest first; of all patients, or of one. At most 1,000. */
  listCritical: action<{ patient?: string }, CriticalValue[]>("lab.listCritical"),
  /** Acknowledges a critical value; `version`: that of the value that was read (RESULT_CHANGED). @throws 404 RESULT_NOT_FOUND; 409 NOT_CRITICAL, RESULT_CHANGED */
  acknowledge: action<{ observation: string; note?: string } & SeenVersion & OccurrenceTime, CriticalValue>("lab.acknowledge"),
};
