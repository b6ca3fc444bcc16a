import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Context, Errors, type Service, type ServiceBroker, type ServiceSchema } from "moleculer";
import type { Caller } from "../../mesh/caller.ts";
import ApiGateway from "moleculer-web";
import { noteBegun } from "../../mesh/begun-work.ts";
import type { Config } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { faultOf } from "../../mesh/log.ts";
import { doorOf, noteAnswer, sample } from "../../mesh/metrics.ts";
import { describeSpan, traceOfAnswer } from "../../mesh/trace-context.ts";
import { traceParentIn, traceParentOf } from "../../mesh/traceparent.ts";
import { WithFhirDirectory, type WithDirectory } from "../../federation/directory.ts";
import { readResource } from "../../federation/read.ts";
import { SUBSCRIPTION_PING, type SubscriptionPing } from "../../federation/subscription-ping.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Subscription } from "../../fhir/r4.ts";
import { Profiles, PROFILES_CHANGED } from "../../federation/profiles.ts";
import { sealPageLinksWith } from "./fhir/page-token.ts";
import packageJson from "../../package.json" with { type: "json" };
import { consoleAnswer } from "./console/console.ts";
import { PageCriteria } from "./fhir/page-criteria.ts";
import { pageKey } from "./fhir/page-key.ts";
import { refuse as refuseFhir } from "./fhir/refusals.ts";
import { fhirRequest } from "./fhir/request.ts";
import { route as routeFhir } from "./fhir/router.ts";
import { type Answer, send } from "./http/answer.ts";
import { Door, INTERACTIONS } from "./access/door.ts";
import { Tokens } from "./access/tokens.ts";
import { type Ended, IDENTITY_ENDED } from "../identity/identity.contract.ts";
import { authPath, passToIdentity } from "./http/auth-proxy.ts";
import { AnswerSizes, kindOf } from "./http/answer-sizes.ts";
import { arrivalOf, hasBody } from "./http/body.ts";
import { clientOf, clientOfConnection } from "./http/client-address.ts";
import { Connections } from "./http/connections.ts";
import { crossOrigin } from "./http/cors.ts";
import { httpError } from "./http/errors.ts";
import { logOwnFault, noteFailure, pathOnly } from "./http/failures.ts";
import { setCommonHeaders } from "./http/headers.ts";
import { idempotencyKeyOf } from "./http/idempotency-key.ts";
import { InFlight, LIMITS, overloaded } from "./http/in-flight.ts";
import { lacksName, type OwnName, ownName, requireOwnHost } from "./http/own-name.ts";
import { exchangeOf, type Received } from "./http/received.ts";
import { probeOf } from "./http/probes.ts";
import { Reclaim } from "./http/reclaim.ts";
import { createGateway, listen, originForm, refuseMalformed, shut } from "./http/server.ts";
import { WebSockets } from "./http/websockets.ts";
import { WorkGate } from "./http/work-gate.ts";
import { answerOnce } from "./keyed-answer.ts";
import { Meter } from "./console/meter.ts";
import { callAction, publishedActions } from "./rest/actions.ts";
import { openapi } from "./rest/openapi.ts";
import { refuse as refuseRest } from "./rest/refusals.ts";

type This = Service &
  WithDirectory & {
    server: Server | null;
    http?: Server;
    profiles: Profiles;
    isReady: boolean;
    /** Resolves when this gateway is ready: all members of the system are seen, or have been waited for. */
    complete: Promise<void>;
    isLeaving: boolean;
    inFlight: InFlight;
    connections: Connections;
    gate: WorkGate;
    reclaim: Reclaim;
    sizes: AnswerSizes;
    criteria: PageCriteria;
    own: OwnName;
    /** Each ends what it adds to the metrics. */
    sampled?: (() => void)[];
    closed?: Promise<void>;
    meter: Meter;
    webSockets: WebSockets;
    tokens: Tokens;
    door: Door;
    express(): (request: IncomingMessage, response: ServerResponse) => void;
    answer(ctx: Context, request: IncomingMessage): Promise<Answer>;
  };

type MeshRequest = IncomingMessage & { $ctx: Context; originalUrl: string };

/** What a client may name its request; anything else is named here. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** What the ids of requests begin with, new at every start. */
const REQUESTS = randomBytes(4).toString("hex");
let requests = 0;

/** Longest that a gateway waits for members of the system that it does not see before it serves without them, milliseconds. */
const COMPLETE_WITHIN_MS = 5_000;

const JSON_TYPE = { "Content-Type": "application/json; charset=utf-8" };

/** The gateway. It knows no service: what it offers is what the registry says at this moment. */
export default (config: Config): ServiceSchema =>
  defineService<object, This>({
    name: "api",
    mixins: [ApiGateway, WithFhirDirectory()],

    settings: {
      server: false, // moleculer-web as a request handler; the server is ours (http/server.ts)
      logRequest: false,
      logResponse: false,
      logRouteRegistration: false,
      // Goes along with all that the request asks of the mesh, and back to the client: it names no node.
      rootCallOptions: (options: { requestID?: string; meta?: object }, { headers }: IncomingMessage) => {
        requests += 1;
        const work = `${REQUESTS}-${requests.toString(36)}`;
        const parent = traceParentIn(headers.traceparent);
        options.meta = { ...options.meta, work, ...(parent && { traceparent: traceParentOf(parent) }) };
        if (!REQUEST_ID.test(options.requestID ?? "")) options.requestID = parent?.traceId ?? work;
      },
      // One route for everything: the path decides below, in a table, and nothing of the mesh is reachable by its name.
      routes: [{ path: "/", mappingPolicy: "restrict", bodyParsers: false, logging: false, aliases: {}, use: [dispatch] }],
    },

    // The gateway's own actions would tell about the inside; nobody needs them.
    // And a request may take as long as its client takes to send it: `LIMITS` (http/in-flight.ts) bounds them, each owner what it does of them at once.
    actions: { listAliases: false, addRoute: false, removeRoute: false, rest: { bulkhead: { enabled: false } } } as object,

    methods: {
      /** FHIR's query strings are read by services/api/fhir; moleculer-web need not parse them too. */
      parseQueryString(request: IncomingMessage) {
        const [url] = (request.url ?? "/").split("?", 1);
        return { url, query: {} };
      },

      async answer(this: This, ctx: Context, request: IncomingMessage): Promise<Answer> {
        const url = request.url ?? "/";
        noteBegun(`${request.method} ${pathOnly(request)}`, ctx.requestID);
        // Before the services beside it have started, a question would be answered as if they did not exist.
        if (!this.isReady) return noteFailure(this, starting(), refuse(request, starting()), ctx.requestID);
        const isFhir = url === "/fhir" || url.startsWith("/fhir/") || url.startsWith("/fhir?");
        const atIdentity = authPath(url);
        try {
          if (atIdentity !== undefined) return await passToIdentity(request, atIdentity, { broker: this.broker, own: this.own, config });
          await this.door.enter(request, ctx.meta as Record<string, unknown>);
          const answer = () =>
            isFhir ? answerFhir(this, ctx, request, url.slice("/fhir".length), config) : answerRest(this, ctx, request, url);
          const key = idempotencyKeyOf(request);
          return await (key === undefined ? answer() : answerOnce(ctx, request, this.directory, this.door.keyOf(key, ctx), answer));
        } catch (error) {
          logOwnFault(this, request, error);
          return noteFailure(this, error, isFhir && atIdentity === undefined ? refuseFhir(error) : refuseRest(error), ctx.requestID);
        }
      },
    },

    events: {
      [SUBSCRIPTION_PING](this: This, ctx: Context<SubscriptionPing>) {
        this.webSockets?.ping(ctx.params.subscription);
      },
      [PROFILES_CHANGED](this: This) {
        this.profiles.clear();
      },
      [IDENTITY_ENDED](this: This, ctx: Context<Ended>) {
        this.tokens.noteEnded(ctx.params);
      },
    },

    created(this: This) {
      this.profiles = new Profiles(() => ({ caller: asSystem(this.broker, "api"), directory: this.directory }));
      this.isReady = false;
      this.isLeaving = false;
      this.connections = new Connections();
      this.reclaim = new Reclaim();
      this.inFlight = new InFlight(LIMITS, (bytes) => this.reclaim.note(bytes));
      this.gate = new WorkGate((bytes) => this.reclaim.note(bytes));
      this.sizes = new AnswerSizes();
      this.criteria = new PageCriteria(config);
      this.meter = new Meter();
      this.tokens = new Tokens(asSystem(this.broker, "api"), () => this.own.origin);
      this.door = new Door(accessOf(this.broker), this.tokens);
    },

    async started(this: This) {
      const warn = (message: string) => this.logger.warn(message);
      sealPageLinksWith(pageKey(config, warn), this.criteria);
      this.sampled = [
        sample.bytesInFlight(() => this.inFlight.bytes),
        sample.requestsInFlight(() => this.inFlight.requests),
        sample.membersDown(() => this.directory.down().length),
      ];
      const handle = this.express();
      this.http = createGateway(config, warn);
      this.own = ownName(config, config.port);
      const serve = (request: IncomingMessage, response: ServerResponse) => accept(this, config, handle, request, response);
      this.http.on("request", serve);
      this.http.on("checkContinue", serve); // who asks first hears a refusal before sending the body
      this.http.on("connection", (socket: Socket) => this.connections.add(socket, clientOfConnection(socket.remoteAddress, config)));
      this.webSockets = webSocketsOf(this, config);
      this.http.on("upgrade", (request, socket, head) => {
        this.connections.begin(request.socket); // it is not idle, as long as it lasts
        this.webSockets.upgrade(request, socket, head);
      });
      this.http.on("secureConnection", (socket: Socket) => this.connections.addEncrypted(socket));
      this.http.on("clientError", refuseMalformed);
      // Listening begins at once, and says "not ready" until the broker has started everything beside it.
      if (config.handedPort === undefined) await listen(this.http, config);
      this.own = ownName(config, config.handedPort ?? (this.http.address() as AddressInfo).port);
      if (lacksName(config)) warn("PUBLIC_URL is not set: only requests to HOST and to names of this machine are answered.");
      const isStarted = new Promise<void>((resolve) => this.broker.localBus.once("$broker.started", () => resolve()));
      this.complete = isStarted
        .then(() => this.directory.whenComplete(COMPLETE_WITHIN_MS))
        .then(() => {
          this.isReady = true;
        });
      // The first signal: who asks whether this gateway is ready hears it before the last request is answered.
      this.broker.localBus.once("$mesh.leaving", () => {
        this.isLeaving = true;
        this.webSockets.close();
        // What was handed over ends with its last answer (scripts/start/handed-connections.ts).
        if (config.handedPort === undefined) this.closed ??= shut(this.http as Server);
      });
    },

    async stopped(this: This) {
      this.isReady = false;
      for (const end of this.sampled ?? []) end();
      this.webSockets?.close();
      if (this.http) await (this.closed ?? shut(this.http));
      this.inFlight.stop();
      this.reclaim.stop();
      await this.criteria.close();
    },
  });

function webSocketsOf(service: This, config: Config): WebSockets {
  return new WebSockets({
    config,
    own: () => service.own,
    isReady: () => service.isReady && !service.isLeaving,
    enter: async (request) => {
      const meta = {};
      await service.door.enter(request, meta);
      return meta;
    },
    isBindable: async (id, meta) => {
      const caller = withMeta(service.broker, meta);
      const { json } = await readResource({ caller, directory: service.directory }, "Subscription", id);
      const { status, channel } = parseJson(json) as Subscription;
      return status === "active" && channel.type === "websocket";
    },
  });
}

/** The broker, for a request that has no context. */
const withMeta = (broker: ServiceBroker, meta: Record<string, unknown>): Caller => ({
  meta,
  call: (action, params, options) => broker.call(action, params as never, { ...options, meta: { ...options?.meta, ...meta } }) as never,
});

/** What every request passes before the mesh hears of it. */
function accept(
  service: This,
  config: Config,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  request: Received,
  response: ServerResponse,
): void {
  const { own, inFlight, connections } = service;
  const { socket } = request;
  service.meter.count();
  setCommonHeaders(response, own.origin.startsWith("https:"));
  const refused = (error: unknown) => noteFailure(service, error, refuse(request, error));
  const answer = (given: Answer) => {
    send(request, response, given).catch(() => response.destroy());
  };
  // Whoever watches over this process hears from it also when it has too much to do, by whatever name.
  const probed = probeOf(service, request, config);
  if (probed) {
    probed.then(answer, () => response.destroy());
    return;
  }
  const [door, begun] = [request.url ?? "", performance.now()];
  try {
    requireOwnHost(request, own);
    request.url = originForm(request.url ?? "/");
    const fault = connections.begin(socket);
    if (fault === "ended") return;
    if (fault === "full") {
      response.setHeader("Connection", "close");
      throw overloaded();
    }
    const exchange = inFlight.open(clientOf(request, config), response, request.headers.expect !== undefined);
    response.once("close", () => {
      connections.end(socket);
      if (exchange) inFlight.close(exchange);
      if (response.headersSent) noteAnswer(door, response.statusCode, begun);
    });
    if (!exchange) throw overloaded();
    request.exchange = exchange;
    request.gate = service.gate;
    const asked = crossOrigin(request, response, config, own);
    if (asked === "refused") throw originRefused();
    if (asked === "preflight") answer({ status: 204 });
    else {
      const arrival = arrivalOf(request);
      // Of a client that has gone, nobody would hear the end.
      if (arrival) arrival.then(() => response.closed || handle(request, response)).catch((error) => answer(refused(error)));
      else handle(request, response);
    }
  } catch (error) {
    answer(refused(error));
  }
}

/** A refusal in the form of the door that was knocked at. */
const refuse = (request: IncomingMessage, error: unknown): Answer =>
  request.url?.startsWith("/api/") ? refuseRest(error) : refuseFhir(error);

/** moleculer-web calls this for every request. */
function dispatch(this: Service, request: MeshRequest, response: ServerResponse): void {
  const self = this as This;
  self
    .answer(request.$ctx, Object.assign(request, { url: request.originalUrl }))
    .then((answer) => {
      describeSpan(`${request.method} ${doorOf(request.url ?? "")}`, {
        "http.request.method": request.method ?? "",
        "http.response.status_code": answer.status,
      });
      const trace = traceOfAnswer(request.$ctx);
      if (trace !== undefined && !response.headersSent) response.setHeader("traceresponse", trace);
      return send(request, response, answer);
    })
    .catch((error: Error & { code?: number }) => {
      if (error.code === 503 && !response.headersSent) {
        return send(request, response, noteFailure(self, error, refuse(request, error), request.$ctx.requestID));
      }
      throw error;
    })
    .catch((error: Error) => {
      self.logger.error(`${request.method} ${pathOnly(request)}: the answer could not be sent: ${faultOf(error)}`);
      response.destroy();
    });
}

async function answerFhir(service: This, ctx: Context, request: IncomingMessage, rest: string, config: Config): Promise<Answer> {
  const { directory, profiles, sizes } = service;
  const exchange = exchangeOf(request);
  const mesh = {
    caller: ctx as never,
    directory,
    profiles,
    conditionalDelete: config.conditionalDelete,
    dates: config.dateSearch,
    isCrossOrigin: config.corsOrigin !== undefined,
    report: (error: unknown) => logOwnFault(service, request, error),
    hold: (bytes: number) => exchange?.hold(bytes),
  };
  const kind = kindOf(rest);
  const isRead = request.method === "GET" || request.method === "HEAD" || kind.endsWith("/_search");
  const expected = isRead ? sizes.expected(kind, Date.now()) : 0;
  if (exchange) exchange.expected = expected;
  // With a body the turn is taken when that has come, for both together: who holds one while it waits for another stops all.
  if (exchange && !(request.method === "POST" && hasBody(request)) && !service.gate.isSmall(expected)) {
    const turn = await service.gate.enter(exchange.client.name, { answer: expected });
    if (turn) exchange.work(turn);
  }
  const answer = await routeFhir(fhirRequest(request, rest, `${service.own.origin}/fhir`, mesh), packageJson.version);
  // What was written will be read.
  if (isRead && answer.status === 200) sizes.note(kind, answer.bytes?.length ?? answer.body?.length ?? 0, Date.now());
  else if (exchange && exchange.bodyBytes > 0 && kind !== "") sizes.note(`${kind.split("/", 1)[0]}/id`, exchange.bodyBytes, Date.now());
  return answer;
}

async function answerRest(service: This, ctx: Context, request: IncomingMessage, url: string): Promise<Answer> {
  // Not by the URL class: it throws at what is sent as `//`, and resolves dots.
  const [pathname = "/", ...query] = url.split("?");
  const searchParams = new URLSearchParams(query.join("?"));
  if (pathname.startsWith("/api/")) return callAction(ctx, request, pathname.slice("/api/".length), searchParams);
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw httpError(405, "METHOD_NOT_ALLOWED", "Only GET is possible here.", { allow: "GET, HEAD" });
  }
  switch (pathname) {
    case "/openapi.json": {
      const rights = service.door.rightsOf(ctx);
      const actions = publishedActions(service.broker).filter(({ name }) => rights?.mayCall(name) ?? true);
      const types = service.directory.types().filter((type) => !rights || INTERACTIONS.some((one) => rights.with(type, one) !== "none"));
      const document = openapi(actions, types, service.own.origin, packageJson.version);
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify(document) };
    }
    default:
      return consoleAnswer(
        pathname,
        { broker: service.broker, directory: service.directory, meter: service.meter, caller: ctx as never },
        [...new Set([new URL(service.own.origin).host, request.headers.host ?? ""])].filter(Boolean),
      );
  }
}

const starting = () => new Errors.MoleculerRetryableError("The server is starting or stopping; try again in a moment.", 503, "NOT_READY");

const originRefused = () => httpError(403, "ORIGIN_REFUSED", "Apps of this origin may not use the API: it is not in CORS_ORIGIN.");
