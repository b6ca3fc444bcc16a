import type { Caller } from "../../mesh/caller.ts";
import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Context, Errors, type Service, type ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import { workName } from "../../mesh/caller.ts";
import { noteBegun } from "../../mesh/begun-work.ts";
import type { Config } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { faultOf } from "../../mesh/log.ts";
import { doorOf, sample } from "../../mesh/metrics.ts";
import { describeSpan, traceOfAnswer } from "../../mesh/trace-context.ts";
import { traceParentIn, traceParentOf } from "../../mesh/traceparent.ts";
import { WithFhirDirectory } from "../../federation/directory.ts";
import { SUBSCRIPTION_PING, type SubscriptionPing } from "../../federation/subscription-ping.ts";
import { type VersionNotices, VERSION_NOTICES } from "../../federation/version-notices.ts";
import { Profiles, PROFILES_CHANGED } from "../../federation/profiles.ts";
import { sealPageLinksWith } from "./fhir/page-token.ts";
import { PageCriteria } from "./fhir/page-criteria.ts";
import { pageKey } from "./fhir/page-key.ts";
import { refuse as refuseFhir } from "./fhir/fhir-refusals.ts";
import { type Answer, send } from "./http/answer.ts";
import { AuditNotes } from "../../federation/audit-notes.ts";
import { Refusals } from "./access/refusals.ts";
import { forgetSent, sentBy } from "./access/refusal-entries.ts";
import { withoutHiddenReferences } from "./access/hidden-references.ts";
import { Authentication, metaOf } from "./access/authentication.ts";
import { TokenCheck } from "./access/tokens.ts";
import { BOARD_TOUCHED, type Touched } from "../wards/board-events.contract.ts";
import { type Ended, IDENTITY_ENDED } from "../identity/identity.contract.ts";
import { authPath, passToIdentity } from "./http/auth-proxy.ts";
import { AnswerSizes } from "./http/answer-sizes.ts";
import { toldApart } from "./cut-off.ts";
import { clientOf, clientOfConnection } from "./http/client-address.ts";
import { Connections } from "./http/connections.ts";
import { logOwnFault, noteFailure, pathOnly } from "./http/failures.ts";
import { idempotencyKeyOf } from "./http/idempotency-key.ts";
import { InFlight, LIMITS } from "./http/in-flight.ts";
import { lacksName, ownName } from "./http/own-name.ts";
import { Presence, type Present, PRESENCE } from "./http/presence.ts";
import { exchangeOf } from "./http/received.ts";
import { Reclaim } from "./http/reclaim.ts";
import { admitConnections, createGateway, listen, refuseMalformed, refuseTunnel, shut } from "./http/server.ts";
import { LargeReads } from "./http/large-reads.ts";
import { WorkGate } from "./http/work-gate.ts";
import type { Gateway } from "./gateway.ts";
import { answerFhir, answerRest } from "./answer-request.ts";
import { accept, boardStreamsOf, refuse, versionStreamsOf, webSocketsOf } from "./http/accept.ts";
import { answerOnce } from "./keyed-answer.ts";
import { Meter } from "./console/meter.ts";
import { refuse as refuseRest } from "./rest/rest-refusals.ts";

type This = Gateway;

type MeshRequest = IncomingMessage & { $ctx: Context; originalUrl: string };

/** Request ids that a client may choose; anything else is replaced. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** Prefix of request ids, new at every start. */
const REQUESTS = randomBytes(4).toString("hex");
let requests = 0;

/** Longest time for which a gateway waits for absent members of the system before it serves without them, milliseconds. */
const COMPLETE_WITHIN_MS = 5_000;
/** Interval at which roles are read again, besides notifications, milliseconds. */
const LOOK_AT_ROLES_MS = 10_000;

/** The gateway. It knows no service by name: what it offers follows from the registry at each moment. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the schema of a service, whose functions are measured one by one
export default (config: Config): ServiceSchema =>
  defineService<object, This>({
    name: "api",
    mixins: [ApiGateway, WithFhirDirectory()],

    settings: {
      server: false, // moleculer-web only as a request handler; the server is http/server.ts
      logRequest: false,
      logResponse: false,
      logRouteRegistration: false,
      // Sent along with every call that the request makes, and returned to the client: it names no node.
      rootCallOptions: (options: { requestID?: string; meta?: object }, request: IncomingMessage) => {
        requests += 1;
        const id = `${REQUESTS}-${requests.toString(36)}`;
        const parent = traceParentIn(request.headers.traceparent);
        const work = workName(exchangeOf(request)?.requester.name ?? "", id);
        options.meta = { ...options.meta, work, ...(parent && { traceparent: traceParentOf(parent) }) };
        if (!REQUEST_ID.test(options.requestID ?? "")) options.requestID = parent?.traceId ?? id;
      },
      // One route for everything: dispatch by path is in a table below, and no action can be called by its name.
      routes: [{ path: "/", mappingPolicy: "restrict", bodyParsers: false, logging: false, aliases: {}, use: [dispatch] }],
    },

    // The gateway's own actions would reveal internals, and are not needed.
    // A request may last as long as its client takes to send it: `LIMITS` (http/in-flight.ts) bounds requests, and each owner its concurrent work.
    actions: { listAliases: false, addRoute: false, removeRoute: false, rest: { bulkhead: { enabled: false } } } as object,

    methods: {
      /** FHIR query strings are parsed by services/api/fhir; moleculer-web need not parse them too. */
      parseQueryString(request: IncomingMessage) {
        const [url] = (request.url ?? "/").split("?", 1);
        return { url, query: {} };
      },

      async answer(this: This, ctx: Context, request: IncomingMessage): Promise<Answer> {
        const url = request.url ?? "/";
        noteBegun(`${request.method} ${pathOnly(request)}`, ctx.requestID);
        // Before the services in the same process have started, a request would be answered as if they did not exist.
        if (!this.isReady) return noteFailure(this, starting(), refuse(request, starting()), ctx.requestID);
        const isFhir = url === "/fhir" || url.startsWith("/fhir/") || url.startsWith("/fhir?");
        const atIdentity = authPath(url);
        try {
          if (atIdentity !== undefined) return await passToIdentity(request, atIdentity, { broker: this.broker, own: this.own, config });
          await this.authentication.enter(request, ctx.meta as Record<string, unknown>);
          const answer = () =>
            isFhir ? answerFhir(this, ctx, request, url.slice("/fhir".length), config) : answerRest(this, ctx, request, url);
          const key = idempotencyKeyOf(request);
          return await (key === undefined
            ? answer()
            : answerOnce(
                ctx,
                request,
                this.directory,
                { key: this.authentication.keyOf(key, ctx), boundTo: this.authentication.boundTo(ctx) },
                answer,
              ));
        } catch (error) {
          logOwnFault(this, request, error);
          this.noteRefusal(error, request, ctx);
          const shown = this.shownTo(ctx, error, sentBy(request));
          const refused = isFhir && atIdentity === undefined ? refuseFhir(shown) : refuseRest(shown);
          return toldApart(noteFailure(this, error, refused, ctx.requestID), this);
        } finally {
          forgetSent(request);
        }
      },

      noteOwners(this: This) {
        // Once the directory knows of it too.
        setImmediate(() => {
          const { directory, versionStreams } = this;
          versionStreams?.noteDown(directory.types().filter((type) => directory.known(type).some(({ alive }) => !alive)));
        });
      },

      shownTo(this: This, { meta }: Pick<Caller, "meta">, error: unknown, sent = "") {
        try {
          return withoutHiddenReferences(error, this.authentication.rightsOf({ ...(meta && { meta }) }), [
            String(meta?.["asked"] ?? ""),
            sent,
          ]);
        } catch {
          return error; // there is no caller to whom anything could be revealed
        }
      },

      async noteAll(this: This) {
        await this.refusals.stop();
        await this.notes.stop();
      },

      noteRefusal(
        this: This,
        error: unknown,
        request: IncomingMessage,
        caller?: Pick<Caller, "meta" | "requestID">,
        sent = sentBy(request),
      ) {
        const meta = (caller?.meta ?? metaOf(request) ?? {}) as Record<string, unknown>;
        this.refusals.note(error, request, meta, { sent, call: caller?.requestID });
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
        this.webSockets?.look();
        this.boardStreams?.look();
        this.versionStreams?.look();
      },
      [BOARD_TOUCHED](this: This, ctx: Context<Touched>) {
        this.boardStreams?.touch(ctx.params);
      },
      [VERSION_NOTICES](this: This, ctx: Context<VersionNotices>) {
        this.versionStreams?.note(ctx.params.versions);
      },
      [PRESENCE](this: This, ctx: Context<Present>) {
        this.presence.heard(ctx.params);
      },
      "$node.disconnected"(this: This, ctx: Context<{ node: { id: string } }>) {
        this.presence.gone(ctx.params.node.id);
        this.noteOwners();
      },
      "$services.changed"(this: This) {
        this.noteOwners();
      },
      // Notifications sent while NATS was away are not known here.
      "$transporter.connected"(this: This, ctx: Context<{ wasReconnect: boolean }>) {
        if (!ctx.params.wasReconnect) return;
        this.boardStreams?.refreshAll();
        this.versionStreams?.refreshAll();
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
      this.largeReads = new LargeReads();
      this.sizes = new AnswerSizes();
      this.criteria = new PageCriteria(config);
      this.meter = new Meter();
      this.presence = new Presence({
        node: this.broker.nodeID,
        // A gateway that misses it shows fewer people.
        broadcast: (present) => void this.broker.broadcast(PRESENCE, present).catch(() => {}),
        changed: (patient) => this.versionStreams?.tellPresence(patient),
      });
      this.tokens = new TokenCheck(asSystem(this.broker, "api"), () => this.own.origin);
      const addressOf = (request: IncomingMessage) => clientOf(request, config);
      this.authentication = new Authentication(accessOf(this.broker), this.tokens, addressOf);
      this.notes = new AuditNotes(asSystem(this.broker, "api"), "api", (sentence) => this.logger.warn(sentence));
      this.refusals = new Refusals({
        access: accessOf(this.broker),
        directory: this.directory,
        caller: asSystem(this.broker, "api"),
        notes: this.notes,
        addressOf,
      });
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
      this.http.on("checkContinue", serve); // a client that asks first is refused before it sends the body
      this.http.on("checkExpectation", serve);
      admitConnections(this.http, (socket) => this.connections.add(socket, clientOfConnection(socket.remoteAddress, config)));
      this.webSockets = webSocketsOf(this, config);
      this.boardStreams = boardStreamsOf(this);
      this.versionStreams = versionStreamsOf(this);
      this.http.on("upgrade", (request, socket, head) => {
        this.connections.begin(request.socket); // while the websocket is open, the connection is not idle
        this.webSockets.upgrade(request, socket, head);
      });
      this.http.on("secureConnection", (socket: Socket) => this.connections.addEncrypted(socket));
      this.http.on("clientError", refuseMalformed).on("connect", refuseTunnel);
      // Listening begins at once and answers "not ready" until the broker has started everything in this process.
      if (config.handedPort === undefined) await listen(this.http, config);
      this.own = ownName(config, config.handedPort ?? (this.http.address() as AddressInfo).port);
      if (lacksName(config)) warn("PUBLIC_URL is not set: only requests to HOST and to names of this machine are answered.");
      const isStarted = new Promise<void>((resolve) => this.broker.localBus.once("$broker.started", () => resolve()));
      this.complete = isStarted
        .then(() => this.directory.whenComplete(COMPLETE_WITHIN_MS))
        .then(() => {
          this.isReady = true;
          const { isOpen, rolesNow } = accessOf(this.broker);
          if (isOpen) return;
          // For role changes of which this gateway was not notified, and readers of a board who may no longer see it.
          const timer = setInterval(() => rolesNow.refresh().catch(() => {}), LOOK_AT_ROLES_MS).unref();
          this.sampled?.push(
            this.tokens.catchUp(),
            () => clearInterval(timer),
            rolesNow.whenChanged(() => {
              this.webSockets?.look();
              this.boardStreams?.look();
              this.versionStreams?.look();
            }),
          );
        });
      // The first signal: a readiness probe must fail before the last request is answered.
      this.broker.localBus.once("$mesh.leaving", () => {
        this.isLeaving = true;
        this.webSockets.close();
        this.boardStreams.close();
        this.versionStreams.close();
        // Handed-over connections end with their last answer (scripts/start/handed-connections.ts); a proxy must notice first (scripts/serve.ts).
        if (config.handedPort === undefined && !config.behindProxy) this.closed ??= shut(this.http as Server, this.connections);
      });
    },

    async stopped(this: This) {
      this.isReady = false;
      await this.noteAll();
      for (const end of this.sampled ?? []) end();
      this.webSockets?.close();
      this.boardStreams?.close();
      this.versionStreams?.close();
      this.presence.stop();
      if (this.http) await (this.closed ?? shut(this.http, this.connections));
      await this.noteAll(); // of what was answered since then
      this.inFlight.stop();
      this.reclaim.stop();
      await this.criteria.close();
    },
  });

/** Called by moleculer-web for every request. */
function dispatch(this: Service, request: MeshRequest, response: ServerResponse): void {
  const self = this as This;
  if (response.closed) return; // the client has left
  const exchange = exchangeOf(request);
  exchange?.begin();
  self
    .answer(request.$ctx, Object.assign(request, { url: request.originalUrl }))
    .finally(() => exchange?.settle())
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

const starting = () => new Errors.MoleculerRetryableError("The server is starting or stopping; try again in a moment.", 503, "NOT_READY");
