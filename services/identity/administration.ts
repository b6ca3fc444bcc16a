/** Actions by which operators and signed-in administrators manage accounts; clients can only be managed by operators in the mesh. */
import type { Context, Service } from "moleculer";
import type { WithDirectory } from "../../federation/directory.ts";
import { notAllowed } from "../../mesh/access/access.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { Accounts } from "./accounts.ts";
import { ClientKind, type identity } from "./identity.contract.ts";
import { otherPersonNeeded } from "./identity.errors.ts";
import { requireWhoWorksHere } from "./practitioners.ts";
import type { Registrations } from "./registrations.ts";
import { askedBy, OPERATOR } from "./roles-now/role-actions.ts";
import type { RoleBook } from "./roles-now/role-book.ts";
import { ID_PATTERN } from "../../fhir/ids.ts";

/** The service, as far as these actions need it. */
interface Office extends Service, WithDirectory {
  accounts: Accounts;
  registrations: Registrations;
  roleBook: RoleBook;
}

/** Parameters of an action. */
type ParamsOf<Name extends keyof typeof identity> = Parameters<(typeof identity)[Name]>[1];
type Given<Name extends keyof typeof identity> = Context<ParamsOf<Name>>;

const PRACTITIONER = { type: "string", pattern: new RegExp(`^Practitioner/${ID_PATTERN}$`) } as const;
const USER = { type: "string", min: 1, max: 100 } as const;
const NAME = { type: "string", trim: true, min: 1, max: 200 } as const;
/** Version of an account as it was read. */
const VERSION = { type: "number", integer: true, min: 0, optional: true } as const;
const SCOPE = { type: "string", max: 5_000 } as const;
/** A `client_id`. */
export const CLIENT_ID = { type: "string", pattern: /^[A-Za-z0-9._-]{3,100}$/ } as const;
const ROLE_LIST = { type: "array", max: 40, items: { type: "string", pattern: /^[a-z][a-z0-9-]{0,39}$/ } } as const;
const URIS = { type: "array", max: 20, optional: true, items: { type: "string", max: 500 } } as const;
/** Encrypted, or on this machine. */
const URI = {
  type: "string",
  max: 500,
  pattern: /^(https:\/\/|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)[:/])\S+$/,
  optional: true,
} as const;
const JWKS = {
  type: "object",
  optional: true,
  strict: true,
  props: { keys: { type: "array", min: 1, max: 10, items: { type: "object" } } },
} as const;
const ofUser = { params: { user: USER, $$strict: true } } as const;
const ofNothing = { params: { $$strict: true } } as const;

/** Whether the caller is an operator. */
const isOperator = ({ broker }: Office, caller: Caller): boolean => askedBy(broker, caller) === OPERATOR;

/** Actions of `identity`, by name. */
export const administration = {
  createUser: {
    rest: "POST" as const,
    summary: "Make an account",
    params: {
      login: { type: "string", pattern: /^[A-Za-z0-9][A-Za-z0-9._@-]{1,99}$/ },
      name: NAME,
      roles: ROLE_LIST,
      practitioner: { ...PRACTITIONER, optional: true },
      password: { type: "string", max: 1_024, optional: true },
      isForTrying: { type: "boolean", optional: true },
      $$strict: true as const,
    },
    async handler(this: Office, ctx: Given<"createUser">) {
      const { params } = ctx;
      if (params.isForTrying && !isOperator(this, ctx)) throw notAllowed("make a trial account");
      await this.roleBook.requireKnown(params.roles);
      if (!isOperator(this, ctx)) await requireWhoWorksHere(this, params.practitioner);
      return this.accounts.create(params);
    },
  },

  setRoles: {
    rest: "POST" as const,
    summary: "Give somebody other roles; tokens with those of before end",
    params: { user: USER, roles: ROLE_LIST, version: VERSION, $$strict: true as const },
    async handler(this: Office, ctx: Given<"setRoles">) {
      const { params } = ctx;
      await this.roleBook.requireKnown(params.roles);
      const { _id, roles } = await this.accounts.find(params.user);
      // Nobody can give roles to themselves: access to patient data or audit logs needs two people.
      if (_id === askedBy(this.broker, ctx) && params.roles.some((role) => !roles.includes(role))) {
        throw otherPersonNeeded(params.roles.join(", "));
      }
      return this.accounts.setRoles(params.user, params.roles, params.version);
    },
  },

  setPractitioner: {
    rest: "POST" as const,
    summary: "Say which practitioner somebody is",
    params: { user: USER, practitioner: { ...PRACTITIONER, optional: true }, version: VERSION, $$strict: true as const },
    async handler(this: Office, ctx: Given<"setPractitioner">) {
      const { params } = ctx;
      if (!isOperator(this, ctx)) await requireWhoWorksHere(this, params.practitioner);
      return this.accounts.setPractitioner(params.user, params.practitioner, params.version);
    },
  },

  closeUser: {
    rest: "POST" as const,
    summary: "Close an account for good",
    ...ofUser,
    handler(this: Office, { params }: Given<"closeUser">) {
      return this.accounts.close(params.user);
    },
  },

  listUsers: {
    rest: "GET" as const,
    summary: "All accounts",
    ...ofNothing,
    handler(this: Office) {
      return this.accounts.list();
    },
  },

  resetPassword: {
    rest: "POST" as const,
    summary: "A link that sets a new password",
    ...ofUser,
    handler(this: Office, { params }: Given<"resetPassword">) {
      return this.accounts.resetPassword(params.user);
    },
  },

  listSessions: {
    rest: "GET" as const,
    summary: "Sessions of somebody's browsers",
    ...ofUser,
    async handler(this: Office, { params }: Given<"listSessions">) {
      return this.accounts.sessions((await this.accounts.find(params.user))._id);
    },
  },

  endSessions: {
    rest: "POST" as const,
    summary: "Sign somebody out everywhere",
    ...ofUser,
    async handler(this: Office, { params }: Given<"endSessions">) {
      await this.accounts.end((await this.accounts.find(params.user))._id);
      return null;
    },
  },

  createClient: {
    params: {
      id: CLIENT_ID,
      name: NAME,
      kind: { type: "enum", values: Object.values(ClientKind) },
      scope: SCOPE,
      redirectUris: URIS,
      postLogoutRedirectUris: URIS,
      backchannelLogoutUri: URI,
      roles: { ...ROLE_LIST, optional: true },
      jwks: JWKS,
      jwksUri: URI,
      isTrusted: { type: "boolean", optional: true },
      $$strict: true as const,
    },
    async handler(this: Office, { params }: Given<"createClient">) {
      await this.roleBook.requireKnown(params.roles ?? []);
      return this.registrations.create(params);
    },
  },

  removeClient: {
    params: { id: CLIENT_ID, $$strict: true as const },
    async handler(this: Office, { params }: Given<"removeClient">) {
      await this.registrations.remove(params.id);
      return null;
    },
  },

  listClients: {
    ...ofNothing,
    handler(this: Office) {
      return this.registrations.list();
    },
  },
};
