import { action } from "../../mesh/contract.ts";

/** Roles that come with the project: what a person is in the hospital. What each may do is in `services/identity/roles`. */
export const ROLES = [
  "physician",
  "nurse",
  "midwife",
  "lab-technician",
  "pharmacist",
  "front-desk",
  "billing",
  "records-office",
  "administrator",
  "auditor",
  "system",
] as const;
/** Name of a role: one of `ROLES`, or one that this hospital has made (`identity.changeRole`). */
export type RoleName = string;

/** What a role may do, and what became of it. */
export interface RoleNow {
  role: RoleName;
  /** One sentence for people. */
  says: string;
  /** Letters of `cruds` by type of resource; `*`: each type that is not named. */
  types: Readonly<Record<string, string>>;
  /** Names of actions; `*` stands for any part of one. */
  actions: readonly string[];
  /** Whether its people may enter in the name of others what these have done. */
  onBehalf: boolean;
  /** Whether its people must sign in with a second factor. */
  secondFactor: boolean;
  /** Of its last change, also one that waits or was rejected; 0: it was never changed. */
  version: number;
  /** Whether it is as its file says. */
  isAsFiled: boolean;
}

/** What a role may do. */
export type RoleRights = Pick<RoleNow, "says" | "types" | "actions"> & Partial<Pick<RoleNow, "onBehalf" | "secondFactor">>;

/** One change of a role. */
export interface RoleChange {
  role: RoleName;
  version: number;
  /** `waiting`: the role is given so much that another administrator must confirm it. */
  state: "waiting" | "done" | "rejected";
  /** What the role may do then; absent: what its file says, or nothing. */
  to?: RoleRights;
  /** Account id, or `system:operator`. */
  by: string;
  at: string; // ISO 8601, UTC
  reason: string;
  decidedBy?: string;
  decidedAt?: string; // ISO 8601, UTC
}

/** An account of a person, without its secrets. */
export interface User {
  /** The `sub` of this person's tokens. */
  id: string;
  /** Of its last change: other roles, another practitioner, closed. */
  version: number;
  /** What is typed at the sign-in, in lower case. */
  login: string;
  /** For display. */
  name: string;
  roles: RoleName[];
  /** "Practitioner/…": who this is among those who work here. */
  practitioner?: string;
  hasPassword: boolean;
  hasTotp: boolean;
  /** Whether it is for trying the system: no second factor is demanded of it. */
  isForTrying?: boolean;
  createdAt: string; // ISO 8601, UTC
  closedAt?: string; // ISO 8601, UTC
}

/** A link that sets the password of one account, once. */
export interface PasswordLink {
  /** The address; without its origin where the process does not know the gateway's. */
  link: string;
  validUntil: string; // ISO 8601, UTC
}

/** How a client proves who it is: not at all (an app on a device), or by a JWT that its private key has signed. */
export const ClientKind = { public: "public", confidential: "confidential", backend: "backend" } as const;
export type ClientKind = (typeof ClientKind)[keyof typeof ClientKind];

/** A program that may ask for tokens. */
export interface Client {
  /** The `client_id`. */
  id: string;
  name: string;
  kind: ClientKind;
  /** Where a code may be sent, compared as text; of a `backend` none. */
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  /** Where this client hears that a session has ended. */
  backchannelLogoutUri?: string;
  /** SMART scopes (v2) that it may ask for, separated by spaces. */
  scope: string;
  /** Of a `backend`: whose rights it has. */
  roles: RoleName[];
  /** Public keys of its assertions, or where they are. */
  jwks?: { keys: Record<string, string>[] };
  jwksUri?: string;
  /** The hospital's own app: nobody is asked for consent. */
  isTrusted: boolean;
  createdAt: string; // ISO 8601, UTC
}

/** What no longer holds, whatever the tokens say. */
export interface Ended {
  /** No other has it. */
  id: string;
  /** Tokens of this account that were issued until `at`. */
  sub?: string;
  /** All tokens of this grant, whenever they were issued. */
  sid?: string;
  /** This token. */
  jti?: string;
  /** Tokens of this client that were issued until `at`. */
  clientId?: string;
  /** All tokens of keys that are none any more: others may have had them. */
  keys?: true;
  at: number; // milliseconds since 1970
}

/** A session of a person's browser. */
export interface Session {
  id: string;
  since: string; // ISO 8601, UTC
  clients: string[];
}

/** Public part of a key that signs tokens (RFC 7517). */
export interface PublicKey {
  kty: "EC";
  crv: "P-256";
  x: string;
  y: string;
  kid: string;
  alg: "ES256";
  use: "sig";
}

/** What an account or a program may do at this moment. */
export interface AccountStanding {
  roles: string[];
  /** Of a program, which grants itself all that it may ask for; a person grants an app something each time. */
  scope?: string;
}

/** The broadcast event that carries an `Ended`. Best effort: `identity.endedSince` has what was missed. */
export const IDENTITY_ENDED = "identity.ended";

/** Longest life of an access token, seconds. */
export const ACCESS_TOKEN_S = 600;

/** Everything that other services may know about `identity`. `user` is a login name or an id. */
export const identity = {
  /** Keys whose tokens are valid: this one's, the next one's, and the last one's for as long as a token of it lives. */
  keys: action<Record<string, never>, { keys: PublicKey[] }>("identity.keys"),
  /**
   * New keys are signed with; those of before stay published until their last token has run out. `areStolen`: others may have them, and what they
   * signed is void within a second. Each machine must get the files of this one.
   */
  renewKeys: action<{ areStolen?: boolean }, { keys: PublicKey[] }>("identity.renewKeys"),
  /** What has ended since (milliseconds since 1970), oldest first; kept for longer than an access token lives. */
  endedSince: action<{ at: number }, Ended[]>("identity.endedSince"),
  /** What who has once signed in may do now, by which app: roles, and the scopes of a program; null: the account or the app is closed. */
  standing: action<{ who: string; client?: string }, AccountStanding | null>("identity.standing"),
  /**
   * Makes an account; without `password` it comes with a link that sets one. `isForTrying` is for an operator only.
   * @throws 403 NOT_ALLOWED, 409 LOGIN_TAKEN, 409 PRACTITIONER_TAKEN, 422 ROLE_UNKNOWN
   */
  createUser: action<
    { login: string; name: string; roles: RoleName[]; practitioner?: string; password?: string; isForTrying?: boolean },
    { user: User; link?: PasswordLink }
  >("identity.createUser"),
  /**
   * Tokens with the roles of before end. Nobody gives roles to themselves. `version`: of the account as it was read, so that what others have
   * changed since is not written over unseen.
   * @throws 404 USER_NOT_FOUND, 409 LAST_ADMINISTRATOR, 409 OTHER_PERSON_NEEDED, 422 ROLE_UNKNOWN; 409 USER_CHANGED when others have changed the
   *   account since, or change it at the same moment
   */
  setRoles: action<{ user: string; roles: RoleName[]; version?: number }, User>("identity.setRoles"),
  /**
   * Says who an account's person is among those who work here: signing needs it. Their next token names the practitioner, ten minutes later at the
   * latest; where the account was another's before, tokens end. Without `practitioner` it is nobody who works here any more.
   * `version` as of `setRoles`.
   * @throws 404 USER_NOT_FOUND (or closed), 409 PRACTITIONER_TAKEN, 409 USER_CHANGED
   */
  setPractitioner: action<{ user: string; practitioner?: string; version?: number }, User>("identity.setPractitioner"),
  /** Ends sessions and tokens, for good. @throws 404 USER_NOT_FOUND, 409 LAST_ADMINISTRATOR */
  closeUser: action<{ user: string }, User>("identity.closeUser"),
  /** All accounts by login, at most 10,000. */
  listUsers: action<Record<string, never>, User[]>("identity.listUsers"),
  /** Ends sessions and tokens; the link sets a new password and takes the second factor away. @throws 404 USER_NOT_FOUND */
  resetPassword: action<{ user: string }, PasswordLink>("identity.resetPassword"),
  /** @throws 404 USER_NOT_FOUND */
  listSessions: action<{ user: string }, Session[]>("identity.listSessions"),
  /** Ends sessions and tokens of a person, who may sign in again. @throws 404 USER_NOT_FOUND */
  endSessions: action<{ user: string }, null>("identity.endSessions"),
  /** @throws 409 CLIENT_TAKEN, 422 CLIENT_INVALID, 422 ROLE_UNKNOWN */
  createClient: action<
    Pick<Client, "id" | "name" | "kind" | "scope"> &
      Partial<
        Pick<Client, "redirectUris" | "postLogoutRedirectUris" | "backchannelLogoutUri" | "roles" | "jwks" | "jwksUri" | "isTrusted">
      >,
    Client
  >("identity.createClient"),
  /** Its tokens end. @throws 404 CLIENT_NOT_FOUND */
  removeClient: action<{ id: string }, null>("identity.removeClient"),
  /** All clients by id, at most 10,000. */
  listClients: action<Record<string, never>, Client[]>("identity.listClients"),
  /**
   * The `launch` parameter of an EHR launch (SMART App Launch 2.2): the app that is started with it within five minutes, by who calls this,
   * gets this patient and encounter (ids).
   * @throws 404 CLIENT_NOT_FOUND, 404 PATIENT_NOT_FOUND (or not to be seen), 404 USER_NOT_FOUND (a program has no account)
   */
  createLaunch: action<{ client: string; patient: string; encounter?: string }, { launch: string }>("identity.createLaunch"),
  /** All roles of people and programs, by name. */
  listRoles: action<Record<string, never>, RoleNow[]>("identity.listRoles"),
  /**
   * Makes a role, or changes what it may do; `version` is what `listRoles` said of it (0: a new one). It holds everywhere within a second, also for
   * who is signed in; what makes a role one of the widest waits until another administrator confirms it.
   * @throws 409 ROLE_STALE, 409 ROLE_LOCKS_OUT, 422 ROLE_INVALID
   */
  changeRole: action<{ role: RoleName; version: number; reason: string } & RoleRights, RoleChange>("identity.changeRole"),
  /** The role is as its file says again; one that has no file gives nothing any more. @throws 404 ROLE_NOT_FOUND, 409 ROLE_STALE */
  resetRole: action<{ role: RoleName; version: number; reason: string }, RoleChange>("identity.resetRole"),
  /** Confirms the change of this version, which another person has made. @throws 404 ROLE_NOT_FOUND, 409 CHANGE_NOT_WAITING, 409 OTHER_PERSON_NEEDED */
  confirmRole: action<{ role: RoleName; version: number }, RoleChange>("identity.confirmRole"),
  /** Rejects a change that waits, or takes back one's own. @throws 404 ROLE_NOT_FOUND, 409 CHANGE_NOT_WAITING */
  rejectRole: action<{ role: RoleName; version: number }, RoleChange>("identity.rejectRole"),
  /** Changes of a role, or of all, newest first, at most 1,000. */
  listRoleChanges: action<{ role?: RoleName }, RoleChange[]>("identity.listRoleChanges"),
  /** What nodes of the mesh ask: the roles that are not as their files say. */
  currentRoles: action<Record<string, never>, { generation: number; roles: Record<string, RoleRights> }>("identity.currentRoles"),
};
