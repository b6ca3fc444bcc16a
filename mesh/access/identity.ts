/** The identity of a caller: a person or system with roles, as the gateway has established it, or a service of the mesh on its own behalf. */

/** What is known of the caller. It is sent, signed, with all calls of a request (`stamps.ts`). */
export interface Identity {
  /** Account, or `system:<name>` for a service's own work. */
  sub: string;
  /** Names of roles (`services/identity/roles`). */
  roles: string[];
  /** Scopes that the person has granted to the app, separated by spaces; absent: no app limits the roles. */
  scope?: string;
  /** Name for people. */
  name?: string;
  /** The person in FHIR: `Practitioner/1`. */
  fhirUser?: string;
  /** The app that the person uses. */
  client?: string;
  /** Id of the patient for whom the app was launched: scopes of the form `patient/…` apply to this patient's record. */
  patient?: string;
  /** Session and token, by which it can be ended early. */
  sid?: string;
  jti?: string;
  /** Generation of the roles that the gateway knew (`changed-roles.ts`); absent: none was ever changed. */
  generation?: number;
  /** For the mesh's own work: the person for whom it is done. Gives no rights. */
  for?: Identity;
}

/** Prefix of the mesh's own identities: `system:recovery`. Tokens cannot contain one. */
const SYSTEM = "system:";

/** The identity of a service's own work. @param name of the role's file: `events` */
export const systemIdentity = (name: string): Identity => ({ sub: `${SYSTEM}${name}`, roles: [`${SYSTEM}${name}`] });

/** The name of that work. */
export const workOf = ({ sub }: Pick<Identity, "sub">): string => sub.slice(SYSTEM.length);

/** Whether the caller is the mesh itself. */
export const isSystem = ({ sub }: Pick<Identity, "sub">): boolean => sub.startsWith(SYSTEM);

/** Whether a token may contain the role. */
export const isRoleOfPeople = (role: string): boolean => !role.startsWith(SYSTEM);
