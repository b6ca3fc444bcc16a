/** Operations that change nothing, called by POST with a Parameters resource (FHIR R4, operations.html#executing-an-operation-synchronously). */
import { isRawNumber, parseInput } from "../../../fhir/json.ts";
import { fhirError } from "../../../fhir/outcome.ts";
import { isType } from "../../../mixins/fhir/errors.ts";
import { type FhirRequest, pairsOf } from "./request.ts";

/**
 * The call by GET that a POST stands for: the parameters of its body behind those of its URL. A body may be absent.
 * @throws FhirError 400 for a body that is no Parameters, or a parameter that no URL could bear
 */
export async function operationRequest(request: FhirRequest): Promise<FhirRequest> {
  const pairs = pairsIn(await optionalBody(request));
  const form = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const search = [request.search, ...form].filter((part) => part !== "").join("&");
  return { ...request, method: "GET", search, query: pairsOf(search) };
}

/** undefined without one; an entry of a batch without a resource has none either. */
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
  if (body === null || typeof body !== "object" || body.resourceType !== "Parameters")
    throw fhirError(400, "structure", "The body of an operation must be a Parameters resource.");
  const parameters: unknown[] = Array.isArray(body.parameter) ? body.parameter : [];
  return parameters.map((parameter, index) => {
    const { name, ...rest } = (parameter ?? {}) as Record<string, unknown>;
    const at = `Parameters.parameter[${index}]`;
    if (typeof name !== "string") throw fhirError(400, "required", "A parameter needs a name.", `${at}.name`);
    const values = Object.entries(rest).filter(([member]) => /^value[A-Z]/.test(member));
    const [[, value] = []] = values;
    const plain = isRawNumber(value) ? value.rawJSON : value;
    if (values.length !== 1 || !["string", "number", "boolean"].includes(typeof plain))
      throw fhirError(400, "value", `The parameter "${name.slice(0, 64)}" must have one value of a primitive type.`, at);
    return [name, String(plain)];
  });
}
