/**
 * The domain's actions over HTTP: `POST /api/<service>/<action>` with the params as a JSON object, and `GET` with the
 * params as query for those that only read. What may be called, and how, is said by the action itself (`rest`), and
 * learnt from Moleculer's registry; nothing else of the mesh can be reached this way.
 */
import type { IncomingMessage } from "node:http";
import type { ActionSchema as MoleculerAction, Context, ServiceBroker } from "moleculer";
import { directoryOf } from "../../../federation/directory.ts";
import { serviceDown } from "../../../federation/errors.ts";
import { parseJson } from "../../../fhir/json.ts";
import { MAX_PARAMS_BYTES, readText } from "../http/body.ts";
import { httpError } from "../http/errors.ts";
import type { Answer } from "../http/answer.ts";

type ActionSchema = MoleculerAction & { summary?: string; deprecated?: string };

/** An action as the registry knows it. */
export interface PublishedAction {
  name: string;
  rest: "GET" | "POST";
  summary?: string;
  params: Record<string, unknown>;
  /** This is its former name; the one to use now, without the service. */
  deprecated?: string;
}

/** All actions that any live service publishes, in order of name. */
export function publishedActions(broker: ServiceBroker): PublishedAction[] {
  const list = broker.registry.getActionList({ onlyAvailable: true, skipInternal: true }) as unknown as {
    name: string;
    action?: ActionSchema;
  }[];
  return list
    .flatMap(({ name, action }) => (action && isPublished(action) ? [describe(name, action)] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Handles one request; `path` is what follows `/api/`. */
export async function callAction(ctx: Context, request: IncomingMessage, path: string, query: URLSearchParams): Promise<Answer> {
  const action = find(ctx.broker, path.replace("/", "."));
  const allowed = action.rest === "GET" ? ["GET", "HEAD", "POST"] : ["POST"];
  if (!allowed.includes(request.method ?? "")) {
    throw httpError(405, "METHOD_NOT_ALLOWED", `${path} takes ${allowed.join(", ")}.`, { allow: allowed.join(", ") });
  }
  const params = request.method === "POST" ? await bodyParams(request) : queryParams(query, action.params);
  const result = await ctx.call(action.name, params);
  return { status: 200, headers: { "Content-Type": "application/json; charset=utf-8" }, body: JSON.stringify(result ?? null) };
}

function find(broker: ServiceBroker, name: string): PublishedAction {
  const list = broker.registry.actions.get(name) as { hasAvailable(): boolean; endpoints: { action: ActionSchema }[] } | undefined;
  const action = list?.endpoints[0]?.action;
  // An action that is not published is answered like one that does not exist: nobody can probe for names.
  if (action && isPublished(action)) return describe(name, action);
  const [service = ""] = name.split(".", 1);
  if (!action && directoryOf(broker).isDown(service)) throw serviceDown(service);
  throw httpError(404, "ACTION_NOT_FOUND", "There is no such action; /openapi.json lists those that are.");
}

const isPublished = (action: ActionSchema): boolean => action.rest === "GET" || action.rest === "POST";

const describe = (name: string, action: ActionSchema): PublishedAction => ({
  name,
  rest: action.rest as "GET" | "POST",
  params: (action.params ?? {}) as Record<string, unknown>,
  ...(typeof action.summary === "string" && { summary: action.summary }),
  ...(typeof action.deprecated === "string" && { deprecated: action.deprecated }),
});

async function bodyParams(request: IncomingMessage): Promise<object> {
  const text = await readText(request, MAX_PARAMS_BYTES);
  if (text === "") return {};
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/([\w.-]+\+)?json\b/.test(type)) throw httpError(415, "NOT_JSON", "Send the params as application/json.");
  const params = parseJson(text);
  if (params === null || typeof params !== "object" || Array.isArray(params))
    throw httpError(400, "NOT_AN_OBJECT", "The params must be a JSON object.");
  return params;
}

/** A query has only strings: numbers and booleans are read where the action's params say so. */
function queryParams(query: URLSearchParams, rules: Record<string, unknown>): object {
  return Object.fromEntries(
    [...query].map(([name, value]) => {
      const type = typeOfRule(rules[name]);
      if (type === "number" && value.trim() !== "" && Number.isFinite(Number(value))) return [name, Number(value)];
      if (type === "boolean" && (value === "true" || value === "false")) return [name, value === "true"];
      return [name, value];
    }),
  );
}

/** The type in a rule of Moleculer's validator: `"number|min:1"` or `{ type: "number", … }`. */
export function typeOfRule(rule: unknown): string | undefined {
  if (typeof rule === "string") return rule.split("|")[0];
  if (rule !== null && typeof rule === "object") return (rule as { type?: string }).type;
  return undefined;
}
