/** OpenAPI 3.1 of what the mesh currently serves, made from the live contracts. */
import { needsParams, type PublishedAction } from "./actions.ts";
import { ACTION_ERRORS, ERROR_RESPONSES, ERROR_SCHEMA } from "./errors-schema.ts";
import { fhirPaths } from "./fhir-paths.ts";
import { fhirComponents } from "./fhir-schemas.ts";
import { IDEMPOTENCY_KEY, type JsonSchema, objectSchema } from "./params-schema.ts";

/**
 * @param actions the domain's published actions
 * @param fhirTypes FHIR types that are currently served
 * @param server base URL, e.g. http://127.0.0.1:3000
 */
export function openapi(actions: PublishedAction[], fhirTypes: string[], server: string, version: string): JsonSchema {
  return {
    openapi: "3.1.0",
    info: {
      title: "OpenWard",
      version,
      description: "The domain's actions under /api, HL7 FHIR R4 under /fhir. Made from the services that run at this moment.",
    },
    servers: [{ url: server }],
    tags: [...new Set(actions.map(serviceOf)), ...(fhirTypes.length > 0 ? ["FHIR R4"] : [])].map((name) => ({ name })),
    paths: {
      ...Object.fromEntries(actions.map((action) => [`/api/${action.name.replace(".", "/")}`, actionPath(action)])),
      ...fhirPaths(fhirTypes),
    },
    components: merged(
      { schemas: { Error: ERROR_SCHEMA }, responses: ERROR_RESPONSES },
      fhirTypes.length > 0 ? fhirComponents(fhirTypes) : {},
    ),
  };
}

const serviceOf = ({ name }: PublishedAction): string => name.slice(0, name.indexOf("."));

function actionPath(action: PublishedAction): JsonSchema {
  const schema = objectSchema(action.params);
  const common = {
    tags: [serviceOf(action)],
    summary: action.summary ?? action.name,
    ...(action.deprecated && {
      deprecated: true,
      description: `The former name of ${serviceOf(action)}.${action.deprecated}; gone in the next version.`,
    }),
    responses: {
      200: {
        description: "Done",
        content: { [action.produces ?? "application/json"]: { schema: action.produces ? { type: "string" } : {} } },
      },
      ...ACTION_ERRORS,
    },
  };
  const hasParams = Object.keys(schema.properties as JsonSchema).length > 0;
  const post = {
    ...common,
    operationId: `${action.name}.post`,
    ...(hasParams && { requestBody: { required: needsParams(action), content: { "application/json": { schema } } } }),
  };
  const once = { parameters: [IDEMPOTENCY_KEY] };
  if (action.rest === "POST") return { post: { ...post, ...once, operationId: action.name } };
  const required = new Set(schema.required as string[] | undefined);
  const parameters = Object.entries(schema.properties as JsonSchema).map(([name, it]) => ({
    name,
    in: "query",
    required: required.has(name),
    schema: it,
  }));
  return { get: { ...common, operationId: action.name, parameters }, post };
}

/** Merges two sets of components. */
function merged(ours: Record<string, object>, others: Record<string, object>): JsonSchema {
  const kinds = [...new Set([...Object.keys(ours), ...Object.keys(others)])];
  return Object.fromEntries(kinds.map((kind) => [kind, { ...ours[kind], ...others[kind] }]));
}
