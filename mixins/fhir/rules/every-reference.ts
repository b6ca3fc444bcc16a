/** With `RULES=references:all`, the targets of all local references must exist when a resource is written, not only those of acts. */
import { LinkKind, replaceLinks } from "../../../fhir/bundle/links.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import { isResourceType } from "../../../fhir/search/parameters.ts";
import { localReference, splitPlace } from "../../../federation/facts.ts";
import { refusal } from "./common.ts";
import type { AnyRule, Change } from "./rule.ts";

/** `Type/id` of all local references, including those of contained resources, but not those within the entries of a stored Bundle. */
function placesIn(resource: FhirResource | undefined): Set<string> {
  const places = new Set<string>();
  replaceLinks(resource, (link, kind, isInBundle) => {
    const place = kind === LinkKind.reference && !isInBundle ? localReference(link) : undefined;
    if (place !== undefined && isResourceType(splitPlace(place)[0])) places.add(place);
    return undefined;
  });
  return places;
}

function added({ before, after }: Change): string[] {
  const known = placesIn(before);
  return [...placesIn(after)].filter((place) => !known.has(place));
}

/** The rule; with this setting every type has it. */
export const everyReference: AnyRule = {
  id: "every-reference",
  group: "references",
  says: "The resources to which it refers exist.",
  facts: added,
  check(change, facts) {
    const broken = added(change).find((place) => ["absent", "deleted"].includes(facts.of(place)?.is ?? ""));
    if (broken === undefined) return undefined;
    const what = `${broken} is not here: refer to an existing resource, or store it first (or in the same transaction).`;
    return {
      ...refusal("every-reference", what, change.reference.slice(0, change.reference.indexOf("/"))),
      data: { reference: broken },
      missing: broken,
    };
  },
};
