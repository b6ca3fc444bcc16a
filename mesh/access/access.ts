/** What a broker knows of access: whether anybody may do anything, by which keys stamps are signed and believed, what roles may do. */
import { type CallingOptions, Context, Errors, type ServiceBroker } from "moleculer";
import { brokerOf, type Caller } from "../caller.ts";
import { requireTime, timeLeft } from "../deadline.ts";
import { callBroker } from "../moleculer.ts";
import type { Author } from "./author-contract.ts";
import { authorText, personOf } from "./author.ts";
import { type Identity, isSystem, systemIdentity } from "./identity.ts";
import { type Interaction, namesAction, type Role } from "./roles.ts";
import { RolesNow } from "./roles-now.ts";
import { readScopes, scopeFor } from "./scopes.ts";
import { keysInMemory, type MeshKeys } from "../trust/key-files.ts";
import { STAMP_LIFE_MS, Stamps } from "./stamps.ts";

/** How far a person's right to one interaction with a type reaches: all of it, nothing, or what one of these parts holds. */
export type Reach = "all" | "none" | readonly ReachPart[];

/** What belongs to one patient (by id), what a query like `category=laboratory` finds, or what does both. */
export interface ReachPart {
  patient?: string;
  where?: string;
}

/** What a person may do. */
export interface Rights {
  with(type: string, interaction: Interaction): Reach;
  mayCall(action: string): boolean;
  /** Whether resources may name others as their author. */
  mayEnterForOthers: boolean;
}

/** Rights that are remembered: as many as there are combinations of roles and scopes in use. */
const MAX_RIGHTS = 1_000;

/** The mesh's own stamps, by the name of the work. */
type OwnStamps = Map<string, { stamp: string; until: number }>;

interface AccessOptions {
  isOpen: boolean;
  roles: ReadonlyMap<string, Role>;
  keys: MeshKeys;
  organization?: string | undefined;
}

/** Decides who may do what in one broker: it verifies stamps and holds identities against the roles. */
export class Access {
  readonly isOpen: boolean;
  /** What each role may do. */
  readonly rolesNow: RolesNow;
  readonly #stamps: Stamps;
  readonly #rights = new Map<string, Rights>();
  /** By the identities of stamps that are remembered. */
  #rightsBy = new WeakMap<Identity, Rights>();
  readonly #organization: string | undefined;
  readonly #ownStamps: OwnStamps = new Map();
  /** Of what the mesh does for a person, by who that is. */
  readonly #stampsFor = new WeakMap<Identity, OwnStamps>();

  /** @param keys of this process @param organization in whose name the system writes: `Organization/1` */
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

  /** Stamp of the mesh's own work of this name; made anew in good time. @param meta of the request that it is for */
  systemStamp(name: string, meta?: Caller["meta"]): string {
    const now = Date.now();
    const asking = this.#stamps.verify(meta?.["as"]);
    const person = asking && personOf(asking);
    const isForSomebody = person !== undefined && !isSystem(person);
    const stamps = isForSomebody ? (this.#stampsFor.get(person) ?? new Map()) : this.#ownStamps;
    if (isForSomebody) this.#stampsFor.set(person, stamps);
    const known = stamps.get(name);
    // Nor one of a clock that was set back since: to others it comes from the future.
    if (known && known.until > now && known.until <= now + STAMP_LIFE_MS / 2) return known.stamp;
    const stamp = this.#stamps.make(systemIdentity(name), now, isForSomebody ? this.#stamps.personBehind(meta?.["as"], now) : undefined);
    stamps.set(name, { stamp, until: now + STAMP_LIFE_MS / 2 });
    return stamp;
  }

  /** Who writes, as it is kept with what is written; undefined where nobody is asked. @throws 401 SIGN_IN_NEEDED */
  authorOf(caller: Pick<Caller, "meta">): string | undefined {
    return this.isOpen ? undefined : this.#authorText(this.identityOf(caller), caller.meta?.["purpose"]);
  }

  /** The author of what a service of this name writes by itself; undefined where nobody is asked. */
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

  /** @throws 401 SIGN_IN_NEEDED when the call bears no stamp that is good now; 503 ROLES_BEHIND when it is of newer roles than are known here */
  identityOf({ meta }: Pick<Caller, "meta">): Identity {
    const identity = this.#stamps.verify(meta?.["as"]);
    if (!identity) throw signInNeeded();
    if (this.rolesNow.knows(identity.generation)) return identity;
    throw rolesBehind();
  }

  /** What a person may do: all that one of the roles may, as far as the scopes leave it. */
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
    mayEnterForOthers: roles.some(({ onBehalf }) => onBehalf === true),
    mayCall: (action) =>
      (scopes?.hasActions ?? true) && roles.some(({ actions }) => actions.some((pattern) => namesAction(pattern, action))),
  };
}

const known = new WeakMap<ServiceBroker, Access>();
/** Of a broker that nobody has told: nobody may anything. */
const closed = new Access({ isOpen: false, roles: new Map(), keys: keysInMemory() });

/** Anybody may do anything. */
export const openAccess = (): Access => new Access({ isOpen: true, roles: new Map(), keys: keysInMemory() });

/** Tells a broker who may what. */
export function setAccess(broker: ServiceBroker, access: Access): void {
  known.set(broker, access);
}

/** What the broker was told. */
export const accessOf = (broker: ServiceBroker): Access => known.get(broker) ?? closed;

/** What who asks may; undefined: everything, or nobody has said who asks, who is told what there is. */
export function rightsOfCaller(caller: Caller): Rights | undefined {
  const access = accessOf(brokerOf(caller));
  return access.isOpen || caller.meta?.["as"] === undefined ? undefined : access.rightsOf(access.identityOf(caller));
}

/** The answer to who has not said who is asking, or whose word is too old. */
export const signInNeeded = () => new Errors.MoleculerClientError("Sign in first: this is not open to everybody.", 401, "SIGN_IN_NEEDED");

/** The answer to who may not. @param what "call wards.open", "read Patient" */
export const notAllowed = (what: string) =>
  new Errors.MoleculerClientError(
    `You may not ${what}: none of your roles, or not the app that you use, has the right to it.`,
    403,
    "NOT_ALLOWED",
  );

/** What who reaches a part of a type may not do with the rest of it, for `notAllowed`: the same words whether that is there or not. */
export const outsideOfPart = (does: string, type: string): string => `${does} ${type} outside of what the app was opened for`;

/** The answer of a node that does not know the roles as they are now: it could only guess who may what. */
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
 * The mesh's own work, for a request or by itself: what is called so bears the stamp of that work, with its narrow right. What it answers does
 * not change the meta of the request, whose next calls go on with its own stamp.
 * @param name as the role's file is named (`services/identity/roles/system`)
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

/** Who asks, as FHIR knows them ("Practitioner/1"); undefined where nobody must sign in, or the account has no such record. */
export function whoAsks(caller: Caller): string | undefined {
  const access = accessOf(brokerOf(caller));
  return access.isOpen ? undefined : access.identityOf(caller).fhirUser;
}
