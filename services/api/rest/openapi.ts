/** OpenAPI 3.1 of what the mesh serves at this moment, made from the live contracts. */
import type { PublishedAction } from "./actions.ts";
import { typeOfRule } from "./actions.ts";

type Json = Record<string, unknown>;

/**
 * @param actions the domain's published actions
 * @param fhirTypes FHIR types that are served right now
 * @param server base URL, e.g. http://127.0.0.1:3000
 */
export function openapi(actions: PublishedAction[], fhirTypes: string[], server: string, version: string): Json {
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
    components: { schemas: { Error: ERROR_SCHEMA, OperationOutcome: { type: "object", description: "FHIR R4 OperationOutcome" } } },
  };
}

const serviceOf = ({ name }: PublishedAction): string => name.slice(0, name.indexOf("."));

const ERROR_SCHEMA = {
  type: "object",
  required: ["code", "type", "message"],
  properties: {
    code: { type: "integer", description: "HTTP status" },
    type: { type: "string", description: "The error's name, for programs" },
    message: { type: "string", description: "What happened and what to change, for people" },
    data: { type: "object", description: "Ids that the error is about" },
  },
};

function actionPath(action: PublishedAction): Json {
  const schema = objectSchema(action.params);
  const common = {
    tags: [serviceOf(action)],
    summary: action.summary ?? action.name,
    ...(action.deprecated && {
      deprecated: true,
      description: `The former name of ${serviceOf(action)}.${action.deprecated}; gone in the next version.`,
    }),
    responses: {
      200: { description: "Done", content: { "application/json": { schema: {} } } },
      default: { description: "Refused", content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
    },
  };
  const hasParams = Object.keys(schema.properties as Json).length > 0;
  const post = {
    ...common,
    operationId: `${action.name}.post`,
    ...(hasParams && { requestBody: { required: true, content: { "application/json": { schema } } } }),
  };
  if (action.rest === "POST") return { post: { ...post, operationId: action.name } };
  const required = new Set(schema.required as string[] | undefined);
  const parameters = Object.entries(schema.properties as Json).map(([name, it]) => ({
    name,
    in: "query",
    required: required.has(name),
    schema: it,
  }));
  return { get: { ...common, operationId: action.name, parameters }, post };
}

/** Moleculer's validator rules (fastest-validator) as a JSON Schema. */
function objectSchema(rules: Json): Json {
  const names = Object.keys(rules).filter((name) => !name.startsWith("$$"));
  const required = names.filter((name) => !isOptional(rules[name]));
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, schemaOf(rules[name])])),
    ...(required.length > 0 && { required }),
    ...(rules.$$strict === true && { additionalProperties: false }),
  };
}

const isOptional = (rule: unknown): boolean =>
  typeof rule === "string"
    ? rule.includes("|optional")
    : rule !== null && typeof rule === "object" && ((rule as Json).optional === true || "default" in (rule as Json));

function schemaOf(rule: unknown): Json {
  const type = typeOfRule(rule);
  const options: Json = typeof rule === "object" && rule !== null ? (rule as Json) : shorthand(String(rule));
  const described = typeof options.description === "string" ? { description: options.description } : {};
  switch (type) {
    case "number": {
      const isInteger = options.integer === true;
      return {
        type: isInteger ? "integer" : "number",
        ...limits(options, "minimum", "maximum"),
        ...(options.positive === true && { exclusiveMinimum: 0 }),
        ...described,
      };
    }
    case "boolean":
      return { type: "boolean", ...described };
    case "array":
      return {
        type: "array",
        items: options.items === undefined ? {} : schemaOf(options.items),
        ...limits(options, "minItems", "maxItems"),
        ...described,
      };
    case "object": {
      const inner = (options.props ?? options.properties) as Json | undefined;
      return inner ? { ...objectSchema(inner), ...described } : { type: "object", ...described };
    }
    case "enum":
      return { type: "string", enum: options.values, ...described };
    case "any":
      return { ...described };
    default: {
      const pattern = options.pattern instanceof RegExp ? options.pattern.source : options.pattern;
      return {
        type: "string",
        ...limits(options, "minLength", "maxLength"),
        ...(typeof pattern === "string" && { pattern }),
        ...described,
      };
    }
  }
}

const limits = (options: Json, least: string, most: string): Json => ({
  ...(options.min !== undefined && { [least]: options.min }),
  ...(options.max !== undefined && { [most]: options.max }),
});

function shorthand(rule: string): Json {
  return Object.fromEntries(
    rule
      .split("|")
      .slice(1)
      .map((part) => {
        const [name = "", value] = part.split(":");
        return [name, value === undefined ? true : Number.isFinite(Number(value)) ? Number(value) : value];
      }),
  );
}

const FHIR_JSON = { "application/fhir+json": { schema: { type: "object" } } };
const OUTCOME = {
  default: { description: "Refused", content: { "application/fhir+json": { schema: { $ref: "#/components/schemas/OperationOutcome" } } } },
};

function fhirPaths(types: string[]): Json {
  if (types.length === 0) return {};
  const id = { name: "id", in: "path", required: true, schema: { type: "string", pattern: "^[A-Za-z0-9\\-.]{1,64}$" } };
  const body = { required: true, content: FHIR_JSON };
  const ok = (description: string, status = 200) => ({ [status]: { description, content: FHIR_JSON }, ...OUTCOME });
  const tags = ["FHIR R4"];
  const paths: Json = {
    "/fhir": {
      post: { tags, summary: "Batch or transaction", operationId: "fhir.bundle", requestBody: body, responses: ok("The response bundle") },
    },
    "/fhir/metadata": {
      get: { tags, summary: "CapabilityStatement", operationId: "fhir.metadata", responses: ok("What is served right now") },
    },
    "/fhir/$meta": {
      get: {
        tags,
        summary: "Profiles, tags and security labels in use",
        operationId: "fhir.meta",
        responses: ok("Parameters with a Meta"),
      },
    },
  };
  for (const type of types) {
    paths[`/fhir/${type}`] = {
      get: { tags, summary: `Search ${type}`, operationId: `fhir.${type}.search`, responses: ok("A searchset") },
      post: { tags, summary: `Create a ${type}`, operationId: `fhir.${type}.create`, requestBody: body, responses: ok("Created", 201) },
    };
    paths[`/fhir/${type}/{id}`] = {
      parameters: [id],
      get: { tags, summary: `Read a ${type}`, operationId: `fhir.${type}.read`, responses: ok("The resource") },
      put: { tags, summary: `Update a ${type}`, operationId: `fhir.${type}.update`, requestBody: body, responses: ok("Updated") },
      delete: {
        tags,
        summary: `Delete a ${type}`,
        operationId: `fhir.${type}.delete`,
        responses: { 204: { description: "Deleted" }, ...OUTCOME },
      },
    };
    paths[`/fhir/${type}/{id}/_history`] = {
      parameters: [id],
      get: { tags, summary: `History of a ${type}`, operationId: `fhir.${type}.history`, responses: ok("A history bundle") },
    };
  }
  return paths;
}
