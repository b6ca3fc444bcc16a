/**
 * The allowed changes of status of R4's acts, by type. What is over stays over, except for `entered-in-error`; what is in progress may become
 * `unknown`, and known again.
 */

type Steps = Record<string, readonly string[]>;

const NOTHING: readonly string[] = [];

/** R4 request.html#statemachine. */
const request = {
  draft: ["active", "on-hold", "revoked", "completed", "unknown"],
  active: ["on-hold", "revoked", "completed", "unknown"],
  "on-hold": ["active", "revoked", "completed", "unknown"],
  revoked: NOTHING,
  completed: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-observation-status.html; a final result never becomes preliminary again. */
const observation = {
  registered: ["preliminary", "final", "amended", "corrected", "cancelled", "unknown"],
  preliminary: ["registered", "final", "amended", "corrected", "cancelled", "unknown"],
  final: ["amended", "corrected", "cancelled"],
  amended: ["corrected", "cancelled"],
  corrected: ["amended", "cancelled"],
  cancelled: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-diagnostic-report-status.html */
const report = {
  registered: ["partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled", "unknown"],
  partial: ["registered", "preliminary", "final", "amended", "corrected", "appended", "cancelled", "unknown"],
  preliminary: ["registered", "partial", "final", "amended", "corrected", "appended", "cancelled", "unknown"],
  final: ["amended", "corrected", "appended", "cancelled"],
  amended: ["corrected", "appended", "cancelled"],
  corrected: ["amended", "appended", "cancelled"],
  appended: ["amended", "corrected", "cancelled"],
  cancelled: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-specimen-status.html */
const specimen = {
  available: ["unavailable", "unsatisfactory"],
  unavailable: ["available", "unsatisfactory"],
  unsatisfactory: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-medicationrequest-status.html */
const prescription = {
  draft: ["active", "on-hold", "cancelled", "unknown"],
  active: ["on-hold", "cancelled", "completed", "stopped", "unknown"],
  "on-hold": ["active", "cancelled", "completed", "stopped", "unknown"],
  cancelled: NOTHING,
  completed: NOTHING,
  stopped: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-medicationdispense-status.html */
const dispense = {
  preparation: ["in-progress", "on-hold", "completed", "cancelled", "stopped", "declined", "unknown"],
  "in-progress": ["preparation", "on-hold", "completed", "cancelled", "stopped", "declined", "unknown"],
  "on-hold": ["preparation", "in-progress", "completed", "cancelled", "stopped", "declined", "unknown"],
  completed: NOTHING,
  cancelled: NOTHING,
  stopped: NOTHING,
  declined: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-medication-admin-status.html */
const administration = {
  "in-progress": ["on-hold", "completed", "stopped", "not-done", "unknown"],
  "on-hold": ["in-progress", "completed", "stopped", "not-done", "unknown"],
  completed: NOTHING,
  stopped: NOTHING,
  "not-done": NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-supplydelivery-status.html */
const delivery = {
  "in-progress": ["completed", "abandoned"],
  completed: NOTHING,
  abandoned: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-chargeitem-status.html */
const charge = {
  planned: ["billable", "not-billable", "aborted", "unknown"],
  billable: ["planned", "not-billable", "aborted", "billed", "unknown"],
  "not-billable": ["billable", "aborted", "unknown"],
  aborted: ["billable", "not-billable", "unknown"],
  billed: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-invoice-status.html */
const invoice = {
  draft: ["issued", "balanced", "cancelled"],
  issued: ["balanced", "cancelled"],
  balanced: ["issued", "cancelled"],
  cancelled: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-fm-status.html */
const payment = {
  draft: ["active", "cancelled"],
  active: NOTHING,
  cancelled: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-appointmentstatus.html */
const appointment = {
  proposed: ["pending", "booked", "waitlist", "cancelled", "noshow", "arrived", "checked-in", "fulfilled"],
  pending: ["proposed", "booked", "waitlist", "cancelled", "noshow", "arrived", "checked-in", "fulfilled"],
  waitlist: ["proposed", "pending", "booked", "cancelled"],
  booked: ["pending", "waitlist", "arrived", "checked-in", "fulfilled", "cancelled", "noshow"],
  arrived: ["booked", "checked-in", "fulfilled", "cancelled", "noshow"], // booked: another person had arrived
  "checked-in": ["arrived", "fulfilled", "cancelled"],
  fulfilled: NOTHING,
  cancelled: ["booked", "pending"],
  noshow: ["arrived", "checked-in", "fulfilled", "booked"],
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 task.html#statemachine, and the meaning of its statuses where the diagram is silent: steps may be skipped, ended tasks stay ended. */
const task = {
  draft: ["requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed", "completed"],
  requested: ["received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed", "completed"],
  received: ["accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed", "completed"],
  accepted: ["ready", "cancelled", "in-progress", "on-hold", "failed", "completed"],
  ready: ["accepted", "cancelled", "in-progress", "on-hold", "failed", "completed"],
  "in-progress": ["on-hold", "cancelled", "failed", "completed"],
  "on-hold": ["ready", "in-progress", "cancelled", "failed", "completed"],
  rejected: NOTHING,
  cancelled: NOTHING,
  failed: NOTHING,
  completed: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** R4 valueset-consent-state-codes.html; for a consent that has ended, a new one is given. */
const consent = {
  draft: ["proposed", "active", "rejected", "inactive"],
  proposed: ["draft", "active", "rejected", "inactive"],
  active: ["inactive"],
  rejected: NOTHING,
  inactive: NOTHING,
  "entered-in-error": NOTHING,
} satisfies Steps;

/** By type of act. */
export const STATUS_STEPS = {
  ServiceRequest: request,
  Observation: observation,
  DiagnosticReport: report,
  Specimen: specimen,
  MedicationRequest: prescription,
  MedicationDispense: dispense,
  MedicationAdministration: administration,
  SupplyDelivery: delivery,
  ChargeItem: charge,
  Invoice: invoice,
  PaymentReconciliation: payment,
  Appointment: appointment,
  Task: task,
  Consent: consent,
} satisfies Record<string, Steps>;
