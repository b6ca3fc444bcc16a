/** Contained resources (R4 references.html#contained): rules dom-2 to dom-5. */
import type { Root, Run } from "./run.ts";
import { checkObject, planOfResource } from "./walk.ts";

/** Checks one contained resource by its own type and by what R4 asks of those inside another. */
export function checkContained(value: unknown, run: Run): void {
  const plan = planOfResource(value, run);
  if (!plan) return;
  const own = value as Record<string, unknown>;
  const { resource, isContained, refersToContainer } = run;
  if (isContained) run.fault("invariant", "dom-2: A contained resource must not contain another.");
  run.resource = own;
  run.isContained = true;
  run.refersToContainer = false;
  checkObject(own, plan, run, undefined);
  const { versionId, lastUpdated, security } = (own["meta"] ?? {}) as Record<string, unknown>;
  if (versionId !== undefined || lastUpdated !== undefined) {
    run.fault("invariant", "dom-4: A contained resource must not have meta.versionId or meta.lastUpdated.");
  }
  if (security !== undefined) run.fault("invariant", "dom-5: A contained resource must not have a security label.");
  // What refers to its container needs no reference from it (dom-3).
  if (run.refersToContainer && typeof own["id"] === "string") run.root?.referred?.add(own["id"]);
  run.resource = resource;
  run.isContained = isContained;
  run.refersToContainer = refersToContainer;
}

/** Called when all references of the resource are known. */
export function finishRoot(root: Root, run: Run): void {
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
