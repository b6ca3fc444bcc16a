/** Figures of the wards, day by day. No patient data. */

/** One ward on one day. */
export interface CensusDay {
  /** YYYY-MM-DD, by the hospital's clocks. */
  day: string;
  /** "Location/…" */
  ward: string;
  name: string;
  /** Number of beds at present. */
  beds: number;
  /** Patients at the end of the day, including those on leave; for today, those at present. */
  atMidnight: number;
  /** Those of them who were on leave. */
  away: number;
  /** Patients per bed, from 0; absent without beds. */
  occupancy?: number;
  admissions: number;
  transfersIn: number;
  transfersOut: number;
  discharges: number;
  /** Discharges by death. */
  deaths: number;
}

/** Length of stay of the patients who were discharged from a ward in this period. */
export interface LengthOfStay {
  ward: string;
  name: string;
  discharges: number;
  /** Midnights in the hospital. */
  meanDays: number;
  medianDays: number;
}

/** Figures of some days. */
export interface Census {
  from: string;
  to: string;
  /** Time zone of the days. */
  zone: string;
  days: CensusDay[];
  stays: LengthOfStay[];
}
