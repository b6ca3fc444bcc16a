import { isType } from "../../../federation/errors.ts";
import { defineService } from "../../../mesh/contract.ts";
import { Fhir, type WithFhir } from "../../../mixins/fhir/fhir.ts";
import { referenceTo } from "../../../mixins/fhir/domain-references.ts";
import { asSeen, seenVersionRules } from "../../../mixins/fhir/seen-version.ts";
import { owns, type skeleton } from "./skeleton.contract.ts";
import { skeletonChanged, skeletonNotFound } from "./skeleton.errors.ts";
import { isMarked, mark, markedOf } from "./skeleton.model.ts";
import { rules } from "./skeleton.rules.ts";

/** Resources in one answer. */
const MAX_LISTED = 1_000;

export default defineService<typeof skeleton, WithFhir>({
  name: "skeleton",
  mixins: [Fhir({ owns, rules })],

  actions: {
    mark: {
      rest: "POST",
      summary: "Mark a resource",
      params: { resource: referenceTo("Basic"), ...seenVersionRules, $$strict: true },
      async handler(ctx) {
        const { resource } = ctx.params;
        const found = await this.fhir.require("Basic", resource, skeletonNotFound);
        const before = asSeen(found, ctx.params, () => skeletonChanged(resource));
        try {
          const { version } = await this.fhir.update(mark(before));
          return { resource, version };
        } catch (error) {
          throw isType(error, "STALE_VERSION") ? skeletonChanged(resource) : error;
        }
      },
    },

    listMarked: {
      rest: "GET",
      summary: "What is marked",
      params: { $$strict: true },
      async handler() {
        return (await this.fhir.find({ type: "Basic", clauses: [isMarked], limit: MAX_LISTED })).map(markedOf);
      },
    },
  },
});
