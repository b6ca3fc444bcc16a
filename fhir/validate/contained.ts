/** Contained resources (R4 references.html#contained): rules dom-2 to dom-5. */
import type { Root, ValidationContext } from "./validation-context.ts";

/** Called when all references of the resource are known. */
export function finishRoot(root: Root, run: ValidationContext): void {
  const { referred, resource } = root;
  const contained = resource["contained"];
  if (!referred || !Array.isArray(contained)) return;
  const ids = new Set<unknown>();
  for (const [index, item] of contained.entries()) {
    const id = ((item ?? {}) as { id?: unknown }).id;
    // A reference to it would lead to two (R4 references.html#contained: ids are unique within the container).
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

/** What R4 forbids a contained resource to have in its meta: rules dom-4 and dom-5. */
export function checkContainedMeta(own: Record<string, unknown>, run: ValidationContext): void {
  const { versionId, lastUpdated, security } = (own["meta"] ?? {}) as Record<string, unknown>;
  if (versionId !== undefined || lastUpdated !== undefined) {
    run.fault("invariant", "dom-4: A contained resource must not have meta.versionId or meta.lastUpdated.");
  }
  if (security !== undefined) run.fault("invariant", "dom-5: A contained resource must not have a security label.");
}
