/**
 * Rates of events in a general hospital, round figures of the right magnitude, to be changed here: four fifths of the beds occupied, and stays of six
 * days (OECD, Health at a Glance 2023: average length of stay 7.7 days with long stays, occupancy 70 to 85 %); the others are estimates.
 */
export const RATES = {
  /** Admissions a day for each bed: four fifths of the beds, each for six days. */
  admissionsPerBed: 0.8 / 6,
  /** Visits a day for each bed that do not become a stay. */
  visitsPerBed: 0.4,
  meanStayDays: 6,
  /** Share of arrivals by known patients. */
  known: 0.3,
  /** Shares of registrations: of unknown persons; of duplicates, which are merged some days later. */
  unknown: 0.01,
  duplicate: 0.02,
  /** Share of merges that are undone. */
  unmerge: 0.2,
  /** Per patient in a bed, and day. */
  orders: 0.8,
  prescriptions: 0.4,
  transfers: 0.08,
  /** Shares of results, dispenses, admissions and transfers that are corrected, or undone. */
  corrections: 0.02,
  voids: 0.01,
  returns: 0.05,
  undone: 0.02,
  /** Shares of stays that end by death, and, of women's stays, in which a child is born. */
  deaths: 0.02,
  births: 0.05,
  /** Shares of bills that are cancelled and made again, and of which a charge is credited. */
  cancelledBills: 0.02,
  credits: 0.02,
} as const;
