/** Params of an action that records something afterwards. */
export interface OccurrenceTime {
  /** Date and time, at least to the minute; without a zone by the hospital's clocks (`HOSPITAL_TIME_ZONE`). Absent: now. */
  at?: string;
  /** Reason for recording it more than a day later. */
  lateReason?: string;
}
