/** What is final, issued or billed can only be changed under a status that says so. */
import { withListedAddresses } from "../../../fhir/code-systems.ts";
import { isRawNumber } from "../../../fhir/json.ts";
import type { FhirResource } from "../../../fhir/r4.ts";
import { idOf, refusal } from "./common.ts";
import { patientsIn, withCurrentRecords } from "./one-person.ts";
import type { Facts, Rule } from "./rule.ts";

/** Members that may always be changed: labels, narrative, notes. */
const BESIDES = ["id", "meta", "text", "note", "status"];

/**
 * Extensions that the pharmacy's effects write, and restore when missing: which stock a movement concerns. A client that stores again what it
 * stored before does not know them.
 */
export const OWN_EXTENSIONS = { lot: "urn:openward:stock-lot", unit: "urn:openward:stock-unit" } as const;
const areOwn: ReadonlySet<unknown> = new Set(Object.values(OWN_EXTENSIONS));

/** The content of a resource as text, without some members and independent of the order of members. */
export function contentOf(resource: object, without: readonly string[]): string {
  const left = new Set(without.flatMap((name) => [name, `_${name}`]));
  const members = Object.entries(resource).flatMap(([name, value]): [string, unknown][] => {
    if (left.has(name)) return [];
    const told = name === "extension" && Array.isArray(value) ? value.filter((one: { url?: unknown }) => !areOwn.has(one.url)) : value;
    return name === "extension" && Array.isArray(told) && told.length === 0 ? [] : [[name, told]];
  });
  return JSON.stringify(inOrder(Object.fromEntries(members)));
}

/** The same value with the members of every object sorted. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== "object" || isRawNumber(value)) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]));
}

/**
 * Whether content has changed, apart from references to merged or unmerged records of one person, and from other spellings of a code system's address.
 * @param besides members that are ignored
 */
export function isOtherContent(
  { before, after }: { before: FhirResource; after: FhirResource },
  besides: readonly string[],
  facts: Facts,
): boolean {
  const all = [...BESIDES, ...besides];
  if (contentOf(before, all) === contentOf(after, all)) return false;
  const [now, then] = [after, before].map((one) => withListedAddresses(withCurrentRecords(one, facts))) as [FhirResource, FhirResource];
  return contentOf(then, all) !== contentOf(now, all);
}

/** The patients that either version names, each once. */
export const patientsOfBoth = (before: FhirResource, after: FhirResource): string[] => [
  ...new Set([...patientsIn(before), ...patientsIn(after)]),
];

/**
 * @param openly statuses under which changed content may be stored
 * @param besides members that may be changed at any time
 */
export function finalStays<Of extends FhirResource & { status?: string }>(
  type: Of["resourceType"],
  { isFinal, openly, besides: more = [] }: { isFinal(before: Of): boolean; openly: readonly string[]; besides?: readonly string[] },
): Rule<Of> {
  const besides = [...BESIDES, ...more];
  const id = `${idOf(type)}-final`;
  const isChanged = (before: Of, after: Of): boolean =>
    isFinal(before) && !openly.includes(after.status ?? "") && contentOf(before, besides) !== contentOf(after, besides);
  const how = openly.length > 0 ? `as ${openly.join(", ")}` : "not at all";
  return {
    id,
    group: "status",
    isFinal,
    says: `The content of a final ${type} changes ${openly.length > 0 ? `only ${how}` : how}; its status, its narrative and its notes may.`,
    facts: ({ before, after }) => (before && after && isChanged(before, after) ? patientsOfBoth(before, after) : []),
    check({ before, after }, facts) {
      if (!before || !after || !isChanged(before, after)) return undefined;
      if (!isOtherContent({ before, after }, more, facts)) return undefined;
      const instead = openly.length > 0 ? `give it a status that says how: ${openly.join(", ")}` : "cancel it and make a new one";
      return refusal(id, `It is final: ${instead}.`, type);
    },
  };
}
