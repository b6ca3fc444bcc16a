/** Who has made a version, or has looked at one. */

/** A person, a client or a service, with their roles at that time; the time itself stands beside it. */
export interface Author {
  /** `Practitioner/1` of who has one, else the account; `system:<name>` of what the mesh does by itself, for nobody. */
  who: string;
  /** Name for people. */
  name?: string;
  /** `Organization/1`: in whose name the system writes (ORGANIZATION). */
  onBehalfOf?: string;
  /** Names of roles, separated by blanks. */
  role: string;
  /** The app by which it was made. */
  client?: string;
  /** A code of HL7's PurposeOfUse that the client has given. */
  reason?: string;
}
