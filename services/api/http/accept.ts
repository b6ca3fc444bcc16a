/** Admission of requests and websockets, before anything else is done for them. */
import type { Gateway } from "../gateway.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServiceBroker } from "moleculer";
import { accessOf, asSystem, notAllowed } from "../../../mesh/access/access.ts";
import type { Caller } from "../../../mesh/caller.ts";
import type { Config } from "../../../mesh/config.ts";
import { noteAnswer } from "../../../mesh/metrics.ts";
import { callBroker } from "../../../mesh/moleculer.ts";
import { readResource } from "../../../federation/read.ts";
import { parseJson } from "../../../fhir/json.ts";
import type { Subscription } from "../../../fhir/r4.ts";
import { typesReadBy } from "../../../fhir/search/types-read.ts";
import { refuse as refuseFhir } from "../fhir/fhir-refusals.ts";
import { type Answer, send } from "./answer.ts";
import { arrivalOf } from "./body.ts";
import { clientOf, type Requester } from "./client-address.ts";
import { gatherSmallChunks } from "./small-chunks.ts";
import { crossOrigin } from "./cors.ts";
import { httpError } from "./http-error.ts";
import { noteFailure } from "./failures.ts";
import { BoardStreams, isForBoardStream } from "./board-streams.ts";
import { isForVersionStream, VersionStreams } from "./version-streams.ts";
import { setCommonHeaders } from "./headers.ts";
import { overloaded } from "./in-flight.ts";
import { hostIn, requireOwnHost } from "./own-name.ts";
import { tellUnnamedProxy } from "./unnamed-proxy.ts";
import type { Received } from "./received.ts";
import { probeOf } from "./probes.ts";
import { originForm } from "./server.ts";
import { WebSockets } from "./websockets.ts";
import { wards } from "../../wards/wards.contract.ts";
import { refuse as refuseRest } from "../rest/rest-refusals.ts";

/** The websockets of this gateway. */
export function webSocketsOf(service: Gateway, config: Config): WebSockets {
  return new WebSockets({
    config,
    own: () => service.own,
    requesterOf: (request) => requesterOf(service, config, request),
    isReady: () => service.isReady && !service.isLeaving,
    enter: async (request) => {
      const meta = {};
      await service.authentication.enter(request, meta);
      return meta;
    },
    refused: (error, request) => service.noteRefusal(error, request),
    typesOf: async (id, meta) => {
      const caller = withMeta(service.broker, meta);
      const { json } = await readResource({ caller, directory: service.directory }, "Subscription", id);
      const { status, channel, criteria } = parseJson(json) as Subscription;
      return status === "active" && channel.type === "websocket" ? typesReadBy(criteria) : undefined;
    },
    mayHear: (types, meta) => {
      const rights = service.authentication.rightsOf({ meta });
      return !rights || types.every((type) => rights.with(type, "s") === "all");
    },
  });
}

/** A caller for a request that has no Context. */
const withMeta = (broker: ServiceBroker, meta: Record<string, unknown>): Caller => ({
  meta,
  call: (action, params, options) => callBroker(broker, action, params, { ...options, meta: { ...options?.meta, ...meta } }),
});

/** The streams of this gateway that notify pages of changed boards. */
export function boardStreamsOf(service: Gateway): BoardStreams {
  const { broker, directory, authentication } = service;
  const board = wards.board.action;
  return new BoardStreams({
    isReady: () => service.isReady && !service.isLeaving,
    enter: async (request) => {
      const meta = {};
      await authentication.enter(request, meta);
      if (authentication.rightsOf({ meta })?.mayCall(board) === false) throw notAllowed(`call ${board}`);
      if (!broker.registry.actions.get(board) && !directory.isDown("wards")) throw noBoards();
    },
    locate: (touched) => wards.locate(asSystem(broker, "api"), { touched }),
  });
}

/** The streams of this gateway that notify pages of new versions. */
export function versionStreamsOf(service: Gateway): VersionStreams {
  const { broker, directory, authentication, presence } = service;
  return new VersionStreams({
    isReady: () => service.isReady && !service.isLeaving,
    enter: async (request, asked) => {
      const meta = {};
      await authentication.enter(request, meta);
      const { patient, types = new Set<string>() } = asked();
      const rights = authentication.rightsOf({ meta });
      const reaches = (type: string, interaction: "r" | "s") => {
        const reach = rights?.with(type, interaction) ?? "all";
        if (typeof reach === "string") return reach === "all";
        // Notifications do not contain the resource, so parts of a type that are defined by a query cannot be checked, and are left out.
        return reach.some((part) => part.where === undefined && patient === `Patient/${part.patient}`);
      };
      if (patient !== undefined && !reaches("Patient", "r")) throw notAllowed("read this Patient");
      for (const type of types) {
        if (directory.known(type).length === 0) throw httpError(404, "NOT_SUPPORTED", `No service here stores ${type}.`);
        if (!reaches(type, "s")) throw notAllowed(`search ${type}`);
      }
      const { sub, name = sub, roles } = rights ? accessOf(broker).identityOf({ meta }) : { sub: "", roles: [] };
      return { mayRead: (type) => reaches(type, "r") || reaches(type, "s"), ...(rights && { person: { sub, name, roles: [...roles] } }) };
    },
    opened: (patient, person) => presence.enter(patient, person),
    closed: (patient, person) => presence.leave(patient, person),
    others: (patient, person) => presence.others(patient, person),
  });
}

const noBoards = () => httpError(404, "ACTION_NOT_FOUND", "This system has no board of wards.");

/** Admits a request, or refuses it. */
export function accept(service: Gateway, config: Config, handle: Handle, request: Received, response: ServerResponse): void {
  service.meter.count();
  const requester = requesterOf(service, config, request);
  gatherSmallChunks(request, requester.name);
  setCommonHeaders(response, service.own.origin.startsWith("https:"));
  const answer = (given: Answer) => {
    send(request, response, given).catch(() => response.destroy());
  };
  const refuseIt = (error: unknown) => answer(noteFailure(service, error, refuse(request, error)));
  try {
    hostIn(request);
    // Probes are answered before all limits, under any host name: an orchestrator must not take a busy process for a dead one.
    const probed = probeOf(service, request, config);
    if (probed) probed.then(answer, () => response.destroy());
    else admit(service, config, { request, response, requester }, { handle, answer, refuseIt });
  } catch (error) {
    refuseIt(error);
  }
}

/** Of RFC 9110's expectations there is one (10.1.1). @throws 417 */
function requireKnownExpectation({ headers: { expect } }: IncomingMessage): void {
  if (expect === undefined || expect.toLowerCase() === "100-continue") return;
  throw httpError(417, "EXPECTATION_UNKNOWN", "Expect must be 100-continue or absent.");
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** How a request is answered. */
interface Ways {
  handle: Handle;
  answer: (given: Answer) => void;
  refuseIt: (error: unknown) => void;
}

/** A request, and the client for which it is counted. */
interface Arrived {
  request: Received;
  response: ServerResponse;
  requester: Requester;
}

const requesterOf = ({ authentication }: Gateway, config: Config, request: IncomingMessage): Requester =>
  authentication.requesterAt(clientOf(request, config), request);

/** Admits a request within the limits of its connection and client. @throws why not */
function admit(service: Gateway, config: Config, { request, response, requester }: Arrived, ways: Ways): void {
  const { own, inFlight, connections, gate } = service;
  const { socket } = request;
  const [url, begun] = [request.url ?? "", performance.now()];
  requireOwnHost(request, own);
  tellUnnamedProxy(service, config, request);
  request.url = originForm(request.url ?? "/");
  requireKnownExpectation(request);
  const fault = connections.begin(socket);
  if (fault === "ended") return;
  if (fault === "full") {
    response.setHeader("Connection", "close");
    throw overloaded();
  }
  // A stream stays open for hours: it has limits of its own, and takes no place among the requests that wait for answers.
  const streams = streamsFor(service, request);
  if (streams) {
    response.once("close", () => connections.end(socket));
    if (crossOrigin(request, response, config, own) === "refused") throw originRefused();
    streams.open(request, response, requester).catch((error: unknown) => {
      service.noteRefusal(error, request);
      ways.refuseIt(error);
    });
    return;
  }
  const exchange = inFlight.open(requester, response, request.headers.expect !== undefined);
  response.once("close", () => {
    connections.end(socket, exchange?.isUnderWay);
    if (exchange) inFlight.close(exchange);
    if (response.headersSent) noteAnswer(url, response.statusCode, begun);
  });
  if (!exchange) throw overloaded();
  request.exchange = exchange;
  request.gate = gate;
  const asked = crossOrigin(request, response, config, own);
  if (asked === "refused") throw originRefused();
  if (asked === "preflight") ways.answer({ status: 204 });
  else handleArrived(request, response, ways, connections.isFirst(socket));
}

/** Handles a request once enough of it has arrived for its handler. If the client has left, it is not handled. */
function handleArrived(request: Received, response: ServerResponse, { handle, refuseIt }: Ways, isFirst: boolean): void {
  const arrival = arrivalOf(request) ?? (isFirst ? hangUpSeen() : undefined);
  const hasLeft = () => response.closed || request.socket.readableEnded;
  if (arrival) arrival.then(() => hasLeft() || handle(request, response)).catch(refuseIt);
  else handle(request, response);
}

/**
 * Resolves when the end of a connection that arrived together with its first request has been read, which happens in the next iteration of the event
 * loop. A client that connects, sends a request and hangs up thousands of times a second thus costs no more than its connections.
 */
const hangUpSeen = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

const streamsFor = (service: Gateway, request: IncomingMessage): BoardStreams | VersionStreams | undefined =>
  isForBoardStream(request) ? service.boardStreams : isForVersionStream(request) ? service.versionStreams : undefined;

/** A refusal in the format of the API that was called. */
export const refuse = (request: IncomingMessage, error: unknown): Answer =>
  request.url?.startsWith("/api/") ? refuseRest(error) : refuseFhir(error);

const originRefused = () => httpError(403, "ORIGIN_REFUSED", "Apps of this origin may not use the API: it is not in CORS_ORIGIN.");
