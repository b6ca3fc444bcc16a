/** The text that `_content` and `_text` search (FHIR R4, search.html#content). Pure. */

/** Members whose text is not worth finding: addresses, code systems, the server's metadata. */
const SILENT = new Set(["resourceType", "id", "meta", "system", "url", "reference", "contentType", "data", "status"]);
/** Characters of one resource that are indexed; a scanned document is not read to its end. */
const MAX_CHARACTERS = 100_000;

/**
 * @param resource parsed FHIR JSON
 * @returns the words of the whole resource including all narratives in it, and those of its own narrative alone
 */
export function textContentOf(resource: Record<string, unknown>): [content: string, narrative: string] {
  const found: string[] = [];
  const { text, ...rest } = resource as { text?: { div?: unknown } };
  collect(rest, found);
  const narrative = typeof text?.div === "string" ? plain(text.div) : "";
  if (narrative) found.push(narrative);
  return [found.join(" ").slice(0, MAX_CHARACTERS), narrative.slice(0, MAX_CHARACTERS)];
}

function collect(node: unknown, found: string[]): void {
  if (Array.isArray(node)) {
    for (const item of node) {
      if (typeof item === "string") found.push(item);
      else if (typeof item === "object") collect(item, found);
    }
    return;
  }
  if (node === null || typeof node !== "object") return;
  for (const name in node) {
    const value = (node as Record<string, unknown>)[name];
    if (typeof value === "string") {
      // The narrative of a section, or of a resource in a Bundle.
      if (name === "div") found.push(plain(value));
      else if (!SILENT.has(name) && /\p{L}/u.test(value)) found.push(value);
    } else if (typeof value === "object" && name !== "meta") {
      collect(value, found);
    }
  }
}

/** Characters of a narrative's text that are read, as white space in it is not indexed, and of the XHTML that is read at once. */
const [MAX_READ, PIECE] = [10 * MAX_CHARACTERS, 100_000];

/** The beginning of XHTML without its tags, with the five entities of XML decoded. */
function plain(xhtml: string): string {
  return withoutTags(xhtml)
    .replace(
      /&(?:lt|gt|quot|apos|amp|nbsp|#160);/g,
      (entity) => ({ "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&" })[entity] ?? " ",
    )
    .replace(/\s+/g, " ")
    .trim();
}

/** Adjacent tags. Not any number of them: the expression needs stack for each. */
const TAGS = /(?:<[^>]*>){1,100}/g;

/** A space in the place of tags; a tag that does not end is text. */
function withoutTags(xhtml: string): string {
  // Behind the last ">" no tag begins: each "<" there would be followed to the end of the text.
  const lastTag = xhtml.lastIndexOf(">") + 1;
  let text = "";
  for (let from = 0; from < xhtml.length && text.length < MAX_READ; ) {
    const to = from < lastTag ? Math.min(endOfPiece(xhtml, from + PIECE), lastTag) : from + PIECE;
    const piece = xhtml.slice(from, to);
    text += from < lastTag ? piece.replace(TAGS, " ") : piece;
    from = to;
  }
  return text;
}

/** The place from `at` on where a piece may end: not within a tag. */
function endOfPiece(xhtml: string, at: number): number {
  const begun = xhtml.lastIndexOf("<", at - 1);
  return begun > xhtml.lastIndexOf(">", at - 1) ? xhtml.indexOf(">", at) + 1 || xhtml.length : at;
}
