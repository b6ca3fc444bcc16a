/**
 * Corrections of Moleculer's type declarations (0.15) where they differ from its code; only this file overrides them.
 * Each name describes what Moleculer's code returns or accepts.
 */
import * as moleculer from "moleculer";
import type { BrokerOptions, CallingOptions, Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import type { CallFunction } from "./call-function.ts";

/** A middleware as a broker takes it. */
export type Middleware = NonNullable<BrokerOptions["middlewares"]>[number];

/** An action's handler as middlewares pass it on. */
export type LocalAction = (ctx: Context) => Promise<unknown>;

/** Any action's handler: services and params differ, so that handlers have no other common type. */
export type AnyHandler = (this: never, ctx: never) => unknown;

/** Calls a handler with its service and a context of its action. */
export const callHandler = (handler: AnyHandler, service: unknown, ctx: Context): unknown =>
  (handler as (this: unknown, ctx: Context) => unknown).call(service, ctx);

/** `broker.call` with the types of a contract. */
export const callBroker = <Result, Params>(
  broker: ServiceBroker,
  action: string,
  params: Params,
  options: CallingOptions = {},
): Promise<Result> => broker.call<Result, Params>(action, params, options);

/** The hooks of a middleware that this project uses, as Moleculer's code calls them. */
interface MiddlewareHooks {
  name: string;
  created?(broker: ServiceBroker): void;
  started?(broker: ServiceBroker): void;
  stopped?(broker: ServiceBroker): void;
  serviceCreating?(service: Service, schema: ServiceSchema): void;
  /** Before its `started`, and after the mesh was joined. */
  serviceStarting?(service: Service): void;
  call?(next: CallFunction): CallFunction;
  /** @param action with its service */
  localAction?(next: LocalAction, action: never): LocalAction;
  /** The same for an action on another node. */
  remoteAction?(next: LocalAction, action: never): LocalAction;
  transitPublish?(this: never, next: never): unknown;
  transitMessageHandler?(this: never, next: never): unknown;
}

/** The hooks as a middleware: Moleculer declares overloads of `call` that no plain function fits, and other contexts. */
export const middleware = (hooks: MiddlewareHooks): Middleware => hooks as unknown as Middleware;

/** Puts a handler into another one, as the hooks `localAction` and `remoteAction` of a middleware do. */
export type WrapAction = (
  this: ServiceBroker,
  handler: LocalAction,
  action: { name: string; circuitBreaker?: { check: (error: { code?: number; type?: string; data?: { action?: string } }) => boolean } },
) => LocalAction;

/** Moleculer's own circuit breaker, which it exports without a declaration. */
export const moleculersBreaker = (broker: ServiceBroker): { name: string; localAction: WrapAction; remoteAction: WrapAction } =>
  (moleculer as unknown as { Middlewares: { CircuitBreaker: (broker: ServiceBroker) => never } }).Middlewares.CircuitBreaker(broker);

/** A service in the registry. */
export interface ListedService<Metadata> {
  name: string;
  nodeID: string;
  metadata?: Metadata;
}

/** The available services in a broker's registry; declared as their schemas. */
export const listServices = <Metadata>({ registry }: ServiceBroker, options: { skipInternal?: boolean } = {}): ListedService<Metadata>[] =>
  registry.getServiceList({ onlyAvailable: true, ...options }) as unknown as ListedService<Metadata>[];

/** The available actions in a broker's registry, with their definitions; declared as definitions. */
export const listActions = <Definition>({ registry }: ServiceBroker): { name: string; action?: Definition }[] =>
  registry.getActionList({ onlyAvailable: true, skipInternal: true }) as unknown as { name: string; action?: Definition }[];

/** A node in the registry. */
export interface ListedNode<Metadata = object> {
  id: string;
  available: boolean;
  /** empty unless they are requested */
  services: { name: string }[];
  metadata?: Metadata;
}

/** The nodes that a broker knows; declared as a bare list. */
export const listNodes = <Metadata>(
  { registry }: ServiceBroker,
  options: { onlyAvailable: boolean; withServices?: boolean },
): ListedNode<Metadata>[] => registry.getNodeList(options) as unknown as ListedNode<Metadata>[];

/** A node that offers an action, with the definition that it has announced. */
export interface ActionEndpoint {
  id: string;
  isAvailable: boolean;
  action?: { params?: unknown };
}

/** The nodes that offer an action at present; declared without their list. */
export const endpointsOf = ({ registry }: ServiceBroker, action: string): ActionEndpoint[] =>
  (registry.actions.get(action) as unknown as { endpoints: ActionEndpoint[] } | undefined)?.endpoints ?? [];

/** A service of this broker with the additions of its mixins; declared without those. */
export const localService = <Gains>(broker: ServiceBroker, name: string): (Service & Gains) | undefined =>
  broker.getLocalService(name) as unknown as (Service & Gains) | undefined;

/** The calls that this broker waits for before it stops; kept by Moleculer's `tracking`, and not declared. */
export const trackedCalls = (broker: ServiceBroker): Context[] =>
  (broker as unknown as { _trackedContexts?: Context[] })._trackedContexts ?? [];

/** Makes the broker collect its announcement anew, under a new sequence number; not declared. */
export function renewAnnouncement({ registry }: ServiceBroker): void {
  (registry as unknown as { localNodeInfoInvalidated: boolean | "seq" }).localNodeInfoInvalidated = "seq";
}
