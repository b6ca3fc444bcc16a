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
  add-user LOGIN --name NAME --roles A,B    makes one, with a link that sets its password; --practitioner Practitioner/ID
  roles LOGIN A,B                           gives it these roles, and no other
  password LOGIN                            lost password: ends its sessions, prints a link that sets a new one
  close LOGIN                               closes it for good
  sessions LOGIN                            its sessions
  end-sessions LOGIN                        ends them, and its tokens

  list-roles                                what there is, and what waits to be confirmed
  set-role NAME FILE --reason WHY           makes a role, or changes what it may do, to what the file says (as services/identity/roles/nurse.json)
  reset-role NAME --reason WHY              as its own file says again
  confirm-role NAME VERSION                 a change that an administrator has made, and that waits for somebody else
  reject-role NAME VERSION

  try                                       accounts for trying, one a role, with their passwords, as JSON (npm run demo)

  clients                                   all apps and programs that may ask for tokens
  add-client ID --name NAME --scope SCOPES  with --redirect URI (repeated): an app on a device
                                            with --redirect and --jwks FILE or --jwks-uri URL: an app on a server
                                            with --jwks or --jwks-uri and --roles A,B: a program without people
                                            --logout-redirect URI, --backchannel-logout URL, --trusted (no consent)
  remove-client ID                          its tokens end

  new-keys                                  signs tokens with new keys; those of before are good until they run out
                                            --stolen, where others may have the keys: what they signed is void at once

Roles: ${ROLES.join(", ")}.`;

/** @throws StartupError with the usage */
export function commandOf(name: string, args: string[]): AdminCommand {
  const { values, positionals } = parse(args);
  const [first = "", second = ""] = positionals;
  const needed = NEEDED[name];
  if (needed === undefined || positionals.length !== needed) throw new StartupError(USAGE);
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
    const before = areStolen ? "those of before are void" : "those of before are good until they run out (void at once: --stolen)";
    return [`Tokens are signed by ${signing?.kid} now; ${before}.`];
  };

function keysIn(file: string): { keys: Record<string, string>[] } {
  const read = readJson(file, "JWK or set of them") as { keys?: Record<string, string>[] } & Record<string, string>;
  return { keys: read.keys ?? [read] };
}

const rolesOf = (text = ""): RoleName[] => text.split(",").filter(Boolean);

const linkLines = ({ link, validUntil }: PasswordLink): string[] => [`Until ${validUntil} this link sets the password, once:`, `  ${link}`];

const table = (users: User[]): string[] =>
  tableLines([
    ["login", "name", "roles", "practitioner", "state"],
    ...users.map((user) => [user.login, user.name, user.roles.join(", "), user.practitioner ?? "", stateOf(user)]),
  ]);

function stateOf({ closedAt, hasPassword, hasTotp }: User): string {
  if (closedAt !== undefined) return `closed ${closedAt.slice(0, 10)}`;
  return !hasPassword ? "no password yet" : hasTotp ? "with second factor" : "";
}
