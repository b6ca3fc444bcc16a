import { action } from "../../mesh/contract.ts";

/** Roles that come with the project: a person's function in the hospital. Their rights are in `services/identity/roles`. */
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
/** Name of a role: one of `ROLES`, or one that this hospital has added (`identity.changeRole`). */
export type RoleName = string;

/** The current rights of a role, and its state. */
export interface RoleNow {
  role: RoleName;
  /** One sentence for people. */
  says: string;
  /** Letters of `cruds` by resource type; `*`: all other types. */
  types: Readonly<Record<string, string>>;
  /** Names of actions; `*` stands for any part of a name. */
  actions: readonly string[];
  /** Whether its people may record acts of others in their name. */
  onBehalf: boolean;
  /** Whether its people must sign in with a second factor. */
  secondFactor: boolean;
  /** Version of its last change, including changes that wait or were rejected; 0: never changed. */
  version: number;
  /** Whether it is as in its file. */
  isAsFiled: boolean;
}

/** The rights of a role. */
export type RoleRights = Pick<RoleNow, "says" | "types" | "actions"> & Partial<Pick<RoleNow, "onBehalf" | "secondFactor">>;

/** One change of a role. */
export interface RoleChange {
  role: RoleName;
  version: number;
  /** `waiting`: it adds so many rights that another administrator must confirm it. */
  state: "waiting" | "done" | "rejected";
  /** Rights after the change; absent: as in the file, or none. */
  to?: RoleRights;
  /** Account id, or `system:operator`. */
  by: string;
  at: string; // ISO 8601, UTC
  reason: string;
  decidedBy?: string;
  decidedAt?: string; // ISO 8601, UTC
}

/** A person's account, without its secrets. */
export interface User {
  /** The `sub` of the person's tokens. */
  id: string;
  /** Version of its last change: of roles, of the practitioner, closing. */
  version: number;
  /** Login name, in lower case. */
  login: string;
  /** For display. */
  name: string;
  roles: RoleName[];
  /** "Practitioner/…" of the person. */
  practitioner?: string;
  hasPassword: boolean;
  hasTotp: boolean;
  /** Whether it is a trial account, which needs no second factor. */
  isForTrying?: boolean;
  createdAt: string; // ISO 8601, UTC
  closedAt?: string; // ISO 8601, UTC
}

/** A link that sets the password of one account, once. */
export interface PasswordLink {
  /** The URL; without its origin if the process does not know the gateway's. */
  link: string;
  validUntil: string; // ISO 8601, UTC
}

/** How a client authenticates: not at all (an app on a device), or by a JWT signed with its private key. */
export const ClientKind = { public: "public", confidential: "confidential", backend: "backend" } as const;
export type ClientKind = (typeof ClientKind)[keyof typeof ClientKind];

/** A program that may request tokens. */
export interface Client {
  /** The `client_id`. */
  id: string;
  name: string;
  kind: ClientKind;
  /** Where a code may be sent, compared as text; none for a `backend`. */
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  /** URL that is called when a session has ended. */
  backchannelLogoutUri?: string;
  /** SMART scopes (v2) that it may request, separated by spaces. */
  scope: string;
  /** For a `backend`: its roles. */
  roles: RoleName[];
  /** Public keys of its assertions, or their URL. */
  jwks?: { keys: Record<string, string>[] };
  jwksUri?: string;
  /** The hospital's own app: people are not asked for consent. */
  isTrusted: boolean;
  createdAt: string; // ISO 8601, UTC
}

/** Tokens that are no longer valid, although they have not expired. */
export interface Ended {
  /** Unique id of the notification. */
  id: string;
  /** Tokens of this account issued until `at`. */
  sub?: string;
  /** All tokens of this grant, whenever they were issued. */
  sid?: string;
  /** This token. */
  jti?: string;
  /** Tokens of this client issued until `at`. */
  clientId?: string;
  /** All tokens signed with withdrawn keys, which may have been stolen. */
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

/** Current rights of an account or program. */
export interface AccountStanding {
  roles: string[];
  /** For a program, which gets all scopes that it may request; a person grants scopes to an app each time. */
  scope?: string;
}

/** Broadcast event with an `Ended`. Best effort: `identity.endedSince` returns what was missed. */
export const IDENTITY_ENDED = "identity.ended";

/** Longest validity of an access token, seconds. */
export const ACCESS_TOKEN_S = 600;

/** The contract of `identity` for other services. `user` is a login name or an id. */
export const identity = {
  /** Keys of valid tokens: the current one, the next one, and the previous one while its tokens are valid. */
  keys: action<Record<string, never>, { keys: PublicKey[] }>("identity.keys"),
  /**
   * Replaces the signing keys; the previous ones stay published until their last token has expired. `areStolen`: tokens signed with the previous
   * ones become invalid within a second. The new files must be copied to every machine.
   */
  renewKeys: action<{ areStolen?: boolean }, { keys: PublicKey[] }>("identity.renewKeys"),
  /** What has ended since a time (milliseconds since 1970), oldest first; kept for longer than an access token is valid. */
  endedSince: action<{ at: number }, Ended[]>("identity.endedSince"),
  /** Current rights of an author, by app: roles, and a program's scopes; null: the account or the app is closed. */
  standing: action<{ who: string; client?: string }, AccountStanding | null>("identity.standing"),
  /**
   * Makes an account; without `password` it comes with a link that sets one. `isForTrying` is for an operator only.
   * @throws 403 NOT_ALLOWED, 404 PRACTITIONER_NOT_FOUND (also one who has left; not checked for an operator), 409 LOGIN_TAKEN, 409 PRACTITIONER_TAKEN, 422 ROLE_UNKNOWN
   */
  createUser: action<
    { login: string; name: string; roles: RoleName[]; practitioner?: string; password?: string; isForTrying?: boolean },
    { user: User; link?: PasswordLink }
  >("identity.createUser"),
  /**
   * Sets the roles; tokens with the previous ones end. Nobody can give roles to themselves. `version`: that of the account that was read, so that a
   * later change by others is not overwritten unseen.
   * @throws 404 USER_NOT_FOUND, 409 LAST_ADMINISTRATOR, 409 OTHER_PERSON_NEEDED, 422 ROLE_UNKNOWN; 409 USER_CHANGED if others have changed the
   *   account since, or change it at the same moment
   */
  setRoles: action<{ user: string; roles: RoleName[]; version?: number }, User>("identity.setRoles"),
  /**
   * Sets the Practitioner of an account's person, which signing requires. Their next token, at the latest ten minutes later, names the practitioner;
   * if the account belonged to another before, its tokens end. Without `practitioner` the person no longer works here. `version` as in `setRoles`.
   * @throws 404 USER_NOT_FOUND (or closed), 404 PRACTITIONER_NOT_FOUND (as in `createUser`), 409 PRACTITIONER_TAKEN, 409 USER_CHANGED
   */
  setPractitioner: action<{ user: string; practitioner?: string; version?: number }, User>("identity.setPractitioner"),
  /** Closes an account for good, with its sessions and tokens. @throws 404 USER_NOT_FOUND, 409 LAST_ADMINISTRATOR */
  closeUser: action<{ user: string }, User>("identity.closeUser"),
  /** All accounts by login, at most 10,000. */
  listUsers: action<Record<string, never>, User[]>("identity.listUsers"),
  /** Ends sessions and tokens, removes the second factor, and returns a link that sets a new password. @throws 404 USER_NOT_FOUND */
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
  /** Removes a client; its tokens end. @throws 404 CLIENT_NOT_FOUND */
  removeClient: action<{ id: string }, null>("identity.removeClient"),
  /** All clients by id, at most 10,000. */
  listClients: action<Record<string, never>, Client[]>("identity.listClients"),
  /**
   * Prepares an EHR launch (SMART App Launch 2.2) and returns its `launch` parameter: the app started with it by the caller within five minutes gets
   * this patient and encounter (ids).
   * @throws 404 CLIENT_NOT_FOUND, 404 PATIENT_NOT_FOUND (or not visible to the caller), 404 USER_NOT_FOUND (a program has no account)
   */
  createLaunch: action<{ client: string; patient: string; encounter?: string }, { launch: string }>("identity.createLaunch"),
  /** All roles of people and programs, by name. */
  listRoles: action<Record<string, never>, RoleNow[]>("identity.listRoles"),
  /**
   * Adds a role, or changes its rights; `version` is that returned by `listRoles` (0: a new one). It takes effect within a second, also for people
   * who are signed in; a change that adds the widest rights waits until another administrator confirms it.
   * @throws 409 ROLE_STALE, 409 ROLE_LOCKS_OUT, 422 ROLE_INVALID, 422 ACTION_UNKNOWN (with the actions that no service has, and similar ones)
   */
  changeRole: action<{ role: RoleName; version: number; reason: string } & RoleRights, RoleChange>("identity.changeRole"),
  /** Resets a role to its file; one without a file has no rights any more. @throws 404 ROLE_NOT_FOUND, 409 ROLE_STALE */
  resetRole: action<{ role: RoleName; version: number; reason: string }, RoleChange>("identity.resetRole"),
  /** Confirms the change with this version, made by another person. @throws 404 ROLE_NOT_FOUND, 409 CHANGE_NOT_WAITING, 409 OTHER_PERSON_NEEDED */
  confirmRole: action<{ role: RoleName; version: number }, RoleChange>("identity.confirmRole"),
  /** Rejects a waiting change, or withdraws one's own. @throws 404 ROLE_NOT_FOUND, 409 CHANGE_NOT_WAITING */
  rejectRole: action<{ role: RoleName; version: number }, RoleChange>("identity.rejectRole"),
  /** Changes of a role, or of all, newest first, at most 1,000. */
  listRoleChanges: action<{ role?: RoleName }, RoleChange[]>("identity.listRoleChanges"),
  /** For the nodes of the mesh: the roles that differ from their files. */
  currentRoles: action<Record<string, never>, { generation: number; roles: Record<string, RoleRights> }>("identity.currentRoles"),
};
