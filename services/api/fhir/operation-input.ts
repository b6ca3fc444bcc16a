/** The input and output of operations (FHIR R4, operations.html#executing-an-operation-synchronously). */
import { isRawNumber, parseInput } from "../../../fhir/json.ts";
import { sizeLimitsOf } from "../../../fhir/resource-size.ts";
import { fhirError } from "../../../fhir/outcome.ts";
import { isType } from "../../../federation/errors.ts";
import type { Answer } from "../http/answer.ts";
import { FHIR_JSON } from "./media-types.ts";
import { type FhirRequest, readBy } from "./request.ts";

/** A resource, or a part of one, as plain JSON. */
export type Json = Record<string, unknown>;

/** The items of a repeating element, without nulls; [] if it is absent. */
export const asArray = (value: unknown): Json[] => (Array.isArray(value) ? (value as (Json | null)[]).filter((it) => it !== null) : []);

/** 200 with the resource. */
export const fhirAnswer = (body: object): Answer => ({ status: 200, headers: { "Content-Type": FHIR_JSON }, body: JSON.stringify(body) });

/** Input of an operation on one resource or datatype. */
export interface OperationInput {
  /** The body, if there is one. */
  body?: Json;
  /** The further parameters, if the body is Parameters. */
  parameters: Json[];
  /** The resource, or Meta, to operate on: the parameter of that name, or the body itself if it is not Parameters. */
  value?: Json;
}

/** @param name of the parameter with the resource or datatype to operate on @param type of the resource, for its limits @throws FhirError 400 if it is not a JSON object, 413 */
export function givenIn(text: string, name: string, type = "Parameters"): OperationInput {
  const body = parseInput(text, sizeLimitsOf(type).parts) as Json | null;
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw fhirError(400, "structure", "The body must be a FHIR resource, a JSON object.");
  }
  if (body.resourceType !== "Parameters") return { parameters: [], value: body };
  const parameters = asArray(body.parameter);
  const found = parameters.find((it) => it.name === name);
  return { parameters, body, ...(found && { value: (found.resource ?? found.valueMeta) as Json }) };
}

/**
 * The GET that is equivalent to a POST: the parameters of the body follow those of the URL. A body may be absent.
 * @throws FhirError 400 for a body that is not Parameters, or a parameter that cannot be in a URL
 */
export async function operationRequest(request: FhirRequest): Promise<FhirRequest> {
  const pairs = pairsIn(await optionalBody(request));
  const form = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const search = [request.search, ...form].filter((part) => part !== "").join("&");
  return readBy(request, search);
}

/** The body; undefined without one, as for an entry of a batch without a resource. */
export async function optionalBody(request: FhirRequest): Promise<string | undefined> {
  try {
    return await request.body();
  } catch (error) {
    if (isType(error, "BODY_MISSING")) return undefined;
    throw error;
  }
}

function pairsIn(text: string | undefined): [name: string, value: string][] {
  if (text === undefined) return [];
  const body = parseInput(text) as { resourceType?: unknown; parameter?: unknown } | null;
  if (body === null || typeof body !== "object" || body.resourceType !== "Parameters") {
    throw fhirError(400, "structure", "The body of an operation must be a Parameters resource.");
  }
  const parameters: unknown[] = Array.isArray(body.parameter) ? body.parameter : [];
  return parameters.map((parameter, index) => {
    const { name, ...rest } = (parameter ?? {}) as Record<string, unknown>;
    const at = `Parameters.parameter[${index}]`;
    if (typeof name !== "string") throw fhirError(400, "required", "A parameter needs a name.", `${at}.name`);
    const values = Object.entries(rest).filter(([member]) => /^value[A-Z]/.test(member));
    const [[, value] = []] = values;
    const plain = isRawNumber(value) ? value.rawJSON : value;
    if (values.length !== 1 || !["string", "number", "boolean"].includes(typeof plain)) {
      throw fhirError(400, "value", `The parameter "${name.slice(0, 64)}" must have one value of a primitive type.`, at);
    }
    return [name, String(plain)];
  });
}
