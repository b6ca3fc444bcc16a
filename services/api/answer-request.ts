/** How a gateway answers: FHIR under `/fhir`, the domain's actions under `/api`, and its own pages. */
import type { Gateway } from "./gateway.ts";
import type { IncomingMessage } from "node:http";
import type { Context } from "moleculer";
import { whenRecorded } from "../../federation/audit-before-answer.ts";
import { markAsSent } from "../../mesh/as-sent.ts";
import type { Caller } from "../../mesh/caller.ts";
import type { Config } from "../../mesh/config.ts";
import packageJson from "../../package.json" with { type: "json" };
import { consoleAnswer } from "./console/console.ts";
import { fhirRequest } from "./fhir/request.ts";
import { route as routeFhir } from "./fhir/router.ts";
import { type Answer, sizeOf } from "./http/answer.ts";
import { INTERACTIONS } from "./access/authentication.ts";
import { deskAnswer } from "./desk.ts";
import { LARGE_ANSWER } from "./fhir/answer-limits.ts";
import { kindOf } from "./http/answer-sizes.ts";
import { hasBody } from "./http/body.ts";
import { httpError } from "./http/http-error.ts";
import { logOwnFault } from "./http/failures.ts";
import { originsFor } from "./http/own-name.ts";
import { KeptContent } from "./http/kept-content.ts";
import { KeptByRights } from "./kept-by-rights.ts";
import type { Exchange } from "./http/http-exchange.ts";
import { exchangeOf } from "./http/received.ts";
import { callAction, publishedActions } from "./rest/actions.ts";
import { openapi } from "./rest/openapi.ts";

const JSON_TYPE = { "Content-Type": "application/json; charset=utf-8" };

/** @throws what the mesh or the gateway refuses */
export async function answerFhir(service: Gateway, ctx: Context, request: IncomingMessage, rest: string, config: Config): Promise<Answer> {
  const { directory, profiles, sizes } = service;
  const exchange = exchangeOf(request);
  if (config.rules.otherwise === "off") markAsSent(ctx.meta);
  const mesh = {
    caller: ctx,
    directory,
    profiles,
    conditionalDelete: config.conditionalDelete,
    dates: config.dateSearch,
    isCrossOrigin: config.corsOrigin !== undefined,
    report: (error: unknown, caller: Caller = ctx, sent?: string) => {
      logOwnFault(service, request, error);
      service.noteRefusal(error, request, caller, sent);
      return service.shownTo(caller, error, sent);
    },
    hold: (bytes: number) => exchange?.hold(bytes),
    largeTurn: () => largeTurn(service, exchange),
    expectedSize: (kind: string) => sizes.expected(kind, performance.now()),
    noteSize: (kind: string, bytes: number) => sizes.note(kind, bytes, performance.now()),
    isGone: () => exchange?.isGone === true,
  };
  const kind = kindOf(rest);
  const isRead = request.method === "GET" || request.method === "HEAD" || kind.endsWith("/_search");
  const expected = isRead ? sizes.expected(kind, performance.now()) : 0;
  if (exchange) exchange.expected = expected;
  // With a body, the turn is taken once the body has arrived, for both together: waiting for a second turn while holding one would deadlock.
  if (exchange && !(request.method === "POST" && hasBody(request)) && !service.gate.isSmall(expected)) {
    const turn = await service.gate.enter(exchange.requester, { kind, answer: expected });
    if (turn) exchange.work(turn);
  }
  // Page links use the server's own name: the meaning of a search must not depend on the name by which the server was asked.
  const origins = isRead ? service.own.origins : originsFor(service.own, request);
  const bases = origins.map((origin) => `${origin}/fhir`);
  const ask = () => routeFhir(fhirRequest(request, rest, bases, mesh), packageJson.version);
  const answer = await (isRead ? whenRecorded(ctx.meta, ask) : ask());
  // The next read returns what was written.
  if (isRead && answer.status === 200) sizes.note(kind, sizeOf(answer), performance.now());
  else if (exchange && exchange.bodyBytes > 0 && kind !== "") {
    sizes.note(`${kind.split("/", 1)[0]}/id`, exchange.bodyBytes, performance.now());
  }
  return answer;
}

/** @throws what the mesh or the gateway refuses */
export async function answerRest(service: Gateway, ctx: Context, request: IncomingMessage, url: string): Promise<Answer> {
  // Not parsed by the URL class, which throws for `//` and resolves dots.
  const [pathname = "/", ...query] = url.split("?");
  const searchParams = new URLSearchParams(query.join("?"));
  if (pathname.startsWith("/api/")) {
    const asked = { request, path: pathname.slice("/api/".length), query: searchParams };
    return callAction(ctx, asked, (name, ask) => actionInTurn(service, request, name, ask));
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw httpError(405, "METHOD_NOT_ALLOWED", "Only GET is possible here.", { allow: "GET, HEAD" });
  }
  const hosts = [...new Set([new URL(service.own.origin).host, request.headers.host ?? ""])].filter(Boolean);
  if (pathname === "/desk" || pathname.startsWith("/desk/")) return deskAnswer(ctx, request, pathname.slice("/desk".length), hosts);
  switch (pathname) {
    case "/openapi.json":
      return document(service, ctx).answer(request, JSON_TYPE);
    default:
      return consoleAnswer(
        request,
        pathname,
        { broker: service.broker, directory: service.directory, meter: service.meter, caller: ctx },
        hosts,
      );
  }
}

const documents = new KeptByRights<KeptContent>();

/** The OpenAPI document of what the caller may use. */
function document({ authentication, broker, directory, own }: Gateway, ctx: Context): KeptContent {
  const rights = authentication.rightsOf(ctx);
  return documents.get(directory, rights, () => {
    const actions = publishedActions(broker).filter(({ name }) => rights?.mayCall(name) ?? true);
    const types = directory.types().filter((type) => !rights || INTERACTIONS.some((one) => rights.with(type, one) !== "none"));
    return new KeptContent(JSON.stringify(openapi(actions, types, own.origin, packageJson.version)));
  });
}

/** Waits for a turn for a large answer. @returns a function that gives it back @throws 503 */
async function largeTurn({ largeReads }: Gateway, exchange: Exchange | undefined): Promise<() => void> {
  return exchange ? largeReads.enter(exchange.requester, () => exchange.isGone) : () => {};
}

/** An action's answer is expected to be as large as its largest recent one: lists and boards take turns like searches. */
async function actionInTurn(service: Gateway, request: IncomingMessage, name: string, ask: () => Promise<Answer>): Promise<Answer> {
  const { sizes, gate } = service;
  const exchange = exchangeOf(request);
  const kind = `api ${name}`;
  const expected = sizes.expected(kind, performance.now());
  if (exchange) exchange.expected = expected;
  // The parameters of a body may have a turn already: waiting for a second turn while holding one would deadlock.
  if (exchange && !hasBody(request) && !gate.isSmall(expected)) {
    const turn = await gate.enter(exchange.requester, { kind, answer: expected });
    if (turn) exchange.work(turn);
  }
  const leave = expected < LARGE_ANSWER ? undefined : await largeTurn(service, exchange);
  try {
    const answer = await ask();
    sizes.note(kind, sizeOf(answer), performance.now());
    return answer;
  } finally {
    leave?.();
  }
}
