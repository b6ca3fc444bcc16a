/** Access control of a broker: whether it is open, the keys of stamps, and the roles' rights. */
import { type CallingOptions, Context, Errors, type ServiceBroker } from "moleculer";
import { brokerOf, type Caller } from "../caller.ts";
import { requireTime, timeLeft } from "../deadline.ts";
import { meshTime } from "../mesh-time.ts";
import { callBroker } from "../moleculer.ts";
import type { Author } from "./author-contract.ts";
import { authorText, personOf } from "./author.ts";
import { type Identity, isSystem, systemIdentity } from "./identity.ts";
import { type Interaction, namesAction, type Role } from "./roles.ts";
import { RolesNow } from "./roles-now.ts";
import { readScopes, scopeFor } from "./scopes.ts";
import { keysInMemory, type MeshKeys } from "../trust/key-files.ts";
import { STAMP_LIFE_MS, Stamps } from "./stamps.ts";

/** Extent of a right to one interaction with a type: everything, nothing, or what one of these parts covers. */
export type Reach = "all" | "none" | readonly ReachPart[];

/** Resources of one patient (by id), matches of a query like `category=laboratory`, or both conditions together. */
export interface ReachPart {
  patient?: string;
  where?: string;
}

/** The rights of a person. */
export interface Rights {
  with(type: string, interaction: Interaction): Reach;
  mayCall(action: string): boolean;
  /** Whether the app may see a part of the resources of some type, those of a patient or the matches of a query; false: everything or nothing of each. */
  hasParts: boolean;
  /** Whether the app's scopes contain all resources of a type; true without an app. Says nothing of roles. */
  isInScope(type: string, interaction: Interaction): boolean;
  /** Whether the person may record what others have done, and name them as authors. */
  mayEnterForOthers: boolean;
}

/** Rights that are cached, as many as there are combinations of roles and scopes in use; of each, types and actions. */
const MAX_RIGHTS = 1_000;

/** Stamps of the mesh's own work, by its name. */
type OwnStamps = Map<string, { stamp: string; until: number }>;

interface AccessOptions {
  isOpen: boolean;
  roles: ReadonlyMap<string, Role>;
  keys: MeshKeys;
  organization?: string | undefined;
}

/** Decides access in one broker: verifies stamps, and compares identities with the roles. */
export class Access {
  readonly isOpen: boolean;
  /** The present rights of each role. */
  readonly rolesNow: RolesNow;
  readonly #stamps: Stamps;
  readonly #rights = new Map<string, Rights>();
  /** Rights by identity, for the stamps that are cached. */
  #rightsBy = new WeakMap<Identity, Rights>();
  readonly #organization: string | undefined;
  readonly #ownStamps: OwnStamps = new Map();
  /** Stamps of work that the mesh does for a person, by that person's identity. */
  readonly #stampsFor = new WeakMap<Identity, OwnStamps>();

  /** @param keys of this process @param organization on whose behalf the system writes: `Organization/1` */
  constructor({ isOpen, roles, keys, organization }: AccessOptions) {
    this.isOpen = isOpen;
    this.#organization = organization;
    this.rolesNow = new RolesNow(roles, () => {
      this.#rights.clear();
      this.#rightsBy = new WeakMap();
    });
    this.#stamps = new Stamps(keys);
  }

  stampOf(identity: Identity): string {
    const generation = this.rolesNow.stampedGeneration;
    return this.#stamps.make({ ...identity, ...(generation > 0 && { generation }) });
  }

  /** The stamp of the mesh's own work of this name, renewed in time. @param meta of the request for which the work is done */
  systemStamp(name: string, meta?: Caller["meta"]): string {
    const now = meshTime.now();
    const asking = this.#stamps.verify(meta?.["as"]);
    const person = asking && personOf(asking);
    const isForSomebody = person !== undefined && !isSystem(person);
    const stamps = isForSomebody ? (this.#stampsFor.get(person) ?? new Map()) : this.#ownStamps;
    if (isForSomebody) this.#stampsFor.set(person, stamps);
    const known = stamps.get(name);
    // A stamp from before the clock was set back is not used either: for others it would come from the future.
    if (known && known.until > now && known.until <= now + STAMP_LIFE_MS / 2) return known.stamp;
    const stamp = this.#stamps.make(systemIdentity(name), now, isForSomebody ? this.#stamps.personBehind(meta?.["as"], now) : undefined);
    stamps.set(name, { stamp, until: now + STAMP_LIFE_MS / 2 });
    return stamp;
  }

  /** The author of a write, as it is stored with the version; undefined if access is open. @throws 401 SIGN_IN_NEEDED */
  authorOf(caller: Pick<Caller, "meta">): string | undefined {
    return this.isOpen ? undefined : this.#authorText(this.identityOf(caller), caller.meta?.["purpose"]);
  }

  /** The author of what the service of this name writes on its own behalf; undefined if access is open. */
  systemAuthor(name: string): string | undefined {
    return this.isOpen ? undefined : this.#authorText(systemIdentity(name));
  }

  #authorText(identity: Identity, purpose?: unknown): string {
    const more: Pick<Author, "onBehalfOf" | "reason"> = {
      ...(this.#organization !== undefined && { onBehalfOf: this.#organization }),
      ...(typeof purpose === "string" && { reason: purpose }),
    };
    return authorText(identity, more);
  }

  /** @throws 401 SIGN_IN_NEEDED if the call has no valid stamp; 503 CLOCKS_APART if only its time is not valid; 503 ROLES_BEHIND if the stamp is of a newer generation of roles than is known here */
  identityOf({ meta }: Pick<Caller, "meta">): Identity {
    const identity = this.#stamps.verify(meta?.["as"]);
    if (!identity) throw this.#stamps.isOfAnotherTime(meta?.["as"]) ? clocksApart() : signInNeeded();
    if (this.rolesNow.knows(identity.generation)) return identity;
    throw rolesBehind();
  }

  /** Whether a call has the stamp of a newer generation of roles than is known here; it is then asked for. */
  isBehind({ meta }: Pick<Caller, "meta">): boolean {
    if (this.isOpen) return false;
    const identity = this.#stamps.verify(meta?.["as"]);
    return identity !== undefined && !this.rolesNow.knows(identity.generation);
  }

  /** The rights of a person: the union of the roles' rights, limited by the scopes. */
  rightsOf(identity: Identity): Rights {
    const known = this.#rightsBy.get(identity);
    if (known) return known;
    const rights = this.#rightsFor(identity);
    this.#rightsBy.set(identity, rights);
    return rights;
  }

  #rightsFor({ roles, scope, patient }: Identity): Rights {
    const name = JSON.stringify([roles, scope, patient]);
    const known = this.#rights.get(name);
    if (known) return known;
    if (this.#rights.size >= MAX_RIGHTS) this.#rights.clear();
    const rights = rightsBy(
      roles.flatMap((role) => this.rolesNow.get(role) ?? []),
      scope,
      patient,
    );
    this.#rights.set(name, rights);
    return rights;
  }
}

function rightsBy(roles: Role[], scope: string | undefined, patient: string | undefined): Rights {
  const scopes = scope === undefined ? undefined : readScopes(scope);
  const reaches = new Map<string, Reach>();
  const calls = new Map<string, boolean>();
  const reachOf = (type: string, interaction: Interaction): Reach => {
    if (!roles.some(({ types }) => (types[type] ?? types["*"] ?? "").includes(interaction))) return "none";
    const reach = scopes ? scopeFor(scopes, type, interaction) : "all";
    if (reach === "all") return reach;
    const parts = reach.flatMap(({ isOfPatient, where }): ReachPart[] => {
      if (isOfPatient && patient === undefined) return [];
      return [{ ...(isOfPatient && { patient: patient as string }), ...(where !== undefined && { where }) }];
    });
    return parts.length === 0 ? "none" : parts;
  };
  return {
    with(type, interaction) {
      const name = `${interaction}${type}`;
      const known = reaches.get(name);
      if (known !== undefined) return known;
      const reach = reachOf(type, interaction);
      if (reaches.size < MAX_RIGHTS) reaches.set(name, reach);
      return reach;
    },
    hasParts: scopes?.resources.some(({ level, where }) => level === "patient" || where !== undefined) ?? false,
    isInScope: (type, interaction) => scopes === undefined || scopeFor(scopes, type, interaction) === "all",
    mayEnterForOthers: roles.some(({ onBehalf }) => onBehalf === true),
    mayCall(action) {
      const known = calls.get(action);
      if (known !== undefined) return known;
      const may = (scopes?.hasActions ?? true) && roles.some(({ actions }) => actions.some((pattern) => namesAction(pattern, action)));
      if (calls.size < MAX_RIGHTS) calls.set(action, may);
      return may;
    },
  };
}

const known = new WeakMap<ServiceBroker, Access>();
/** Access of a broker for which none was set: nothing is permitted. */
const closed = new Access({ isOpen: false, roles: new Map(), keys: keysInMemory() });

/** Open access: everything is permitted to everyone. */
export const openAccess = (): Access => new Access({ isOpen: true, roles: new Map(), keys: keysInMemory() });

/** Sets the access of a broker. */
export function setAccess(broker: ServiceBroker, access: Access): void {
  known.set(broker, access);
}

/** The access of a broker. */
export const accessOf = (broker: ServiceBroker): Access => known.get(broker) ?? closed;

/** The caller's rights; undefined: unlimited, since access is open, or since the call has no stamp, as for requests about what there is. */
export function rightsOfCaller(caller: Caller): Rights | undefined {
  const access = accessOf(brokerOf(caller));
  return access.isOpen || caller.meta?.["as"] === undefined ? undefined : access.rightsOf(access.identityOf(caller));
}

/** The error for a call without a valid stamp. */
export const signInNeeded = () => new Errors.MoleculerClientError("Sign in first: this is not open to everybody.", 401, "SIGN_IN_NEEDED");

/** The error for a call between nodes whose clocks differ too much: signing in again would not help. */
const clocksApart = () =>
  new Errors.MoleculerRetryableError("The clocks of two machines are more than five minutes apart: set them.", 503, "CLOCKS_APART");

/** The error for a call that is not permitted. @param what "call wards.open", "read Patient" */
export const notAllowed = (what: string) =>
  new Errors.MoleculerClientError(
    `You may not ${what}: none of your roles, or not the app that you use, has the right to it.`,
    403,
    "NOT_ALLOWED",
  );

/** What `notAllowed` names for a caller with a right to a part of a type; the same text whether the resource exists or not. */
export const outsideOfPart = (does: string, type: string): string => `${does} ${type} outside of what the app was opened for`;

/** The error of a node that does not know the present roles. */
export const rolesBehind = () =>
  new Errors.MoleculerRetryableError(
    "Roles have just been changed, and this node does not know them yet: try again.",
    503,
    "ROLES_BEHIND",
    {
      retryAfter: 1,
    },
  );

/**
 * A caller for the mesh's own work, for a request or on its own behalf: its calls bear the stamp of that work, with its narrow rights. Their
 * answers do not change the meta of the request, whose next calls keep their own stamp.
 * @param name of the role's file (`services/identity/roles/system`)
 */
export function asSystem(caller: Caller, name: string): Caller {
  const broker = brokerOf(caller);
  const access = accessOf(broker);
  if (access.isOpen) return caller;
  const ctx = caller instanceof Context ? caller : undefined;
  return {
    ...(caller.requestID !== undefined && { requestID: caller.requestID }),
    ...(caller.meta && { meta: caller.meta }),
    call(action, params, options = {}) {
      if (ctx) requireTime(ctx);
      const left = Math.min(options.timeout ?? Number.POSITIVE_INFINITY, ctx ? timeLeft(ctx) : Number.POSITIVE_INFINITY);
      const calling: CallingOptions & { parentCtx?: Context } = {
        ...options,
        ...(left !== Number.POSITIVE_INFINITY && { timeout: left }),
        ...(ctx ? { parentCtx: ctx } : caller.requestID && { requestID: caller.requestID }),
        meta: { ...(ctx ? {} : caller.meta), ...options.meta, as: access.systemStamp(name, caller.meta) },
      };
      return callBroker(broker, action, params, calling);
    },
    broker,
  } as Caller;
}

/** The caller in FHIR ("Practitioner/1"); undefined if access is open, or the account has no Practitioner. */
export function whoAsks(caller: Caller): string | undefined {
  const access = accessOf(brokerOf(caller));
  return access.isOpen ? undefined : access.identityOf(caller).fhirUser;
}
