/** Figures of the wards, day by day. No patient data. */

/** One ward on one day. */
export interface CensusDay {
  /** YYYY-MM-DD, by the hospital's clocks. */
  day: string;
  /** "Location/…" */
  ward: string;
  name: string;
  /** Beds of today. */
  beds: number;
  /** Patients who were there at the end of the day, those on leave among them; of today those who are there now. */
  atMidnight: number;
  /** Of them, those on leave. */
  away: number;
  /** Patients for each bed, from 0; absent where there is no bed. */
  occupancy?: number;
  admissions: number;
  transfersIn: number;
  transfersOut: number;
  discharges: number;
  /** Of the discharges. */
  deaths: number;
}

/** How long those stayed who were discharged from a ward in this time. */
export interface LengthOfStay {
  ward: string;
  name: string;
  discharges: number;
  /** Midnights in the house. */
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
