/** Parts of the OpenAPI document that all FHIR paths share: resources, statuses, parameters. */
import { elementsOf, isPrimitiveType } from "../../../fhir/validate/structure-definition.ts";
import { parametersOf } from "../../../fhir/search/parameters.ts";
import { IDEMPOTENCY_KEY, type JsonSchema } from "./params-schema.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";

/** A reference to a part of the document in `components`. */
export const ref = (kind: "schemas" | "responses" | "parameters", name: string): JsonSchema => ({ $ref: `#/components/${kind}/${name}` });

/** Content in FHIR's JSON with a schema of `components`. */
export const fhirContent = (schema: string): JsonSchema => ({ "application/fhir+json": { schema: ref("schemas", schema) } });

const ID = `^${ID_PATTERN}$`;

/**
 * A resource as far as a schema can describe it: its elements by name, and their JSON types. R4's further rules (types of elements, value sets,
 * invariants, references) are refused with 422.
 */
function resourceSchema(type: string): JsonSchema {
  const elements = elementsOf(type).flatMap(({ name, types = ["BackboneElement"], isChoice = false, max = 1, min = 0 }) =>
    types.map((one) => ({
      name: isChoice ? name + (one[0] ?? "").toUpperCase() + one.slice(1) : name,
      one,
      isList: max !== 1,
      isRequired: min > 0 && !isChoice,
    })),
  );
  const properties = Object.fromEntries(
    elements.flatMap(({ name, one, isList }): [string, JsonSchema][] => [
      [name, name === "id" ? { type: "string", pattern: ID } : isList ? { type: "array", minItems: 1 } : plain(one)],
      ...(isPrimitiveType(one) && name !== "id" ? [[`_${name}`, { type: isList ? "array" : "object" }] as [string, JsonSchema]] : []),
    ]),
  );
  // A required element of a primitive type may have only extensions, under its name with an underscore.
  const required = elements.filter(({ isRequired, one }) => isRequired && !isPrimitiveType(one)).map(({ name }) => name);
  return {
    type: "object",
    required: ["resourceType", ...required],
    properties: { resourceType: { const: type }, ...properties },
    additionalProperties: false,
  };
}

function plain(type: string): JsonSchema {
  if (type === "boolean") return { type: "boolean" };
  if (["integer", "positiveInt", "unsignedInt"].includes(type)) return { type: "integer" };
  if (type === "decimal") return { type: "number" };
  return { type: isPrimitiveType(type) ? "string" : "object" };
}

const ISSUE = {
  type: "object",
  required: ["severity", "code"],
  properties: {
    severity: { enum: ["fatal", "error", "warning", "information"] },
    code: { type: "string" },
    diagnostics: { type: "string", description: "What happened and what to change, for people" },
    expression: { type: "array", items: { type: "string" }, description: "Where in the request, as FHIRPath" },
  },
};

const BUNDLE = (type: string[]): JsonSchema => ({
  type: "object",
  required: ["resourceType", "type"],
  properties: {
    resourceType: { const: "Bundle" },
    type: { enum: type },
    total: { type: "integer", minimum: 0 },
    link: { type: "array", items: { type: "object", required: ["relation", "url"] } },
    entry: { type: "array", items: { type: "object" } },
  },
});

const STATUSES: Record<string, string> = {
  400: "The request cannot be understood: no JSON, an impossible parameter or value, an id that differs from the path's",
  404: "There is no such resource, or its type is not served",
  405: "The method is not possible here",
  406: "FHIR is served as JSON only",
  409: "It conflicts with stored data: a resource with the same key, a reference, a rule of the domain",
  410: "The resource was deleted",
  412: "A precondition does not hold: If-Match, If-None-Match, or the criteria have none or several matches",
  413: "The request, or what it asks for, is too large",
  415: "The body is not application/fhir+json in UTF-8",
  422: "The resource breaks a rule of FHIR R4 or of its profiles; each issue says which, and where",
  429: "Too many requests at once: try again after `Retry-After` seconds",
  500: "A fault of the server; it is in its log",
  501: "Not supported yet",
  503: "A service is not available at the moment: try again after `Retry-After` seconds",
  507: "The store of a service is full: nothing new is stored until there is room",
};

/** Refusals, for any interaction. The description of each class explains its statuses. */
export const REFUSALS: JsonSchema = { "4XX": ref("responses", "Refused"), "5XX": ref("responses", "Failed") };

const refusals = (first: string, headers: JsonSchema): JsonSchema => ({
  description: Object.entries(STATUSES)
    .filter(([status]) => status.startsWith(first))
    .map(([status, meaning]) => `${status}: ${meaning}.`)
    .join("\n\n"),
  content: fhirContent("OperationOutcome"),
  headers,
});

const query = (name: string, description: string, schema: JsonSchema): JsonSchema => ({ name, in: "query", description, schema });

/** @param types that are served */
export function fhirComponents(types: string[]): Record<string, JsonSchema> {
  return {
    schemas: {
      OperationOutcome: {
        type: "object",
        required: ["resourceType", "issue"],
        properties: { resourceType: { const: "OperationOutcome" }, issue: { type: "array", minItems: 1, items: ISSUE } },
      },
      Searchset: BUNDLE(["searchset"]),
      History: BUNDLE(["history"]),
      Response: BUNDLE(["batch-response", "transaction-response"]),
      Request: {
        ...BUNDLE(["batch", "transaction"]),
        description: "A Bundle whose entries each have a `request`",
      },
      // What an operation takes of it; as a resource it has its own schema below.
      OperationParameters: { type: "object", required: ["resourceType"], properties: { resourceType: { const: "Parameters" } } },
      Capabilities: { type: "object", required: ["resourceType"], properties: { resourceType: { const: "CapabilityStatement" } } },
      Patch: {
        description: "JSON Patch (RFC 6902)",
        type: "array",
        items: {
          type: "object",
          required: ["op", "path"],
          properties: {
            op: { enum: ["add", "remove", "replace", "move", "copy", "test"] },
            path: { type: "string" },
            from: { type: "string" },
          },
        },
      },
      ...Object.fromEntries(types.map((type) => [type, resourceSchema(type)])),
    },
    responses: {
      Refused: refusals("4", {
        Allow: { schema: { type: "string" }, description: "Of 405: methods that are possible" },
        "Retry-After": { schema: { type: "string" }, description: "Of 429: seconds" },
      }),
      Failed: refusals("5", { "Retry-After": { schema: { type: "string" }, description: "Of 503 and 507: seconds" } }),
    },
    parameters: {
      id: { name: "id", in: "path", required: true, description: "The resource's logical id", schema: { type: "string", pattern: ID } },
      idempotencyKey: IDEMPOTENCY_KEY,
      version: { name: "version", in: "path", required: true, description: "Of the resource", schema: { type: "string", pattern: ID } },
      // An empty value counts as absent (R4 3.1.1.3): forms send it.
      count: query("_count", "Matches on a page; more than 1,000 are taken as 1,000", {
        type: ["integer", "string"],
        minimum: 0,
        maxLength: 0,
      }),
      historyCount: query("_count", "Versions on a page; more than 1,000 are taken as 1,000", {
        type: "integer",
        minimum: 0,
        maximum: 999_999_999_999,
      }),
      summary: query("_summary", "Which part of each match", { enum: ["true", "text", "data", "count", "false", ""] }),
      summaryOfOne: query("_summary", "Which part of the resource", { enum: ["true", "text", "data", "false", ""] }),
      total: query("_total", "Whether matches are counted", { enum: ["none", "estimate", "accurate", ""] }),
      sort: sort([], ""),
      ...Object.fromEntries(types.map((type) => [`sort.${type}`, sort(sortable(type))])),
    },
  };
}

const sortable = (type: string): string[] =>
  [...parametersOf(type).values()].flatMap((one) => (["special", "composite"].includes(one.type) ? [] : one.code));

/** @param empty `?` if an empty value counts as absent */
function sort(codes: string[], empty: "?" | "" = "?"): JsonSchema {
  const key = `-?(?:${["_id", "_lastUpdated", ...codes].join("|")})`;
  return query("_sort", "Codes of search parameters, the first counts most; `-` turns the order round", {
    type: "string",
    pattern: `^(?:${key}(?:,${key}){0,9})${empty}$`,
  });
}

/** Search parameters of a type, for people: each has modifiers, lists, prefixes and chains, which a schema cannot express. */
export function criteriaOf(type: string): string {
  const known = [...parametersOf(type).values()].map((one) => `\`${one.code}\` (${one.type})`);
  return `Search parameters: \`_id\`, \`_lastUpdated\` (date), ${known.join(", ")}. Unknown parameters are ignored and named in the answer, or refused with \`Prefer: handling=strict\`.`;
}
