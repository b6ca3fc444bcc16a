/**
 * Typed contracts between services. A contract file lists what other services may use, as `action(…)` and
 * `event(…)`; a caller writes `await wards.open(ctx, { … })`, and `tsc` checks params and result on both sides.
 */
import type { ActionParams, ActionSchema, CallingOptions, Context, Service, ServiceSchema } from "moleculer";
import { accessOf } from "./access/access.ts";
import { ROLES_CHANGED, type RolesChanged } from "./access/changed-roles.ts";
import { type WhoMay, withGuard } from "./access/guard.ts";
import type { Caller } from "./caller.ts";

/** An action that other services may call: a function with its types and its name. */
export interface Action<Params, Result> {
  (caller: Caller, params: Params, options?: CallingOptions): Promise<Result>;
  readonly action: string;
}

/** Declares an action by its full name, `service.action`. */
export function action<Params, Result>(name: string): Action<Params, Result> {
  const call = (caller: Caller, params: Params, options?: CallingOptions) => caller.call<Result, Params>(name, params, options);
  return Object.assign(call, { action: name });
}

/** An event that other services may handle; it is written with its record, and delivered to each of them (mixins/events). */
export interface DomainEvent<Payload> {
  readonly event: string;
  /** The step of an atomic write that writes the event. */
  told(occurrence: Occurrence<Payload>): { op: "emit"; event: { id: string; subject: string; key: string; payload: string }; queue: "out" };
}

/** One occurrence of an event. */
export interface Occurrence<Payload> {
  /** Unique; the same for a repeated attempt. */
  id: string;
  /** The record that the event is about; events of one record stay in order. */
  key: string;
  /** JSON only. */
  payload: Payload;
}

/** Declares an event by its full name, `service.fact`. */
export function event<Payload>(name: string): DomainEvent<Payload> {
  return {
    event: name,
    told: ({ id, key, payload }) => ({ op: "emit", event: { id, subject: name, key, payload: JSON.stringify(payload) }, queue: "out" }),
  };
}

/** HTTP method of an action: `GET` for one that only reads (POST works too), `POST` for one that writes. */
export type RestMethod = "GET" | "POST";

/** The handlers that a contract requires: a missing action, a misspelt param or a wrong result fails `tsc`. */
type HandlersOf<Contract> = {
  [Name in keyof Contract as Contract[Name] extends Action<never, unknown> ? Name : never]: Contract[Name] extends Action<
    infer Params,
    infer Result
  >
    ? Omit<ActionSchema, "handler" | "params" | "rest"> & {
        /** Absent: only other services can call it. */
        rest?: RestMethod;
        /** Absent: for a published action callers whose roles name it, otherwise only the mesh's own work. */
        whoMay?: WhoMay;
        /** One sentence for the API's documentation. */
        summary?: string;
        /** Media type of its answer, a text that is sent unchanged; absent: JSON. */
        produces?: string;
        /** The action's name in the previous version, which still works, marked as deprecated. */
        formerly?: string;
        /** Time limit of a call, milliseconds; default: the broker's requestTimeout. */
        timeout?: number;
        /** false: too expensive to be asked of a second node while the first has not answered (`hedge.ts`). */
        hedge?: boolean;
        params: { [Key in keyof Required<Params>]: ActionParams[string] } & { $$strict: true };
        handler(ctx: Context<Params>): Promise<Result>;
      }
    : never;
};

/**
 * The parts of a schema that may use `this`. They declare no `this` of their own, so that `ThisType` below gives them
 * the additions of the mixins.
 */
interface Behaviour {
  methods?: Record<string, (...args: never[]) => unknown>;
  events?: Record<string, object | ((ctx: never) => unknown)>;
  hooks?: object;
  created?(): void;
  started?(): Promise<void> | void;
  stopped?(): Promise<void> | void;
}

type Plain = Pick<ServiceSchema, "mixins" | "metadata" | "dependencies"> & { settings?: Record<string, unknown> };

/** A service that implements `Contract`; `Gains` is what its mixins add to `this`. */
export function defineService<Contract = object, Gains = object>(
  schema: Plain & Behaviour & { name: string; actions: HandlersOf<Contract> } & ThisType<Service & Gains>,
): ServiceSchema {
  // Checked against the contract, which is stricter than Moleculer's type.
  const service = schema as unknown as ServiceSchema;
  return { ...service, actions: withGuards(withFormerNames(service.actions ?? {})), events: { ...service.events, ...followingRoles } };
}

/** Every node learns of changed roles through the services that it runs. */
const followingRoles: NonNullable<ServiceSchema["events"]> = {
  [ROLES_CHANGED](this: Service, ctx: Context<RolesChanged>) {
    accessOf(this.broker).rolesNow.noteGeneration(ctx.params.generation);
  },
};

/** A published action that only reads may be asked of another node (`retry.ts`). */
const AGAIN = { retryPolicy: { enabled: true } };

/** Each action with its guard. */
function withGuards(actions: NonNullable<ServiceSchema["actions"]>): NonNullable<ServiceSchema["actions"]> {
  return Object.fromEntries(
    Object.entries(actions).map(([name, action]) => {
      const { whoMay, handler, ...definition } = action as ActionSchema & { whoMay?: WhoMay };
      if (typeof handler !== "function") return [name, action];
      return [
        name,
        {
          ...(definition.rest === "GET" && AGAIN),
          ...definition,
          ...(whoMay === "role" && { whoMay }),
          handler: withGuard(handler, whoMay ?? (definition.rest ? "role" : "system")),
        } as ActionSchema,
      ];
    }),
  );
}

/** Adds each action with a former name once more under that name. */
function withFormerNames(actions: NonNullable<ServiceSchema["actions"]>): NonNullable<ServiceSchema["actions"]> {
  const all = { ...actions };
  for (const [name, action] of Object.entries(actions)) {
    const { formerly, ...definition } = action as ActionSchema & { formerly?: string };
    if (formerly === undefined) continue;
    all[name] = definition;
    all[formerly] = { ...definition, deprecated: name } as ActionSchema;
  }
  return all;
}

type MixinActions = Record<
  string,
  false | (Omit<ActionSchema, "handler"> & { hedge?: boolean; summary?: string; whoMay?: WhoMay; handler(ctx: never): unknown })
>;

/** A mixin that adds `Gains` to the `this` of every service that uses it. */
export function defineMixin<Gains>(
  schema: Plain & Behaviour & { actions?: MixinActions } & ThisType<Service & Gains>,
): Partial<ServiceSchema> {
  // As above.
  const mixin = schema as unknown as Partial<ServiceSchema>;
  return { ...mixin, ...(mixin.actions && { actions: withGuards(mixin.actions) }) };
}
