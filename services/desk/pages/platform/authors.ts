/** Who wrote something: plain data in, plain data out. */
import type { FhirResource, Practitioner, Provenance, Reference } from "../../../../fhir/r4.ts";
import { offers } from "./menu.ts";
import { nameOf } from "./names.ts";

/** What a search adds for `authorOf`: those who are named as authors, and the records of who has stored it. @param link `Communication:sender` */
export const withAuthors = (link: string): Record<string, string> => ({
  _include: link,
  ...(offers("see Provenance") && { _revinclude: "Provenance:target" }),
});

/**
 * The name of the author, else of the account that has stored it first: not every account is a Practitioner. "": unknown.
 * @param named the element of the resource that names its author
 */
export function authorOf({ resourceType, id }: FhirResource, named: Reference | undefined, included: readonly FhirResource[]): string {
  if (named?.display) return named.display;
  const known = included.find((one) => `${one.resourceType}/${one.id}` === named?.reference);
  if (known) return nameOf(known as Practitioner);
  const ofThis = `${resourceType}/${id}/_history/`;
  const stored = included.filter((one): one is Provenance => one.resourceType === "Provenance");
  const [first] = stored
    .filter(({ target }) => target.some(({ reference = "" }) => reference.startsWith(ofThis)))
    .sort((a, b) => a.recorded.localeCompare(b.recorded));
  const { display = "", reference, identifier } = first?.agent[0]?.who ?? {};
  return reference || identifier ? display : ""; // who has worked without signing in is called unknown
}
