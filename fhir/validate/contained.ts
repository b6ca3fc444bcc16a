/** Contained resources (R4 references.html#contained): rules dom-2 to dom-5. */
import { isSubsetted } from "../subset.ts";
import type { Root, ValidationContext } from "./validation-context.ts";

/** Checks contained resources, once all references of the resource are known. */
export function finishRoot(root: Root, run: ValidationContext): void {
  const { referred, resource } = root;
  const contained = resource["contained"];
  if (!referred || !Array.isArray(contained)) return;
  const ids = new Set<unknown>();
  for (const [index, item] of contained.entries()) {
    const id = ((item ?? {}) as { id?: unknown }).id;
    // A reference to it would be ambiguous (R4 references.html#contained: ids are unique within the container).
    if (id !== undefined && ids.has(id)) run.fault("duplicate", "Another contained resource has this id.", `.contained[${index}].id`);
    ids.add(id);
    if (id === undefined || (typeof id === "string" && !referred.has(id))) {
      run.fault(
        "invariant",
        "dom-3: A contained resource must have an id that something in its container refers to.",
        `.contained[${index}]`,
      );
    }
  }
}

/** Forbidden elements in the meta of a contained resource: by R4's rules dom-4 and dom-5, and the tag SUBSETTED. */
export function checkContainedMeta(own: Record<string, unknown>, run: ValidationContext): void {
  const { versionId, lastUpdated, security } = (own["meta"] ?? {}) as Record<string, unknown>;
  checkWholeness(own, run);
  if (versionId !== undefined || lastUpdated !== undefined) {
    run.fault("invariant", "dom-4: A contained resource must not have meta.versionId or meta.lastUpdated.");
  }
  if (security !== undefined) run.fault("invariant", "dom-5: A contained resource must not have a security label.");
}

/** Refuses a resource with the tag SUBSETTED: stored as the whole, it would destroy the rest (R4, search.html#summary). */
export function checkWholeness(resource: unknown, run: ValidationContext): void {
  const tags = (resource as { meta?: { tag?: unknown } | null } | null | undefined)?.meta?.tag;
  if (!Array.isArray(tags)) return;
  const index = tags.findIndex(isSubsetted);
  if (index >= 0) {
    run.fault(
      "business-rule",
      "The resource is tagged SUBSETTED: it is a part, as _summary or _elements give it. Read the whole, and change that.",
      `.meta.tag[${index}]`,
    );
  }
}
