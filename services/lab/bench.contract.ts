/** Types of the laboratory's work: catalogue, specimens, results. */

/** A range of values; an absent end is open. */
export interface Range {
  low?: number;
  high?: number;
}

/** A name in a language (BCP 47), like CodeSystem.concept.designation in FHIR. */
export interface Designation {
  language: string;
  value: string;
}

/** Something with names in several languages. */
export interface WithNames {
  /** The name if there is none in the reader's language. */
  display: string;
  designation?: Designation[];
}

/** One test of the catalogue. */
export interface CatalogueTest extends WithNames {
  code: string;
  unit: string; // UCUM
  /** Kind of specimen that is collected. */
  specimen: string;
  /** Where it is done: the code of one of the catalogue's stations. */
  station?: string;
  /** Reference ranges by sex and age: from an age on, below an age (years). */
  ranges: (Range & { sex?: "male" | "female"; from?: number; to?: number })[];
  /** At or beyond these a value is critical: the physician must be informed at once. */
  critical?: Range;
}

/** The tests and panels that this laboratory does. */
export interface Catalogue {
  /** The code system of all codes. */
  system: string;
  /** Source of ranges and limits. */
  says: string;
  tests: CatalogueTest[];
  panels: (WithNames & { code: string; tests: string[] })[];
  /** Names of the kinds of specimens, by the `specimen` of the tests. */
  specimens?: WithNames[];
  /** Stations; codes like those of HL7's table 0074 (HM haematology, CH chemistry, MB microbiology, …). */
  stations?: (WithNames & { code: string })[];
}

/** Priority of an order, as in FHIR. */
export const Priority = { routine: "routine", urgent: "urgent", asap: "asap", stat: "stat" } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** A specimen container with its label: a FHIR Specimen. */
export interface Label {
  /** "Specimen/…" */
  specimen: string;
  /** Accession number: day, serial number of the day and a check digit, for a barcode. */
  accession: string;
  patient: string;
  /** "ServiceRequest/…" */
  orders: string[];
  /** Kind of specimen, e.g. "Blood (EDTA)". */
  kind: string;
  collectedAt: string; // ISO 8601, UTC
}

/** One value as it was read: a number, "<5", ">=100", or words. */
export interface Entered {
  code: string;
  value: number | string;
  /** Absent: the catalogue's. */
  unit?: string;
}

/** Interpretation of a value by the patient's reference range (HL7 v3-ObservationInterpretation). */
export type ResultFlag = "N" | "L" | "H" | "LL" | "HH";

/** One value in the version that was read. */
export interface SeenValue {
  /** "Observation/…" */
  observation: string;
  version: number;
}

/** One value of a report: a FHIR Observation. */
export interface ReportLine extends SeenValue {
  code: string;
  display: string;
  value: number | string;
  /** Digits of a number that has more than its value needs: "13.50". */
  digits?: string;
  unit?: string;
  flag?: ResultFlag;
  range?: Range;
  isCritical: boolean;
}

/** The results of one order: a FHIR DiagnosticReport. */
export interface LabReport {
  /** "DiagnosticReport/…" */
  report: string;
  version: number;
  order: string;
  patient: string;
  status: "preliminary" | "final";
  lines: ReportLine[];
  /** Codes of ordered tests without a value. */
  missing: string[];
}

/** A critical value, acknowledged or not. */
export interface CriticalValue {
  /** "Observation/…" */
  observation: string;
  version: number;
  patient: string;
  encounter?: string;
  test: { system: string; code: string; display?: string };
  /** As it was read: a number, or "<5"; absent if there is none. */
  value?: number | string;
  /** As in `ReportLine`. */
  digits?: string;
  unit?: string;
  flag: ResultFlag;
  releasedAt: string; // ISO 8601, UTC
  isAcknowledged: boolean;
}

/** An order on the bench's worklist. */
export interface BenchOrder {
  /** "ServiceRequest/…" */
  order: string;
  patient: string;
  encounter?: string;
  test: { system: string; code: string; display?: string };
  priority: Priority;
  orderedAt: string; // ISO 8601, UTC
  state: "ordered" | "collected" | "entered";
  specimen?: string;
  accession?: string;
  report?: string;
}

/** Tags of critical values, by whether they are acknowledged. */
export const CRITICAL = { system: "urn:openward:critical-value", waiting: "waiting", acknowledged: "acknowledged" } as const;
