/**
 * How often what happens in a general hospital. Round figures of the right size, to be changed here: beds four fifths taken and a stay of six
 * days (OECD, Health at a Glance 2023: average length of stay 7.7 days with long stays, occupancy 70 to 85 %); the others are estimates.
 */
export const RATES = {
  /** Admissions a day for each bed: four fifths of the beds, each for six days. */
  admissionsPerBed: 0.8 / 6,
  /** Visits a day for each bed that do not become a stay. */
  visitsPerBed: 0.4,
  meanStayDays: 6,
  /** Of those who come: who was here before. */
  known: 0.3,
  /** Of those who are registered: who cannot say who they are; whose record is made twice, and merged some days later. */
  unknown: 0.01,
  double: 0.02,
  /** Of merges: those that are taken back. */
  unmerge: 0.2,
  /** For each patient in a bed and day. */
  orders: 0.8,
  prescriptions: 0.4,
  transfers: 0.08,
  /** Of results, dispenses, admissions and transfers: those that are put right or undone. */
  corrections: 0.02,
  voids: 0.01,
  returns: 0.05,
  undone: 0.02,
  /** Of stays: those that end by death, and those of a woman in which a child is born. */
  deaths: 0.02,
  births: 0.05,
  /** Of bills: those that are taken back and made again, and those of which a charge is credited. */
  cancelledBills: 0.02,
  credits: 0.02,
} as const;
