/** The author of a version, or the person who accessed one. */

/** A person, a client or a service, with the roles at that time; the time is stored beside it. */
export interface Author {
  /** `Practitioner/1`, or the account of a person without one; `system:<name>` for work of the mesh on its own behalf. */
  who: string;
  /** Name for people. */
  name?: string;
  /** `Organization/1` on whose behalf the system writes (ORGANIZATION). */
  onBehalfOf?: string;
  /** Names of roles, separated by blanks. */
  role: string;
  /** The app that was used. */
  client?: string;
  /** A code of HL7's PurposeOfUse, as the client gave it. */
  reason?: string;
}
