/**
 * Full text on MongoDB: its text index narrows the candidates, an expression over the same words decides. The index alone supports neither
 * phrases that begin and end with whole words nor a choice between the two fields. Words are stored in the form in which they are compared:
 * without case and accents, separated by one space.
 */
import { type Collection, type Document, type IndexDescription, MongoServerError } from "mongodb";
import type { Clause } from "../../fhir/search/query.ts";
import { fold } from "../../fhir/search/fold.ts";
import type { ResourceDocument, Words } from "./schema.ts";

type TextClause = Extract<Clause, { kind: "text" }>;

/** Without a language: every word counts, none is stemmed. The content contains the narrative's words too. */
const index: IndexDescription = { name: "words", key: { "words.content": "text" }, default_language: "none" };

/** Creates the text index; false if the server has none. */
export async function indexWords(resource: Collection<ResourceDocument>): Promise<boolean> {
  try {
    await resource.createIndexes([index]);
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.codeName === "CannotCreateIndex") return false;
    throw error;
  }
}

/** The words of a resource's content and narrative, as fields of its document. */
export const wordsFields = (text: [content: string, narrative: string] | undefined): { words?: Words } =>
  text ? { words: { content: inWords(text[0]), narrative: inWords(text[1]) } } : {};

const inWords = (text: string): string =>
  (fold(text.replace(/[^\p{L}\p{N}\p{M}\p{Co}]+/gu, " ")).match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []).join(" ");

/** Condition: the phrases of one of the alternatives occur, and none that it excludes. */
export function wordsFilter(clause: TextClause): Document {
  const field = clause.in === "content" ? "words.content" : "words.narrative";
  const has = (phrase: string) => ({ [field]: { $regex: `(?:^| )${phrase}(?: |$)` } });
  const alternatives = alternativesOf(clause).map(({ all, none }) => ({
    $and: all.map(has),
    ...(none.length > 0 && { $nor: none.map(has) }),
  }));
  return alternatives.length > 0 ? { $or: alternatives } : { _id: { $in: [] } };
}

/** A search of the text index that finds at least all matches of the clause: the longest word of each alternative. */
export function wordsSearch(clause: TextClause): Document {
  const words = alternativesOf(clause).map(({ all }) =>
    all.flatMap((phrase) => phrase.split(" ")).reduce((longest, word) => (word.length > longest.length ? word : longest)),
  );
  return { $text: { $search: words.join(" ") } };
}

const alternativesOf = ({ any }: TextClause): TextClause["any"] =>
  any
    .map(({ all, none }) => ({
      all: all.map(inWords).filter((phrase) => phrase !== ""),
      none: none.map(inWords).filter((phrase) => phrase !== ""),
    }))
    .filter(({ all }) => all.length > 0);

/** Whether a question needs full text. */
export const asksForWords = (clauses: Clause[]): boolean =>
  clauses.some((clause) => clause.kind === "text" || (clause.kind === "any" && clause.of.some(asksForWords)));
