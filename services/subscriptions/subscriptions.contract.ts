/** Notifies other systems of changes: FHIR R4 Subscription. It has no actions of its own: it is used through FHIR. */

/** The FHIR types that this service owns. */
export const owns = ["Subscription"];

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["Subscription"];
