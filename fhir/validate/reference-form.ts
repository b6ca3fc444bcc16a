/** The form of references (R4 references.html): literal URLs, permitted target types, and contained resources. */
import { isResource } from "./structure-definition.ts";
import type { Root, ValidationContext } from "./validation-context.ts";
import { nonNull } from "../non-null.ts";
import { ID_PATTERN, REFERENCE_PATTERN } from "../ids.ts";

/** A relative or absolute URL of a resource on a FHIR server, with its type. */
const restful = new RegExp(String.raw`^(https?://[^\s?#]+/)?${REFERENCE_PATTERN}(?:/_history/${ID_PATTERN})?(?:#\S*)?$`);
const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;
const conditional = /^([A-Z][A-Za-z]+)\?\S+$/;
const uuid = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @param targets the permitted target types; undefined for any */
export function checkReference(value: Record<string, unknown>, targets: Set<string> | undefined, run: ValidationContext): void {
  const { reference, type } = value;
  if (typeof type === "string" && targets && !targets.has(type) && isResource(type)) {
    run.fault("value", `A reference here leads to ${listOf(targets)}, not to ${type}.`, ".type");
  }
  if (typeof reference !== "string" || reference === "") return;
  const found = targetOf(reference, run);
  if (found === undefined) return;
  if (targets && !targets.has(found)) {
    run.fault("value", `A reference here leads to ${listOf(targets)}, not to ${found}.`, ".reference");
  }
  if (typeof type === "string" && type !== found && isResource(type)) {
    run.fault("value", `type says ${type}, but the reference leads to ${found}: both must agree.`, ".type");
  }
}

const listOf = (targets: Set<string>) => [...targets].join(", ");

/** The target type of a literal reference; undefined if it does not say, or is faulty, which is then reported. */
function targetOf(reference: string, run: ValidationContext): string | undefined {
  if (reference.startsWith("#")) return targetWithin(reference.slice(1), run);
  const found = restful.exec(reference);
  if (found) {
    const type = nonNull(found[2]);
    if (isResource(type)) return type;
    if (found[1] === undefined) run.fault("value", `R4 has no resource type ${type.slice(0, 64)}.`, ".reference");
    return undefined;
  }
  if (reference.startsWith("urn:uuid:")) {
    if (!uuid.test(reference)) run.fault("value", "urn:uuid: must be followed by a UUID.", ".reference");
    return undefined;
  }
  if (absolute.test(reference)) return undefined;
  const criteria = conditional.exec(reference);
  if (criteria && isResource(nonNull(criteria[1]))) {
    if (!run.root?.allowsConditional) {
      run.fault("value", "A conditional reference (Type?criteria) can only be sent in a transaction.", ".reference");
    }
    return criteria[1];
  }
  run.fault(
    "value",
    "A reference must be Type/id, an absolute address, urn:uuid:…, urn:oid:… or #id of a contained resource.",
    ".reference",
  );
  return undefined;
}

function targetWithin(id: string, run: ValidationContext): string | undefined {
  const { root } = run;
  if (!root) return undefined;
  if (id === "") {
    run.refersToContainer = true;
    const { resourceType } = root.resource;
    return run.isContained && typeof resourceType === "string" ? resourceType : undefined;
  }
  const type = containedIn(root).get(id);
  if (type === undefined) run.fault("invariant", "ref-1: no contained resource has the id that this reference names.", ".reference");
  return type === "" ? undefined : type;
}

/** Types of the contained resources by id; "" for one without a valid type. */
function containedIn(root: Root): Map<string, string> {
  if (root.contained) return root.contained;
  root.contained = new Map();
  const { contained } = root.resource;
  for (const item of Array.isArray(contained) ? contained : []) {
    const { id, resourceType } = (item ?? {}) as Record<string, unknown>;
    if (typeof id === "string") root.contained.set(id, typeof resourceType === "string" && isResource(resourceType) ? resourceType : "");
  }
  return root.contained;
}
