/** Which notes a person has not finished: home counts them, and their page lists them. */
import type { DocumentReference } from "../../../../../fhir/r4.ts";
import { type Joined, searchWithPatients } from "../../parts/joined.ts";
import { isDraft } from "../../platform/notes.ts";
import { person } from "../../platform/sign-in.ts";

/** Number of the newest notes that are searched for drafts. */
const MAX_NOTES = "200";

/** The unfinished notes of the signed-in person, with their patients. */
export async function ownDrafts(): Promise<Joined<DocumentReference>> {
  const author = person.value?.fhirUser ?? "";
  if (!author.startsWith("Practitioner/")) return { all: [], isPartial: false };
  const query = { author, status: "current", _sort: "-date", _count: MAX_NOTES };
  const { all, isPartial } = await searchWithPatients<DocumentReference>("DocumentReference", query);
  return { all: all.filter(({ of }) => isDraft(of)), isPartial };
}
