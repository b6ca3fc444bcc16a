/** Answers of /api besides results: the format of errors, and the statuses that any action may have. */
import type { JsonSchema } from "./params-schema.ts";

/** As made by services/api/rest/rest-refusals.ts. */
export const ERROR_SCHEMA = {
  type: "object",
  required: ["error"],
  additionalProperties: false,
  properties: {
    error: {
      type: "object",
      required: ["code", "type", "message"],
      additionalProperties: false,
      properties: {
        code: { type: "integer", minimum: 400, maximum: 599, description: "HTTP status" },
        type: { type: "string", pattern: "^[A-Z][A-Z0-9_]*$", description: "The error's name, for programs" },
        message: { type: "string", description: "What happened and what to change, for people" },
        data: {
          type: "object",
          description: "Ids that the error is about; of VALIDATION_ERROR: the first 20 params that are refused",
          properties: {
            fields: {
              type: "array",
              maxItems: 20,
              items: {
                type: "object",
                required: ["field", "rule", "message"],
                properties: {
                  field: { type: "string", description: "Where: `given[0]`; empty for the params as a whole" },
                  rule: { type: "string", description: "The rule that it breaks: `required`, `stringMax`, …" },
                  message: { type: "string" },
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

const STATUSES: Record<string, string> = {
  400: "The request cannot be read: no JSON, no object, or a character that is not permitted in texts",
  404: "What the params name is not there, or nobody publishes this action at the moment",
  405: "The action is not called by this method",
  409: "A rule of the domain refuses it; `error.type` names the rule",
  413: "The body is too large",
  415: "The body is no application/json in UTF-8",
  422: "Params do not match their schema; `error.data.fields` says which, and how",
  429: "Too many calls at once: try again after `Retry-After` seconds",
  500: "A fault of the server; it is in its log",
  503: "A service is not available at the moment: try again after `Retry-After` seconds",
  507: "The store of a service is full: nothing new is stored until there is room",
};

/** Answers of any action other than results, by status. */
export const ACTION_ERRORS: JsonSchema = Object.fromEntries(
  [...Object.keys(STATUSES), "default"].map((status) => [
    status,
    status === "default" ? { $ref: "#/components/responses/Error" } : { $ref: `#/components/responses/Error${status}` },
  ]),
);

const content = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };

/** The responses to which they refer. */
export const ERROR_RESPONSES: JsonSchema = Object.fromEntries([
  ["Error", { description: "Refused", content }],
  ...Object.entries(STATUSES).map(([status, description]) => [
    `Error${status}`,
    {
      description,
      content,
      ...(status === "405" && { headers: { Allow: { schema: { type: "string" }, description: "Methods that are possible" } } }),
      ...(["429", "503", "507"].includes(status) && { headers: { "Retry-After": { schema: { type: "string" }, description: "Seconds" } } }),
    },
  ]),
]);
