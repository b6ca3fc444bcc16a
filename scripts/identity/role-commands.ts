/** The commands of `npm run admin` on roles. */
import type { Caller } from "../../mesh/caller.ts";
import { identity, type RoleChange, type RoleRights } from "../../services/identity/identity.contract.ts";
import { StartupError } from "../start/startup-error.ts";
import { tableLines } from "./table-lines.ts";
import { readJson } from "./read-json.ts";

type Command = (caller: Caller) => Promise<string[]>;

/** All roles, and the changes that wait for confirmation. */
export async function listRoles(caller: Caller): Promise<string[]> {
  const [roles, changes] = [await identity.listRoles(caller, {}), await identity.listRoleChanges(caller, {})];
  const waiting = changes.filter(({ state }) => state === "waiting");
  return [
    ...tableLines([
      ["role", "version", "", "what for"],
      ...roles.map((it) => [it.role, `${it.version}`, it.isAsFiled ? "" : "changed", it.says]),
    ]),
    ...waiting.map(({ role, version, by, reason }) => `${role}, version ${version}, waits for confirmation: ${reason} (by ${by})`),
  ];
}

/** Creates a role, or replaces its rights, from a file. */
export function setRole(role: string, file: string, reason: string | undefined): Command {
  const why = reasonOf(reason);
  const rights = readJson(file, "role") as RoleRights;
  return async (caller) => [
    lineOf(await identity.changeRole(caller, { ...rights, role, reason: why, version: await versionOf(caller, role) })),
  ];
}

/** Resets a role to its file. */
export function resetRole(role: string, reason: string | undefined): Command {
  const why = reasonOf(reason);
  return async (caller) => [lineOf(await identity.resetRole(caller, { role, reason: why, version: await versionOf(caller, role) }))];
}

/** Confirms or rejects a change. */
export function decideRole(decide: typeof identity.confirmRole, role: string, version: string): Command {
  return async (caller) => [lineOf(await decide(caller, { role, version: Number(version) }))];
}

function reasonOf(reason = ""): string {
  if (reason.trim() === "") throw new StartupError("Give the reason, which is kept with the change: --reason WHY.");
  return reason;
}

const versionOf = async (caller: Caller, role: string): Promise<number> =>
  (await identity.listRoleChanges(caller, { role })).reduce((last, { version }) => Math.max(last, version), 0);

const lineOf = ({ role, version, state }: RoleChange): string =>
  state === "waiting"
    ? `${role}, version ${version}, waits: the rights are so wide that a second person must confirm them.`
    : `${role}, version ${version}, ${state === "done" ? "takes effect everywhere within a second" : "is rejected"}.`;
