/** Helpers by which domain actions refer to resources of other services. */
import { uriRule } from "../../mesh/param-rules.ts";
import type { Encounter, FhirResource, Stored } from "../../fhir/r4.ts";
import { isType, notFound } from "../../federation/errors.ts";
import { readResource } from "../../federation/read.ts";
import { parseJson } from "../../fhir/json.ts";
import type { QueryContext } from "../../federation/query-context.ts";
import { ID_PATTERN } from "../../fhir/ids.ts";

/** Rule of a literal reference, `Type/id`, for Moleculer's validator. */
export const referenceTo = (...types: string[]) =>
  ({
    type: "string",
    pattern: new RegExp(`^(?:${types.join("|")})/${ID_PATTERN}$`),
    messages: { stringPattern: `'{field}' must be a reference like ${types[0]}/1.` },
  }) as const;

/** Rule of a code with its system, for Moleculer's validator. */
export const codeRule = {
  type: "object",
  strict: true,
  props: {
    system: uriRule,
    code: {
      type: "string",
      pattern: /^[^\u0000-\u0020|]+( [^\u0000-\u0020|]+)*$/,
      max: 200,
      messages: { stringPattern: "'{field}' must have no spaces at its ends and no bar." },
    },
    display: { type: "string", min: 1, max: 500, optional: true },
  },
} as const;

/** `Patient/1` → `Patient`, `1` */
export const splitReference = (reference: string): [type: string, id: string] => {
  const slash = reference.indexOf("/");
  return [reference.slice(0, slash), reference.slice(slash + 1)];
};

/** Reads a resource of another service. @throws 404 NOT_FOUND, 410 GONE, 404 NOT_SUPPORTED, 503 */
export async function readReference<Of extends FhirResource>(mesh: QueryContext, reference: string): Promise<Stored<Of>> {
  const [type, id] = splitReference(reference);
  return parseJson((await readResource(mesh, type, id)).json) as Stored<Of>;
}

/**
 * Requires that the target of a reference exists. A type that no service in this mesh serves cannot be checked and is accepted: a small
 * clinic may keep its patients in another system.
 *
 * @throws 404 NOT_FOUND, 410 GONE; 503 when the owner is down
 */
export async function requireReference(mesh: QueryContext, reference: string): Promise<void> {
  await readIfServed(mesh, reference);
}

/**
 * Reads a resource of another service; undefined when no service in this mesh serves its type, so that it cannot be checked.
 * @throws 404 NOT_FOUND; 503 when the owner is down
 */
export async function readIfServed<Of extends FhirResource>(mesh: QueryContext, reference: string): Promise<Stored<Of> | undefined> {
  const [type, id] = splitReference(reference);
  if (mesh.directory.known(type).length === 0) return undefined;
  return readReference<Of>(mesh, reference).catch((error: unknown) => {
    throw isType(error, "GONE") ? notFound(type, id) : error;
  });
}

/** The start of an encounter: what happens in it cannot have happened before. @throws as `readIfServed` */
export async function beginOf(
  mesh: QueryContext,
  encounter: string | undefined,
): Promise<{ what: string; time: string | undefined } | undefined> {
  if (encounter === undefined) return undefined;
  return { what: encounter, time: (await readIfServed<Encounter>(mesh, encounter))?.period?.start };
}
