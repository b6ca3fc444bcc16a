/** Params of an action about something that is written down afterwards. */
export interface Happened {
  /** A date and time, to the minute at least; without a zone by the hospital's clocks (`HOSPITAL_TIME_ZONE`). Absent: now. */
  at?: string;
  /** Why it is written down more than a day later. */
  lateReason?: string;
}
