import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { type Context, Errors, type Service, type ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import type { Config } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { WithFhirDirectory, type WithDirectory } from "../../federation/directory.ts";
import { Profiles, PROFILES_CHANGED } from "../../federation/profiles.ts";
import { signPageLinksWith } from "./fhir/page-token.ts";
import packageJson from "../../package.json" with { type: "json" };
import { consoleAnswer } from "./console/console.ts";
import { pageKey } from "./fhir/page-key.ts";
import { refuse as refuseFhir } from "./fhir/refusals.ts";
import { fhirRequest } from "./fhir/request.ts";
import { route as routeFhir } from "./fhir/router.ts";
import { type Answer, send } from "./http/answer.ts";
import { crossOrigin } from "./http/cors.ts";
import { httpError } from "./http/errors.ts";
import { listen, MAX_HEADER_BYTES, originForm, refuseMalformed, shut } from "./http/server.ts";
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
    isLeaving: boolean;
    /** Requests that are not answered yet. */
    underWay: number;
    closed?: Promise<void>;
    meter: Meter;
    express(): (request: IncomingMessage, response: ServerResponse) => void;
    answer(ctx: Context, request: IncomingMessage): Promise<Answer>;
  };

type MeshRequest = IncomingMessage & { $ctx: Context; originalUrl: string };

/** Requests of which the answers are still owed, those included that are still being sent (Node ends these after 5 minutes); more are refused at once. */
const MAX_REQUESTS = 2_048;

/** What the ids of requests begin with, new at every start. */
const REQUESTS = randomBytes(4).toString("hex");
let requests = 0;

const JSON_TYPE = { "Content-Type": "application/json; charset=utf-8" };

/** The gateway. It knows no service: what it offers is what the registry says at this moment. */
export default (config: Config): ServiceSchema =>
  defineService<object, This>({
    name: "api",
    mixins: [ApiGateway, WithFhirDirectory({ needsOthers: true })],

    settings: {
      server: false, // moleculer-web as a request handler; the server is ours (http/server.ts)
      logRequest: false,
      logResponse: false,
      logRouteRegistration: false,
      // Goes along with all that the request asks of the mesh, and back to the client: it names no node.
      rootCallOptions: (options: { requestID?: string }) => {
        options.requestID ??= `${REQUESTS}-${(requests++).toString(36)}`;
      },
      // One route for everything: the path decides below, in a table, and nothing of the mesh is reachable by its name.
      routes: [{ path: "/", mappingPolicy: "restrict", bodyParsers: false, logging: false, aliases: {}, use: [dispatch] }],
    },

    // The gateway's own actions would tell about the inside; nobody needs them.
    // And a request may take as long as its client takes to send it: `MAX_REQUESTS` bounds them, each owner what it does of them at once.
    actions: { listAliases: false, addRoute: false, removeRoute: false, rest: { bulkhead: { enabled: false } } } as object,

    methods: {
      /** FHIR's query strings are read by services/api/fhir; moleculer-web need not parse them too. */
      parseQueryString(request: IncomingMessage) {
        const [url] = (request.url ?? "/").split("?", 1);
        return { url, query: {} };
      },

      async answer(this: This, ctx: Context, request: IncomingMessage): Promise<Answer> {
        const url = request.url ?? "/";
        // Before the services beside it have started, a question would be answered as if they did not exist.
        if (!this.isReady) return refuseFhir(starting());
        if (url === "/fhir" || url.startsWith("/fhir/") || url.startsWith("/fhir?")) {
          try {
            const mesh = {
              caller: ctx as never,
              directory: this.directory,
              profiles: this.profiles,
              conditionalDelete: config.conditionalDelete,
              isCrossOrigin: config.corsOrigin !== undefined,
              report: (error: unknown) => logOwnFault(this, request, error),
            };
            return await routeFhir(
              fhirRequest(request, url.slice("/fhir".length), `${originOf(request, config)}/fhir`, mesh),
              packageJson.version,
            );
          } catch (error) {
            logOwnFault(this, request, error);
            return refuseFhir(error);
          }
        }
        try {
          return await answerRest(this, ctx, request, url, config);
        } catch (error) {
          logOwnFault(this, request, error);
          return refuseRest(error);
        }
      },
    },

    events: {
      [PROFILES_CHANGED](this: This) {
        this.profiles.clear();
      },
    },

    created(this: This) {
      this.profiles = new Profiles(() => ({ caller: this.broker as never, directory: this.directory }));
      this.isReady = false;
      this.isLeaving = false;
      this.underWay = 0;
      this.meter = new Meter();
    },

    async started(this: This) {
      signPageLinksWith(await pageKey(config));
      const handle = this.express();
      this.http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 65_000 }, (request, response) => {
        this.meter.count();
        request.url = originForm(request.url ?? "/");
        // Whoever watches over this process hears from it also when it has too much to do.
        const health = healthOf(this, request);
        if (health) return void send(request, response, health).catch(() => response.destroy());
        if (this.underWay >= MAX_REQUESTS) return void send(request, response, refuseFhir(busy())).catch(() => response.destroy());
        this.underWay += 1;
        response.once("close", () => {
          this.underWay -= 1;
        });
        const asked = crossOrigin(request, response, config);
        if (asked === undefined) handle(request, response);
        else send(request, response, asked === "preflight" ? { status: 204 } : refuseFhir(originRefused())).catch(() => response.destroy());
      });
      this.http.on("clientError", refuseMalformed);
      // Listening begins at once, and says "not ready" until the broker has started everything beside it.
      await listen(this.http, config);
      this.broker.localBus.once("$broker.started", () => {
        this.isReady = true;
      });
      // The first signal: who asks whether this gateway is ready hears it before the last request is answered.
      this.broker.localBus.once("$mesh.leaving", () => {
        this.isLeaving = true;
        this.closed ??= shut(this.http as Server);
      });
    },

    async stopped(this: This) {
      this.isReady = false;
      if (this.http) await (this.closed ?? shut(this.http));
    },
  });

/** moleculer-web calls this for every request. */
function dispatch(this: Service, request: MeshRequest, response: ServerResponse): void {
  const self = this as This;
  self
    .answer(request.$ctx, Object.assign(request, { url: request.originalUrl }))
    .then((answer) => send(request, response, answer))
    .catch((error: Error) => {
      self.logger.error(`${request.method} ${pathOnly(request)}: the answer could not be sent: ${error.stack}`);
      response.destroy();
    });
}

async function answerRest(service: This, ctx: Context, request: IncomingMessage, url: string, config: Config): Promise<Answer> {
  // Not by the URL class: it throws at what is sent as `//`, and resolves dots.
  const [pathname = "/", ...query] = url.split("?");
  const searchParams = new URLSearchParams(query.join("?"));
  if (pathname.startsWith("/api/")) return callAction(ctx, request, pathname.slice("/api/".length), searchParams);
  if (request.method !== "GET" && request.method !== "HEAD")
    throw httpError(405, "METHOD_NOT_ALLOWED", "Only GET is possible here.", { allow: "GET, HEAD" });
  switch (pathname) {
    case "/openapi.json": {
      const document = openapi(
        publishedActions(service.broker),
        service.directory.liveTypes(),
        originOf(request, config),
        packageJson.version,
      );
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify(document) };
    }
    default:
      return consoleAnswer(pathname, { broker: service.broker, directory: service.directory, meter: service.meter, caller: ctx as never });
  }
}

/** What `/health/…` answers; undefined: it is not asked for. */
function healthOf(service: This, request: IncomingMessage): Answer | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  const path = pathOnly(request);
  if (path === "/health/live") return { status: 200, headers: JSON_TYPE, body: '{"status":"live"}' };
  return path === "/health/ready" ? readiness(service) : undefined;
}

function readiness({ isReady, isLeaving }: This): Answer {
  const status = isLeaving ? "leaving" : isReady ? "ready" : "starting";
  return { status: status === "ready" ? 200 : 503, headers: JSON_TYPE, body: JSON.stringify({ status }) };
}

/** The server's address as the client sees it. */
function originOf(request: IncomingMessage, { host, port }: Config): string {
  const named = request.headers.host;
  return `http://${named !== undefined && /^[A-Za-z0-9.:[\]_-]{1,255}$/.test(named) ? named : `${host}:${port}`}`;
}

/** What no client did wrong goes to the log, with the path but without the query: that may name a patient. */
function logOwnFault(service: Service, request: IncomingMessage, error: unknown): void {
  const { code, type } = error as { code?: unknown; type?: unknown };
  const isRefusal = (typeof code === "number" && code < 500) || (error as { status?: number }).status !== undefined;
  if (isRefusal || code === 503) return;
  service.logger.error(`${request.method} ${pathOnly(request)}: ${type ?? ""} ${(error as Error).stack}`);
}

const busy = () =>
  new Errors.MoleculerRetryableError("The server has more requests than it can answer; try again in a moment.", 503, "OVERLOADED");

const starting = () => new Errors.MoleculerRetryableError("The server is starting or stopping; try again in a moment.", 503, "NOT_READY");

const originRefused = () => httpError(403, "ORIGIN_REFUSED", "Apps of this origin may not use the API: it is not in CORS_ORIGIN.");

const pathOnly = (request: IncomingMessage): string => (request.url ?? "").split("?", 1)[0] ?? "";
