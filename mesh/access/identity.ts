/** Who asks: a person or system with roles, as the gateway has found out, or a service of the mesh that acts by itself. */

/** What is known of who asks. It goes along with all calls of a request, signed (`stamps.ts`). */
export interface Identity {
  /** Account, or `system:<name>` for a service's own work. */
  sub: string;
  /** Names of roles (`services/identity/roles`). */
  roles: string[];
  /** Scopes that the person has granted to the app, separated by blanks; absent: no app narrows the roles. */
  scope?: string;
  /** Name for people. */
  name?: string;
  /** Who this is in FHIR: `Practitioner/1`. */
  fhirUser?: string;
  /** The app by which the person asks. */
  client?: string;
  /** Id of the patient that the app was opened for: scopes of the form `patient/…` reach this one's record. */
  patient?: string;
  /** Session and token, by which it is ended before its time. */
  sid?: string;
  jti?: string;
  /** Which state of the roles the gateway knew (`changed-roles.ts`); absent: none was ever changed. */
  generation?: number;
  /** Of the mesh's own work: the person for whom it is done. It gives no right. */
  for?: Identity;
}

/** Of what the mesh does by itself: `system:recovery`. No token can name one. */
const SYSTEM = "system:";

/** The identity of a service's own work. @param name as the role's file is named: `events` */
export const systemIdentity = (name: string): Identity => ({ sub: `${SYSTEM}${name}`, roles: [`${SYSTEM}${name}`] });

/** The name of that work. */
export const workOf = ({ sub }: Pick<Identity, "sub">): string => sub.slice(SYSTEM.length);

/** Whether it is the mesh itself that asks. */
export const isSystem = ({ sub }: Pick<Identity, "sub">): boolean => sub.startsWith(SYSTEM);

/** Whether a role may stand in a token. */
export const isRoleOfPeople = (role: string): boolean => !role.startsWith(SYSTEM);
