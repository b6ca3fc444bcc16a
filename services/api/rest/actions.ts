/**
 * The domain's actions over HTTP: `POST /api/<service>/<action>` with the parameters as a JSON object, and `GET` with the parameters as query for
 * those that only read. Whether and how an action can be called is declared by the action itself (`rest`), and known from Moleculer's registry;
 * nothing else of the mesh can be called this way.
 */
import type { IncomingMessage } from "node:http";
import type { ActionSchema as MoleculerAction, Context, ServiceBroker } from "moleculer";
import { directoryOf } from "../../../federation/directory.ts";
import { serviceDown } from "../../../federation/errors.ts";
import { parseInput } from "../../../fhir/json.ts";
import { FhirError } from "../../../fhir/outcome.ts";
import { listActions } from "../../../mesh/moleculer.ts";
import { MAX_PARAMS_BYTES, readText } from "../http/body.ts";
import { httpError } from "../http/http-error.ts";
import { noteSent } from "../access/refusal-entries.ts";
import type { Answer } from "../http/answer.ts";
import { objectSchema, typeOfRule } from "./params-schema.ts";

type ActionSchema = MoleculerAction & { summary?: string; deprecated?: string; produces?: string };

/** Limit of objects, arrays and members in the parameters of one call: parsed, each takes many times the memory of its text. */
const MAX_PARTS = 20_000;

/** An action as known from the registry. */
export interface PublishedAction {
  name: string;
  rest: "GET" | "POST";
  summary?: string;
  /** Media type of its answer, a text that is sent as it is; absent: JSON. */
  produces?: string;
  params: Record<string, unknown>;
  /** Set if this is its former name: the current one, without the service. */
  deprecated?: string;
}

/** All actions that live services publish, in order of name. */
export function publishedActions(broker: ServiceBroker): PublishedAction[] {
  return listActions<ActionSchema>(broker)
    .flatMap(({ name, action }) => (action && isPublished(action) ? [describe(name, action)] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One request for an action. */
interface ActionRequest {
  request: IncomingMessage;
  /** What follows `/api/`. */
  path: string;
  query: URLSearchParams;
}

/** Answers a call, in its turn if the answer may be large. @param name of the action */
export type InTurn = (name: string, ask: () => Promise<Answer>) => Promise<Answer>;

/** Handles one request. @param inTurn used for actions that only read */
export async function callAction(ctx: Context, { request, path, query }: ActionRequest, inTurn: InTurn): Promise<Answer> {
  const action = find(ctx.broker, path.replace("/", "."));
  const allow = action.rest === "GET" ? "GET, HEAD, POST" : "POST";
  switch (request.method) {
    case "OPTIONS":
      return { status: 204, headers: { Allow: allow } };
    case "POST": {
      const params = await bodyParams(request, action);
      return action.rest === "GET" ? inTurn(action.name, () => called(ctx, action, params)) : called(ctx, action, params);
    }
    case "GET":
    case "HEAD": {
      if (action.rest !== "GET") break;
      const params = queryParams(request.url ?? "", query, action.params);
      return inTurn(action.name, () => called(ctx, action, params));
    }
  }
  throw httpError(405, "METHOD_NOT_ALLOWED", `${action.name} takes ${allow}.`, { allow });
}

async function called(ctx: Context, { name, produces }: PublishedAction, params: object): Promise<Answer> {
  const result = await ctx.call(name, params);
  if (produces !== undefined) return { status: 200, headers: { "Content-Type": `${produces}; charset=utf-8` }, body: String(result) };
  return { status: 200, headers: { "Content-Type": "application/json; charset=utf-8" }, body: JSON.stringify(result ?? null) };
}

function find(broker: ServiceBroker, name: string): PublishedAction {
  const list = broker.registry.actions.get(name) as { hasAvailable(): boolean; endpoints: { action: ActionSchema }[] } | undefined;
  const action = newest(list?.endpoints.map((endpoint) => endpoint.action));
  // An action that is not published is answered like one that does not exist, so that names cannot be probed.
  if (action && isPublished(action)) return describe(name, action);
  const [service = ""] = name.split(".", 1);
  if (!action && directoryOf(broker).isDown(service)) throw serviceDown(service);
  throw httpError(404, "ACTION_NOT_FOUND", "There is no such action; /openapi.json lists all actions.");
}

/** Of the definitions of nodes of several versions the one with the most params: contracts grow. */
const newest = (definitions: ActionSchema[] = []): ActionSchema | undefined => {
  const sizeOf = ({ params = {} }: ActionSchema) => Object.keys(params).length;
  return definitions.reduce<ActionSchema | undefined>((most, it) => (most && sizeOf(most) >= sizeOf(it) ? most : it), undefined);
};

const isPublished = (action: ActionSchema): boolean => action.rest === "GET" || action.rest === "POST";

const describe = (name: string, action: ActionSchema): PublishedAction => ({
  name,
  rest: action.rest as "GET" | "POST",
  params: (action.params ?? {}) as Record<string, unknown>,
  ...(typeof action.summary === "string" && { summary: action.summary }),
  ...(typeof action.produces === "string" && { produces: action.produces }),
  ...(typeof action.deprecated === "string" && { deprecated: action.deprecated }),
});

/** Whether an action cannot be called without parameters. */
export const needsParams = ({ params }: PublishedAction): boolean => objectSchema(params).required !== undefined;

async function bodyParams(request: IncomingMessage, action: PublishedAction): Promise<object> {
  const text = await readText(request, MAX_PARAMS_BYTES);
  noteSent(request, text);
  if (text === "") {
    if (needsParams(action)) throw httpError(400, "BODY_MISSING", "Send the params as a JSON object in the body.");
    return {};
  }
  if (!isJson(request.headers["content-type"] ?? "")) throw httpError(415, "NOT_JSON", "Send the params as application/json, in UTF-8.");
  // Parsed like FHIR's JSON for its checks; but a number is a number here, however it is written.
  try {
    parseInput(text, MAX_PARTS);
  } catch (error) {
    // Once more without the limit: a text that is no JSON, or is nested too deeply, is refused for that.
    throw error instanceof FhirError && error.status === 413 ? tooManyParts(parseInput(text, Number.POSITIVE_INFINITY)) : error;
  }
  const params = JSON.parse(text) as unknown;
  if (params === null || typeof params !== "object" || Array.isArray(params)) {
    throw httpError(400, "NOT_AN_OBJECT", "The params must be a JSON object.");
  }
  return params;
}

/** Names the largest parameter. */
function tooManyParts(params: unknown) {
  const sizes = Object.entries(params ?? {}).map(([name, value]) => [name, JSON.stringify(value).length] as const);
  const [largest = ""] = sizes.sort(([, a], [, b]) => b - a)[0] ?? [];
  const message = `The params have more than ${MAX_PARTS} objects, lists and members, most of them in '${largest.slice(0, 64)}': send fewer.`;
  return httpError(413, "TOO_MANY_PARTS", message, { field: largest.slice(0, 64) });
}

function isJson(contentType: string): boolean {
  const [type = "", ...parameters] = contentType.split(";");
  if (!/^\s*application\/(?:[\w.-]+\+)?json\s*$/i.test(type)) return false;
  const charset = parameters.find((one) => /^\s*charset\s*=/i.test(one));
  return charset === undefined || /=\s*"?utf-?8"?\s*$/i.test(charset);
}

/**
 * A query has only strings: numbers and booleans are parsed where the action's parameters say so.
 * @throws 400 for a repeated name, broken percent-encoding, a NUL
 */
function queryParams(url: string, query: URLSearchParams, rules: Record<string, unknown>): object {
  // URLSearchParams replaces invalid UTF-8 silently.
  if (!isDecodable(url)) throw httpError(400, "BAD_URL", "The URL has a broken percent-encoding.");
  const params = new Map<string, unknown>();
  for (const [name, value] of query) {
    if (params.has(name)) throw httpError(400, "PARAM_TWICE", "A param is in the query twice: send it once.");
    if (value.includes("\0") || name.includes("\0")) throw httpError(400, "BAD_URL", "The query contains the character NUL.");
    params.set(name, readAs(value, typeOfRule(rules[name])));
  }
  return Object.fromEntries(params);
}

function readAs(text: string, type: string | undefined): unknown {
  if (type === "number" && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
