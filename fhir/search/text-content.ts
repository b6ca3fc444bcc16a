/** The text that `_content` and `_text` search (FHIR R4, search.html#content). Pure. */

/** Members whose text is not worth finding: addresses, code systems, the server's metadata. */
const SILENT = new Set(["resourceType", "id", "meta", "system", "url", "reference", "contentType", "data", "status", "div"]);
/** Characters of one resource that are indexed; a scanned document is not read to its end. */
const MAX_CHARACTERS = 100_000;

/**
 * @param resource parsed FHIR JSON
 * @returns the words of the whole resource including its narrative, and those of the narrative alone
 */
export function textContentOf(resource: Record<string, unknown>): [content: string, narrative: string] {
  const found: string[] = [];
  collect(resource, found);
  const { text } = resource as { text?: { div?: unknown } };
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
      if (!SILENT.has(name) && /\p{L}/u.test(value)) found.push(value);
    } else if (typeof value === "object" && name !== "meta") {
      collect(value, found);
    }
  }
}

/** Characters of a narrative's text that are read: white space in it is not indexed. */
const MAX_READ = 10 * MAX_CHARACTERS;

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

/** A space in the place of each tag; a tag that does not end is text. */
function withoutTags(xhtml: string): string {
  const parts: string[] = [];
  let [from, read] = [0, 0];
  while (read < MAX_READ) {
    const begin = xhtml.indexOf("<", from);
    const end = begin < 0 ? -1 : xhtml.indexOf(">", begin);
    const part = xhtml.slice(from, Math.min(end < 0 ? xhtml.length : begin, from + MAX_READ));
    parts.push(part);
    if (end < 0) break;
    read += part.length + 1;
    from = end + 1;
  }
  return parts.join(" ");
}
