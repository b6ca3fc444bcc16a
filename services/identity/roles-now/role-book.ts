/** The current roles: those of the files with the changes by administrators. */
import type { ChangedRoles } from "../../../mesh/access/changed-roles.ts";
import { isRoleOfPeople } from "../../../mesh/access/identity.ts";
import { isRoleName, type Role, roleFrom } from "../../../mesh/access/roles.ts";
import { type Collection, type Document, DuplicateKey, MAX_FOUND } from "../../../store/documents/documents.ts";
import type { RoleChange, RoleNow, RoleRights } from "../identity.contract.ts";
import {
  actionUnknown,
  changeNotWaiting,
  otherPersonNeeded,
  roleInvalid,
  roleLocksOut,
  roleNotFound,
  roleStale,
  roleUnknown,
} from "../identity.errors.ts";
import { type ActionNames, nearestActions, unknownActions } from "./action-names.ts";
import { faultOf, locksOut, needsSecond } from "./role.model.ts";

/** A change as stored; its id is the name of the role with its version. */
export interface StoredRoleChange extends Document {
  role: string;
  version: number;
  state: RoleChange["state"];
  /** JSON of the rights; absent: as in the file. */
  to?: string;
  by: string;
  at: number; // milliseconds since 1970
  reason: string;
  decidedBy?: string;
  decidedAt?: number; // milliseconds since 1970
  /** Of a change in force: unique, increasing by one. */
  generation?: number;
}

/** A requested change of a role. */
export interface Wanted {
  role: string;
  /** Version of the last change that they have seen. */
  version: number;
  reason: string;
  /** Undefined: as in the file. */
  to: unknown;
  by: string;
}

/** What a role book works with. */
export interface RoleBookParts {
  /** Roles according to their files. */
  filed: ReadonlyMap<string, Role>;
  changes: Collection<StoredRoleChange>;
  /** Notifies all nodes of a new generation. */
  tell: (generation: number) => unknown;
  /** The actions that there are at present. */
  actionNames: () => Promise<ActionNames>;
}

/** Attempts for a change that finds its generation taken by another at the same moment. */
const MAX_TRIES = 50;
/** Unknown actions in one refusal. */
const MAX_UNKNOWN = 5;
/** Limit of one list for people. */
const MAX_LISTED = 1_000;

/** Reads and changes the roles: each change is stored, confirmed where necessary, and can be listed. */
export class RoleBook {
  readonly #filed: ReadonlyMap<string, Role>;
  readonly #changes: Collection<StoredRoleChange>;
  readonly #tell: (generation: number) => unknown;
  readonly #actionNames: () => Promise<ActionNames>;

  constructor({ filed, changes, tell, actionNames }: RoleBookParts) {
    this.#filed = new Map([...filed].filter(([name]) => isRoleOfPeople(name)));
    this.#changes = changes;
    this.#tell = tell;
    this.#actionNames = actionNames;
  }

  /** The roles that differ from their files. */
  async current(): Promise<ChangedRoles> {
    const done = await this.#changes.find({ query: { state: "done" }, sort: ["-generation"], limit: MAX_FOUND });
    const roles: Record<string, Role> = {};
    for (const { role, to } of done.reverse()) {
      if (to === undefined) delete roles[role];
      else roles[role] = JSON.parse(to) as Role;
    }
    return { generation: done.at(-1)?.generation ?? 0, roles };
  }

  /** The newest generation; 0: no role was ever changed. */
  async generation(): Promise<number> {
    const [last] = await this.#changes.find({ query: { state: "done" }, sort: ["-generation"], limit: 1 });
    return last?.generation ?? 0;
  }

  async list(): Promise<RoleNow[]> {
    const { roles } = await this.current();
    const versions = new Map<string, number>();
    for (const { role, version } of await this.#changes.find({ sort: ["role", "version"], limit: MAX_FOUND })) versions.set(role, version);
    const names = [...new Set([...this.#filed.keys(), ...Object.keys(roles)])].sort();
    return names.map((name) => ({
      role: name,
      ...contentOf((roles[name] ?? this.#filed.get(name)) as Role),
      version: versions.get(name) ?? 0,
      isAsFiled: roles[name] === undefined,
    }));
  }

  /** What the files of roles name that neither R4 nor any service has: a sentence for each role. They are used nevertheless. */
  async faultsOfFiles(): Promise<string[]> {
    const known = await this.#actionNames();
    return [...this.#filed].flatMap(([name, role]) => {
      const faults = [
        faultOf(role) ?? [],
        unknownActions(role.actions, known).map((action) => `no service has the action ${action}`),
      ].flat();
      return faults.length > 0 ? [`The file of the role ${name} gives less than it says: ${faults.join("; ")}.`] : [];
    });
  }

  /** Whether one of the roles requires a second factor. */
  async demandSecondFactor(names: string[]): Promise<boolean> {
    const { roles } = await this.current();
    return names.some((name) => (roles[name] ?? this.#filed.get(name))?.secondFactor === true);
  }

  /** @param role only changes of this one */
  async changes(role?: string): Promise<RoleChange[]> {
    const found = await this.#changes.find({ ...(role !== undefined && { query: { role } }), sort: ["-at"], limit: MAX_LISTED });
    return found.map(changeOf);
  }

  /** @throws 422 ROLE_UNKNOWN for names of roles that do not exist now */
  async requireKnown(names: string[]): Promise<void> {
    const strange = names.filter((name) => !this.#filed.has(name));
    if (strange.length === 0) return;
    const { roles } = await this.current();
    const unknown = strange.filter((name) => roles[name] === undefined);
    if (unknown.length > 0) throw roleUnknown(unknown, [...new Set([...this.#filed.keys(), ...Object.keys(roles)])].sort());
  }

  /** @throws 404 ROLE_NOT_FOUND, 409 ROLE_STALE, 409 ROLE_LOCKS_OUT, 422 ROLE_INVALID, 422 ACTION_UNKNOWN */
  async change(wanted: Wanted): Promise<RoleChange> {
    const { role, version, reason, by } = wanted;
    const to = this.#checked(wanted);
    if ((await this.#lastVersion(role)) !== version) throw roleStale(role);
    const before = (await this.current()).roles[role] ?? this.#filed.get(role);
    const after = to ?? this.#filed.get(role);
    if (to === undefined && before === undefined) throw roleNotFound(role);
    if (to) await this.#requireActions(role, to.actions, before?.actions);
    const change: StoredRoleChange = {
      _id: idOf(role, version + 1),
      role,
      version: version + 1,
      state: "waiting",
      ...(to && { to: JSON.stringify(to) }),
      by,
      at: Date.now(),
      reason,
    };
    if (needsSecond(role, before, after)) return changeOf(await this.#insert(change));
    return this.#inForce((generation) => this.#insert({ ...change, state: "done", generation }));
  }

  /** @throws 404 ROLE_NOT_FOUND, 409 CHANGE_NOT_WAITING, 409 OTHER_PERSON_NEEDED */
  async confirm(role: string, version: number, by: string): Promise<RoleChange> {
    const change = await this.#waiting(role, version);
    if (change.by === by) throw otherPersonNeeded(role);
    return this.#inForce((generation) => this.#decide(change, { state: "done", generation, decidedBy: by, decidedAt: Date.now() }));
  }

  /** @throws 404 ROLE_NOT_FOUND, 409 CHANGE_NOT_WAITING */
  async reject(role: string, version: number, by: string): Promise<RoleChange> {
    const change = await this.#waiting(role, version);
    return changeOf(await this.#decide(change, { state: "rejected", decidedBy: by, decidedAt: Date.now() }));
  }

  #checked({ role, to }: Wanted): Role | undefined {
    if (!isRoleName(role)) throw roleInvalid(role, "a role's name has small letters, digits and hyphens");
    if (to === undefined) return undefined;
    const read = roleFrom(to);
    const fault = typeof read === "string" ? read : faultOf(read);
    if (typeof read === "string" || fault !== undefined) throw roleInvalid(role, fault ?? "");
    if (locksOut(role, read)) throw roleLocksOut();
    return read;
  }

  /** What the role has already may be of a service that was retired: it can stay. @throws 422 ACTION_UNKNOWN */
  async #requireActions(role: string, actions: readonly string[], before: readonly string[] = []): Promise<void> {
    const known = await this.#actionNames();
    const unknown = unknownActions(
      actions.filter((action) => !before.includes(action)),
      known,
    ).slice(0, MAX_UNKNOWN);
    if (unknown.length === 0) return;
    throw actionUnknown(role, unknown, [...new Set(unknown.flatMap((action) => nearestActions(action, known)))]);
  }

  async #lastVersion(role: string): Promise<number> {
    const [last] = await this.#changes.find({ query: { role }, sort: ["-version"], limit: 1 });
    return last?.version ?? 0;
  }

  async #waiting(role: string, version: number): Promise<StoredRoleChange> {
    const change = await this.#changes.findOne({ _id: idOf(role, version) });
    if (!change) throw roleNotFound(role);
    if (change.state !== "waiting" || (await this.#lastVersion(role)) !== version) throw changeNotWaiting(role);
    return change;
  }

  async #insert(change: StoredRoleChange): Promise<StoredRoleChange> {
    try {
      return await this.#changes.insert(change);
    } catch (error) {
      if (error instanceof DuplicateKey && (await this.#changes.findOne({ _id: change._id }))) throw roleStale(change.role);
      throw error;
    }
  }

  async #decide(change: StoredRoleChange, decision: Partial<StoredRoleChange>): Promise<StoredRoleChange> {
    const changed = await this.#changes.updateMany({ _id: change._id, state: "waiting" }, { $set: decision });
    if (changed !== 1) throw changeNotWaiting(change.role);
    return { ...change, ...decision };
  }

  /** Gives a change its generation, and notifies all nodes. */
  async #inForce(write: (generation: number) => Promise<StoredRoleChange>): Promise<RoleChange> {
    for (let tries = 1; ; tries += 1) {
      const generation = (await this.generation()) + 1;
      try {
        const change = await write(generation);
        this.#tell(generation);
        return changeOf(change);
      } catch (error) {
        if (!(error instanceof DuplicateKey) || tries === MAX_TRIES) throw error;
      }
    }
  }
}

const idOf = (role: string, version: number): string => `${role} ${version}`;

const contentOf = ({ says, types, actions, onBehalf = false, secondFactor = false }: Role): Required<RoleRights> => ({
  says,
  types: { ...types },
  actions: [...actions],
  onBehalf,
  secondFactor,
});

function changeOf({ role, version, state, to, by, at, reason, decidedBy, decidedAt }: StoredRoleChange): RoleChange {
  return {
    role,
    version,
    state,
    ...(to !== undefined && { to: contentOf(JSON.parse(to) as Role) }),
    by,
    at: new Date(at).toISOString(),
    reason,
    ...(decidedBy !== undefined && { decidedBy }),
    ...(decidedAt !== undefined && { decidedAt: new Date(decidedAt).toISOString() }),
  };
}
