/** Names of people and places can be seen: a name of zero-width spaces is none on a list, a label or a bill. */
import type { FhirResource, HumanName } from "../../../fhir/r4.ts";
import { isSeen } from "../../../fhir/visible-text.ts";
import { idOf, refusal, withArticle } from "./common.ts";
import type { Rule } from "./rule.ts";

/** A part of a name, and its FHIRPath. */
type Part = [text: string, at: string];

const PARTS = ["text", "family", "given", "prefix", "suffix"] as const;

function partsOf(name: HumanName, at: string): Part[] {
  return PARTS.flatMap((part): Part[] => {
    const value: string | (string | null)[] | undefined = name[part];
    if (typeof value === "string") return [[value, `${at}.${part}`]];
    // Where an extension takes the place of a text, the text is null.
    return (value ?? []).flatMap((one, index): Part[] => (one === null ? [] : [[one, `${at}.${part}[${index}]`]]));
  });
}

function namesOf(resource: FhirResource | undefined): Part[] {
  const { resourceType, name } = (resource ?? {}) as { resourceType?: string; name?: string | HumanName[] };
  if (typeof name === "string") return [[name, `${resourceType}.name`]];
  return (name ?? []).flatMap((one, index) => partsOf(one, `${resourceType}.name[${index}]`));
}

/** The rule, for a type with a name. */
export function seenNames<Of extends FhirResource>(type: Of["resourceType"]): Rule<Of> {
  const id = `${idOf(type)}-name`;
  return {
    id,
    group: "values",
    holdsAlways: true,
    says: `Each part of the name of ${withArticle(type).replace(/^A/, "a")} has a character that can be seen.`,
    check({ before, after }) {
      const unseen = namesOf(after).filter(([text]) => !isSeen(text));
      if (unseen.length === 0) return undefined;
      const kept = new Set(namesOf(before).map(([text]) => text));
      const [, at] = unseen.find(([text]) => !kept.has(text)) ?? [];
      return at === undefined ? undefined : refusal(id, "Nothing can be seen of this name: correct it, or leave it out.", at, 422);
    },
  };
}
