/** The paths under /fhir of the OpenAPI document: each interaction of each type that is currently served. */
import { criteriaOf, fhirContent, REFUSALS, ref } from "./fhir-schemas.ts";
import type { JsonSchema } from "./params-schema.ts";

const tags = ["FHIR R4"];
const id = ref("parameters", "id");
const searched = (sort: string): JsonSchema[] => ["count", "summary", "total", sort].map((name) => ref("parameters", name));
const ONCE = [ref("parameters", "idempotencyKey")];
const IF_MATCH = '`If-Match: W/"3"` names the version that is changed; another is refused by 412.';
const BY_CRITERIA = "The criteria are search parameters in the query; without any the answer is 412.";

interface Told {
  /** Schema of the body, in `components`. */
  body?: string;
  media?: string;
  /** Answers other than refusals, by status: a schema's name, or "" for none. */
  answers: Record<number, string>;
  parameters?: JsonSchema[];
  description?: string;
}

function interaction(operationId: string, summary: string, { body, media, answers, parameters = [], description }: Told): JsonSchema {
  const content = body === undefined ? {} : media === undefined ? fhirContent(body) : { [media]: { schema: ref("schemas", body) } };
  return {
    tags,
    summary,
    operationId: `fhir.${operationId}`,
    ...(description !== undefined && { description }),
    parameters,
    ...(body !== undefined && { requestBody: { required: body !== "OperationParameters", content } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [
          status,
          { description: DESCRIPTIONS[status] ?? "Done", ...(schema !== "" && { content: fhirContent(schema) }) },
        ]),
      ),
      ...REFUSALS,
    },
  };
}

const DESCRIPTIONS: Record<string, string> = {
  200: "Done",
  201: "Created; `Location` names its version",
  204: "Deleted",
  304: "Not changed since the version, or the time, that was named",
};

/** @param types that are served; none: FHIR is not served */
export function fhirPaths(types: string[]): JsonSchema {
  if (types.length === 0) return {};
  return {
    "/fhir": {
      post: interaction("bundle", "Batch or transaction", { body: "Request", answers: { 200: "Response" }, parameters: ONCE }),
      get: interaction("search", "Search several types: `_type` names them", {
        answers: { 200: "Searchset" },
        parameters: searched("sort"),
      }),
    },
    "/fhir/metadata": { get: interaction("metadata", "What is served right now", { answers: { 200: "Capabilities" } }) },
    "/fhir/_history": {
      get: interaction("history", "History of all types, newest first", {
        answers: { 200: "History" },
        parameters: [ref("parameters", "historyCount")],
      }),
    },
    "/fhir/$meta": {
      get: interaction("meta", "Profiles, tags and security labels in use", { answers: { 200: "OperationParameters" } }),
      post: interaction("meta.post", "The same, asked by Parameters", {
        body: "OperationParameters",
        answers: { 200: "OperationParameters" },
      }),
    },
    ...Object.fromEntries(types.flatMap(pathsOf)),
  };
}

const pathsOf = (type: string): [path: string, item: JsonSchema][] => [
  [`/fhir/${type}`, typePath(type)],
  [`/fhir/${type}/{id}`, instancePath(type)],
  [
    `/fhir/${type}/{id}/_history`,
    {
      parameters: [id],
      get: interaction(`${type}.history`, `History of a ${type}, newest first`, {
        answers: { 200: "History" },
        parameters: [ref("parameters", "historyCount")],
      }),
    },
  ],
  [
    `/fhir/${type}/{id}/_history/{version}`,
    {
      parameters: [id, ref("parameters", "version")],
      get: interaction(`${type}.vread`, `Read a version of a ${type}`, { answers: { 200: type, 304: "" } }),
    },
  ],
];

const typePath = (type: string): JsonSchema => ({
  get: interaction(`${type}.search`, `Search ${type}`, {
    answers: { 200: "Searchset" },
    parameters: searched(`sort.${type}`),
    description: criteriaOf(type),
  }),
  post: interaction(`${type}.create`, `Create a ${type}`, { body: type, answers: written(type), parameters: ONCE }),
  put: interaction(`${type}.updateBy`, `Update or create the one ${type} that meets the criteria`, {
    body: type,
    answers: written(type),
    description: BY_CRITERIA,
  }),
  patch: interaction(`${type}.patchBy`, `Patch the one ${type} that meets the criteria`, {
    body: "Patch",
    media: "application/json-patch+json",
    answers: { 200: type },
    description: BY_CRITERIA,
  }),
  delete: interaction(`${type}.deleteBy`, `Delete the ${type} that meets the criteria`, {
    answers: { 200: "OperationOutcome", 204: "" },
    description: BY_CRITERIA,
  }),
});

const instancePath = (type: string): JsonSchema => ({
  parameters: [id],
  get: interaction(`${type}.read`, `Read a ${type}`, {
    answers: { 200: type, 304: "" },
    parameters: [ref("parameters", "summaryOfOne")],
  }),
  put: interaction(`${type}.update`, `Update a ${type}, or create it under this id`, {
    body: type,
    answers: written(type),
    description: IF_MATCH,
  }),
  patch: interaction(`${type}.patch`, `Change a part of a ${type}`, {
    body: "Patch",
    media: "application/json-patch+json",
    answers: { 200: type },
    description: IF_MATCH,
  }),
  delete: interaction(`${type}.delete`, `Delete a ${type}`, {
    answers: { 200: "OperationOutcome", 204: "" },
    description: IF_MATCH,
  }),
});

const written = (type: string) => ({ 200: type, 201: type });
