/** The commands of `npm run admin`: each calls the service, and prints its answer. */
import { parseArgs } from "node:util";
import type { Caller } from "../../mesh/caller.ts";
import {
  type ClientKind,
  identity,
  type PasswordLink,
  ROLES,
  type RoleName,
  type User,
} from "../../services/identity/identity.contract.ts";
import { decideRole, listRoles, resetRole, setRole } from "./role-commands.ts";
import { readJson } from "./read-json.ts";
import { tableLines } from "./table-lines.ts";
import { StartupError } from "../start/startup-error.ts";

/** Runs a command. @returns the lines to print */
export type AdminCommand = (caller: Caller) => Promise<string[]>;

/** Usage of all commands. */
export const USAGE = `usage: npm run admin -- COMMAND

  users                                     all accounts
  add-user LOGIN --name NAME --roles A,B    creates an account, and prints a link that sets its password; --practitioner Practitioner/ID
  roles LOGIN A,B                           gives the account these roles only
  password LOGIN                            for a lost password: ends the sessions, prints a link that sets a new one
  close LOGIN                               closes the account for good
  sessions LOGIN                            sessions of the account
  end-sessions LOGIN                        ends these sessions and their tokens

  list-roles                                all roles, and changes that wait for confirmation
  set-role NAME FILE --reason WHY           creates a role, or replaces its rights, from a file (format: services/identity/roles/nurse.json)
  reset-role NAME --reason WHY              resets a role to its original file
  confirm-role NAME VERSION                 confirms an administrator's change that needs a second person
  reject-role NAME VERSION                  rejects it

  try                                       trial accounts, one per role, with their passwords, as JSON (npm run demo)

  clients                                   all apps and programs that may ask for tokens
  add-client ID --name NAME --scope SCOPES  with --redirect URI (repeated): an app on a device
                                            with --redirect and --jwks FILE or --jwks-uri URL: an app on a server
                                            with --jwks or --jwks-uri and --roles A,B: a program without people
                                            --logout-redirect URI, --backchannel-logout URL, --trusted (no consent)
  remove-client ID                          removes it; its tokens end

  new-keys                                  signs tokens with new keys; older tokens are valid until they expire
                                            --stolen, if others may have the keys: older tokens become invalid at once

Roles: ${ROLES.join(", ")}.`;

const words = (count: number): string => `${count} word${count === 1 ? "" : "s"}`;

/** @throws StartupError with what is wrong, and the usage */
export function commandOf(name: string, args: string[]): AdminCommand {
  const { values, positionals } = parse(args);
  const [first = "", second = ""] = positionals;
  const needed = NEEDED[name];
  if (needed === undefined) throw new StartupError(`"${name}" is no command.\n${USAGE}`);
  if (positionals.length !== needed) {
    throw new StartupError(`"${name}" takes ${words(needed)} and its options, and got ${words(positionals.length)}.\n${USAGE}`);
  }
  switch (name) {
    case "users":
      return async (caller) => table(await identity.listUsers(caller, {}));
    case "add-user":
      return async (caller) => {
        const { name = first, practitioner } = values;
        const given = { login: first, name, roles: rolesOf(values.roles), ...(practitioner !== undefined && { practitioner }) };
        const { user, link } = await identity.createUser(caller, given);
        return [`${user.login} is ${user.name}: ${user.roles.join(", ") || "no role"}.`, ...(link ? linkLines(link) : [])];
      };
    case "roles":
      return async (caller) => [
        `${first}: ${(await identity.setRoles(caller, { user: first, roles: rolesOf(second) })).roles.join(", ")}.`,
      ];
    case "password":
      return async (caller) => linkLines(await identity.resetPassword(caller, { user: first }));
    case "close":
      return async (caller) => [`${(await identity.closeUser(caller, { user: first })).login} is closed; sessions and tokens have ended.`];
    case "sessions":
      return async (caller) => {
        const sessions = await identity.listSessions(caller, { user: first });
        return tableLines([["since", "apps"], ...sessions.map(({ since, clients }) => [since, clients.join(", ")])]);
      };
    case "end-sessions":
      return async (caller) => {
        await identity.endSessions(caller, { user: first });
        return [`Sessions and tokens of ${first} have ended.`];
      };
    case "clients":
      return async (caller) => {
        const clients = await identity.listClients(caller, {});
        return tableLines([["id", "kind", "name", "scope"], ...clients.map(({ id, kind, name, scope }) => [id, kind, name, scope])]);
      };
    case "add-client":
      return async (caller) => [`${(await identity.createClient(caller, clientFrom(first, values))).id} may ask for tokens.`];
    case "list-roles":
      return listRoles;
    case "set-role":
      return setRole(first, second, values.reason);
    case "reset-role":
      return resetRole(first, values.reason);
    case "confirm-role":
      return decideRole(identity.confirmRole, first, second);
    case "reject-role":
      return decideRole(identity.rejectRole, first, second);
    case "new-keys":
      return renewKeys(values.stolen);
    default:
      return async (caller) => {
        await identity.removeClient(caller, { id: first });
        return [`${first} is removed; its tokens have ended.`];
      };
  }
}

/** Number of arguments of each command. */
const NEEDED: Record<string, number> = {
  users: 0,
  "add-user": 1,
  roles: 2,
  password: 1,
  close: 1,
  sessions: 1,
  "end-sessions": 1,
  clients: 0,
  "add-client": 1,
  "remove-client": 1,
  "list-roles": 0,
  "set-role": 2,
  "reset-role": 1,
  "confirm-role": 2,
  "reject-role": 2,
  "new-keys": 0,
};

function parse(args: string[]) {
  const [text, list] = [{ type: "string" } as const, { type: "string", multiple: true } as const];
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        name: text,
        roles: text,
        practitioner: text,
        scope: text,
        redirect: list,
        "logout-redirect": list,
        "backchannel-logout": text,
        jwks: text,
        reason: text,
        "jwks-uri": text,
        stolen: { type: "boolean", default: false },
        trusted: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`);
  }
}

type Values = ReturnType<typeof parse>["values"];

function clientFrom(id: string, values: Values): Parameters<typeof identity.createClient>[1] {
  const { name = id, scope = "", redirect = [], jwks, "jwks-uri": jwksUri, trusted } = values;
  const hasKeys = jwks !== undefined || jwksUri !== undefined;
  const kind: ClientKind = !hasKeys ? "public" : redirect.length > 0 ? "confidential" : "backend";
  const backchannelLogoutUri = values["backchannel-logout"];
  return {
    id,
    name,
    kind,
    scope,
    redirectUris: redirect,
    postLogoutRedirectUris: values["logout-redirect"] ?? [],
    roles: rolesOf(values.roles),
    isTrusted: trusted,
    ...(backchannelLogoutUri !== undefined && { backchannelLogoutUri }),
    ...(jwks !== undefined && { jwks: keysIn(jwks) }),
    ...(jwksUri !== undefined && { jwksUri }),
  };
}

const renewKeys =
  (areStolen: boolean): AdminCommand =>
  async (caller) => {
    const [signing] = (await identity.renewKeys(caller, { areStolen })).keys;
    const before = areStolen ? "older tokens are invalid" : "older tokens are valid until they expire (--stolen: invalid at once)";
    return [`Tokens are signed by ${signing?.kid} now; ${before}.`];
  };

function keysIn(file: string): { keys: Record<string, string>[] } {
  const read = readJson(file, "JWK or set of them") as { keys?: Record<string, string>[] } & Record<string, string>;
  return { keys: read.keys ?? [read] };
}

const rolesOf = (text = ""): RoleName[] => text.split(",").filter(Boolean);

const linkLines = ({ link, validUntil }: PasswordLink): string[] => [
  `This link sets the password, once, until ${validUntil}:`,
  `  ${link}`,
];

const table = (users: User[]): string[] =>
  tableLines([
    ["login", "name", "roles", "practitioner", "state"],
    ...users.map((user) => [user.login, user.name, user.roles.join(", "), user.practitioner ?? "", stateOf(user)]),
  ]);

function stateOf({ closedAt, hasPassword, hasTotp }: User): string {
  if (closedAt !== undefined) return `closed ${closedAt.slice(0, 10)}`;
  return !hasPassword ? "no password yet" : hasTotp ? "with second factor" : "";
}
