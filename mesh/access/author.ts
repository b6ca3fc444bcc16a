/** The author of a version in its stored form (`author` of a store's write). */
import type { Author } from "./author-contract.ts";
import { type Identity, isSystem } from "./identity.ts";

/** By identity, then by organisation and reason: the text is the same for all writes within a stamp's life. */
const known = new WeakMap<Identity, Map<string, string>>();
/** Texts that are cached for one identity. */
const MAX_TEXTS = 50;

/** The author in its stored form. Work that the mesh does for a person counts as that person's. */
export function authorText(identity: Identity, { onBehalfOf, reason }: Pick<Author, "onBehalfOf" | "reason"> = {}): string {
  const name = `${onBehalfOf ?? ""} ${reason ?? ""}`;
  const texts = known.get(identity) ?? new Map<string, string>();
  known.set(identity, texts);
  const before = texts.get(name);
  if (before !== undefined) return before;
  const person = personOf(identity);
  const author: Author = {
    who: person.fhirUser ?? person.sub,
    ...(person.name && { name: person.name }),
    ...(onBehalfOf && { onBehalfOf }),
    role: person.roles.join(" "),
    ...(person.client && { client: person.client }),
    ...(reason && { reason }),
  };
  const text = JSON.stringify(author);
  if (texts.size < MAX_TEXTS) texts.set(name, text);
  return text;
}

/** The person for whom the mesh acts, or the identity itself. */
export const personOf = (identity: Identity): Identity => (isSystem(identity) ? (identity.for ?? identity) : identity);

/** Parses a stored author. */
export const authorFrom = (text: string): Author => JSON.parse(text) as Author;
