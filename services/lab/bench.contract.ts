/** The work at the bench: what is tested, how it comes, what was found. */

/** A range of values; an end that is absent is open. */
export interface Range {
  low?: number;
  high?: number;
}

/** A name in a language (BCP 47), as CodeSystem.concept.designation of FHIR has it. */
export interface Designation {
  language: string;
  value: string;
}

/** What has a name of its own in each language. */
export interface WithNames {
  /** Where there is none in the language of the reader. */
  display: string;
  designation?: Designation[];
}

/** One test of the catalogue. */
export interface CatalogueTest extends WithNames {
  code: string;
  unit: string; // UCUM
  /** What is collected for it. */
  specimen: string;
  /** Where it is done: the code of one of the catalogue's stations. */
  station?: string;
  /** Of whom which values are usual: by sex, from an age on, below an age (years). */
  ranges: (Range & { sex?: "male" | "female"; from?: number; to?: number })[];
  /** At and beyond these a value is critical: the physician must hear of it at once. */
  critical?: Range;
}

/** What this laboratory does. */
export interface Catalogue {
  /** The code system of all codes. */
  system: string;
  /** Where ranges and limits are from. */
  says: string;
  tests: CatalogueTest[];
  panels: (WithNames & { code: string; tests: string[] })[];
  /** Names of what is collected, by what `specimen` of the tests says. */
  specimens?: WithNames[];
  /** Where its tests are done; codes like those of HL7's table 0074 (HM haematology, CH chemistry, MB microbiology, …). */
  stations?: (WithNames & { code: string })[];
}

/** How urgent an order is, as FHIR has it. */
export const Priority = { routine: "routine", urgent: "urgent", asap: "asap", stat: "stat" } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** A tube and its label: a FHIR Specimen. */
export interface Label {
  /** "Specimen/…" */
  specimen: string;
  /** Day, number of the day and a check digit, for a barcode. */
  accession: string;
  patient: string;
  /** "ServiceRequest/…" */
  orders: string[];
  /** What is in it, e.g. "Blood (EDTA)". */
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

/** How a value stands to the range of its patient (HL7 v3-ObservationInterpretation). */
export type ResultFlag = "N" | "L" | "H" | "LL" | "HH";

/** One value of a report: a FHIR Observation. */
export interface ReportLine {
  /** "Observation/…" */
  observation: string;
  code: string;
  display: string;
  value: number | string;
  unit?: string;
  flag?: ResultFlag;
  range?: Range;
  isCritical: boolean;
}

/** What was found for one order: a FHIR DiagnosticReport. */
export interface LabReport {
  /** "DiagnosticReport/…" */
  report: string;
  version: number;
  order: string;
  patient: string;
  status: "preliminary" | "final";
  lines: ReportLine[];
  /** Codes of the order that have no value. */
  missing: string[];
}

/** A critical value that nobody has acknowledged yet, or that a person has. */
export interface CriticalValue {
  /** "Observation/…" */
  observation: string;
  version: number;
  patient: string;
  encounter?: string;
  test: { system: string; code: string; display?: string };
  /** As it was read: a number, or "<5"; absent: there is none. */
  value?: number | string;
  unit?: string;
  flag: ResultFlag;
  releasedAt: string; // ISO 8601, UTC
  isAcknowledged: boolean;
}

/** An order on the bench's list. */
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

/** System of the tags of critical values, and the tag of those that nobody has acknowledged. */
export const CRITICAL = { system: "urn:openward:critical-value", waiting: "waiting", acknowledged: "acknowledged" } as const;
