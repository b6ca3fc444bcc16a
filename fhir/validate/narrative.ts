import { nonNull } from "../non-null.ts";
import { XHTML_ENTITIES } from "./xhtml-entities.ts";

/**
 * Validates a narrative's XHTML (R4 narrative.html, rules txt-1 and txt-2): one well-formed `div` of the XHTML namespace, with HTML's
 * basic elements and attributes and some content. One pass over the text; nothing in it is executed or fetched.
 */

/** Chapters 7 to 11 (except forms, objects and 9.4, change marks) and 15 of HTML 4.0, links and images. */
const ELEMENTS = new Set(
  (
    "a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img " +
    "kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var font center"
  ).split(" "),
);

const ATTRIBUTES = new Set(
  (
    "abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class clear color " +
    "cols colspan compact coords dir face frame headers height href hreflang hspace id label lang longdesc name nohref noshade nowrap " +
    "rel rev rowspan rules scope shape size span src start style summary tabindex target title type usemap valign value vspace width " +
    "xml:lang xml:space xmlns datetime"
  ).split(" "),
);

const XHTML = "http://www.w3.org/1999/xhtml";

/** Deeper nesting serves attacks only. */
const DEEPEST = 200;

/** The start of a comment or a tag; anything else (instructions, CDATA sections, declarations) is not allowed. */
const markup = /<(?:(!--)|(\/?)([A-Za-z][\w:.-]*)(?![\w:.-])((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(\/?)>|[\s\S])/g;
const attribute = /\s+([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')|([\s\S])/g;
const reference = /&(?!(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#x[0-9A-Fa-f]+);)/;

const named = /&([A-Za-z][A-Za-z0-9]*);/g;
const numbered = /&#(?:x([0-9A-Fa-f]+)|([0-9]+));/g;

/** Whether XML allows the character (XML 1.0, 2.2). */
const isCharacter = (point: number): boolean =>
  point === 9 ||
  point === 10 ||
  point === 13 ||
  (point >= 0x20 && point < 0xd800) ||
  (point > 0xdfff && point < 0xfffe) ||
  (point > 0xffff && point < 0x110000);

const NAMED: Record<string, string> = { colon: ":", Tab: "\t", NewLine: "\n", amp: "&", quot: '"', apos: "'" };

/** An attribute's value with entities decoded, as a browser reads it. */
const decoded = (value: string): string =>
  value
    .replace(numbered, (_, hex, decimal) => String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)))
    .replace(/&(\w+);/g, (whole, name: string) => (Object.hasOwn(NAMED, name) ? (NAMED[name] as string) : whole));

/** Attributes that are URLs. */
const ADDRESSES = new Set(["href", "src", "cite", "longdesc", "usemap"]);
/** Schemes that a link may have. */
const SCHEMES = new Set(["http", "https", "mailto", "tel"]);
const IMAGE = /^data:image\/(?:png|jpe?g|gif|webp|bmp)[;,]/i;

/**
 * Whether a browser can do no more with a URL than open or show it: it has one of the schemes, none (`#part`, `page.html`), or is an embedded
 * raster image.
 */
function isHarmless(address: string, isImage: boolean): boolean {
  const read = decoded(address).replace(/[\0-\x20\x7f-\xa0\u2028\u2029]+/g, ""); // browsers ignore these characters
  const scheme = /^([^/?#]*?):/.exec(read)?.[1];
  return scheme === undefined || SCHEMES.has(scheme.toLowerCase()) || (isImage && IMAGE.test(read));
}

/** CSS properties that change the look of text in its place; none of them can lay it over other content. */
const STYLES = new RegExp(
  `^(?:${[
    "background(?:-(?:attachment|clip|color|image|origin|position|repeat|size))?",
    "border(?!-image)(?:-[a-z]+)*",
    "(?:min-|max-)?(?:width|height)",
    "(?:margin|padding)(?:-[a-z]+)*",
    "font(?:-[a-z]+)*",
    "text-(?:align|align-last|decoration(?:-[a-z]+)*|indent|justify|overflow|rendering|size-adjust|transform)",
    "(?:list-style|column(?!-rule)|columns|flex|grid|mso|page-break|break)(?:-[a-z]+)*",
    "overflow(?:-[xy]|-wrap)?",
    "(?:align|justify)-(?:content|items|self)",
    "word-(?:break|spacing|wrap)",
    "(?:row-|column-)?gap",
    "box-sizing|caption-side|clear|color|cursor|direction|display|empty-cells|float|hyphens|letter-spacing|line-height|opacity|order",
    "orphans|quotes|tab-size|table-layout|unicode-bidi|vertical-align|visibility|white-space|widows|writing-mode",
  ].join("|")})$`,
);
/** Values by which some of these properties would lay content, a line or a pointer over other content, by property. */
const OVERLAYS: readonly [property: RegExp, value: RegExp][] = [
  [/^(?:margin|text-indent)/, /-\s*[\d.]|\(/], // moves what follows
  // Text that runs backwards. Word processors write -.2pt.
  [/^(?:letter|word)-spacing$/, /-\s*(?!(?:[01]?\.\d+|[012])(?:px|pt)|0?\.[01]\d*em)[\d.]|\(/i],
  [/^text-decoration(?!-color)/, /(?:^|\s)[\d.]|\b(?:calc|clamp|max|min)\s*\(/i], // a line as thick as a text
  [/^cursor$/, /^(?!\s*(?!none\b)[a-z-]+\s*(?:!\s*important\s*)?$)/i], // an image, or nothing, where the pointer is
];
/** Characters of one element's style without its URLs. */
const MAX_STYLE = 4_000;

/** Beginnings of a string, a comment or a URL; inside one of them, no other begins. */
const partOfStyle = /["']|\/\*|\burl\(/gi;
const addressInStyle = /([^()"']*|\s*"[^"\n\r\f]*"\s*|\s*'[^'\n\r\f]*'\s*)\)/y;

/**
 * Splits a style in one pass from the left, as a browser reads it (CSS Syntax 3, 4.3): its URLs, and the rest without them, strings and
 * comments. An unterminated one stays in the rest.
 */
function partsOfStyle(text: string): { plain: string; addresses: string[]; addressLength: number } {
  const addresses: string[] = [];
  let [plain, addressLength, from] = ["", 0, 0];
  partOfStyle.lastIndex = 0;
  for (let found = partOfStyle.exec(text); found; found = partOfStyle.exec(text)) {
    const [mark] = found;
    const begin = found.index;
    let end: number;
    if (mark === "/*") {
      end = text.indexOf("*/", begin + 2) + 2;
      if (end < 2) break;
    } else if (mark === '"' || mark === "'") {
      end = text.indexOf(mark, begin + 1) + 1;
      if (end === 0 || /[\n\r\f]/.test(text.slice(begin, end))) break; // a line break ends a string
    } else {
      addressInStyle.lastIndex = partOfStyle.lastIndex;
      const [whole, address = ""] = addressInStyle.exec(text) ?? [];
      if (whole === undefined) break;
      addresses.push(address.trim().replace(/^["']|["']$/g, ""));
      end = partOfStyle.lastIndex + whole.length;
      addressLength += end - begin;
    }
    plain += `${text.slice(from, begin)} `;
    from = end;
    partOfStyle.lastIndex = end;
  }
  return { plain: plain + text.slice(from), addresses, addressLength };
}

/** What is wrong with a style (CSS 2.1, declarations); undefined if nothing is. */
function styleFault(value: string): string | undefined {
  const text = decoded(value);
  const [script, overlay] = ["must not hold scripts (txt-1), in a style neither", "must not be laid over other text by its style"];
  // An entity that is left may be known to a browser, but is not known here.
  if (text.includes("\\") || text.includes("<") || /&\w+;/.test(text)) return script;
  const { plain, addresses, addressLength } = partsOfStyle(text);
  if (!addresses.every((address) => isHarmless(address, true))) return script;
  if (text.length - addressLength > MAX_STYLE) return `must have styles of ${MAX_STYLE} characters at most`;
  if (/(?:url|image|image-set|cross-fade|element|expression|var|env|attr)\s*\(|@|\/\*/i.test(plain)) return script;
  for (const declaration of plain.split(";")) {
    const mark = declaration.indexOf(":");
    if (mark < 0) continue; // browsers ignore it
    const name = declaration.slice(0, mark).trim().toLowerCase();
    const setting = declaration.slice(mark + 1);
    if (!STYLES.test(name)) return overlay;
    if (OVERLAYS.some(([property, value]) => property.test(name) && value.test(setting))) return overlay;
  }
  return undefined;
}

/**
 * Limit of tags, comments and character references in the narratives of one resource, together with all that it contains: twice as many as in
 * the largest of HL7's examples.
 */
export const MAX_MARKS = 500_000;

/** Number of characters that begin a tag, a comment or a character reference; counting ends above `most`. */
export function marksIn(text: string, most: number): number {
  let marks = 0;
  for (const mark of ["<", "&"]) {
    for (let at = text.indexOf(mark); at >= 0 && marks <= most; at = text.indexOf(mark, at + 1)) marks += 1;
  }
  return marks;
}

/** What is wrong with the text; undefined if nothing is. */
export const isXhtml = (text: string): string | undefined => markupFault(text) ?? entityFault(text);

function entityFault(text: string): string | undefined {
  for (const [whole, name = ""] of text.matchAll(named)) {
    if (!XHTML_ENTITIES.has(name)) return `must be well-formed XHTML: ${whole} is no character of HTML 4`;
  }
  return undefined;
}

function markupFault(text: string): string | undefined {
  if (!text.startsWith("<div") && !/^\s*<(?:\w+:)?div[\s>/]/.test(text)) return "must be XHTML in one <div> element";
  if (reference.test(text)) return 'must be well-formed XHTML: "&" is written &amp;';
  for (const [whole, hex, decimal] of text.matchAll(numbered)) {
    if (!isCharacter(hex ? Number.parseInt(hex, 16) : Number(decimal))) {
      return `must be well-formed XHTML: ${whole} stands for no character`;
    }
  }
  const open: string[] = [];
  let declared: Set<string> | undefined; // declared namespace prefixes
  let isDone = false;
  let hasContent = false;
  let end = 0;
  markup.lastIndex = 0;
  for (let found = markup.exec(text); found; found = markup.exec(text)) {
    const before = text.slice(end, found.index);
    end = markup.lastIndex;
    const isBlank = before.trim() === "";
    if (!isBlank && open.length === 0) return "must be XHTML in one <div> element, with nothing around it";
    if (before.includes("]]>")) return 'must be well-formed XHTML: "]]>" is written ]]&gt;';
    if (!isBlank) hasContent = true;
    const [, comment, slash, qualified, attributes = "", closing] = found;
    if (comment !== undefined) {
      const close = text.indexOf("-->", end);
      if (close < 0) return "must be well-formed XHTML: a comment is not closed";
      const inside = text.slice(end, close);
      if (inside.includes("--")) return 'must be well-formed XHTML: a comment holds no "--"';
      // Browsers take <!--> and <!---> for complete comments, and what follows for elements.
      if (/^-?>/.test(inside) || inside.endsWith("-")) return "must not hold scripts (txt-1), behind a comment that ends at once neither";
      end = close + 3;
      markup.lastIndex = end;
      continue;
    }
    if (qualified === undefined) return "must be well-formed XHTML of elements, text and comments";
    if (slash) {
      if (open.pop() !== qualified) return "must be well-formed XHTML: each element closed in the order it was opened";
      if (open.length === 0) isDone = true;
      continue;
    }
    if (isDone) return "must be XHTML in one <div> element, with nothing around it";
    const mark = qualified.indexOf(":");
    const name = qualified.slice(mark + 1);
    if (mark > 0) declared ??= new Set([...text.matchAll(/\sxmlns:([\w.-]+)\s*=/g)].map(([, prefix]) => prefix as string));
    if (mark > 0 && !declared?.has(qualified.slice(0, mark))) return "must be well-formed XHTML: the prefix of an element is not declared";
    if (!ELEMENTS.has(name)) return "must hold HTML's basic elements only (txt-1): no scripts, forms, frames, objects or styles";
    const fault = faultOf(attributes, open.length === 0);
    if (fault) return fault;
    if (name === "img") hasContent = true;
    if (!closing) open.push(qualified);
    else if (open.length === 0) isDone = true;
    if (open.length > DEEPEST) return `must not be nested deeper than ${DEEPEST} elements`;
  }
  if (open.length > 0 || !isDone) return "must be well-formed XHTML: an element is not closed";
  if (text.slice(end).trim() !== "") return "must be XHTML in one <div> element, with nothing around it";
  return hasContent ? undefined : "must hold something to read (txt-2)";
}

function faultOf(attributes: string, isRoot: boolean): string | undefined {
  let namespace = "";
  const names = new Set<string>();
  attribute.lastIndex = 0;
  for (let found = attribute.exec(attributes); found; found = attribute.exec(attributes)) {
    const [, name, double, single, other] = found;
    if (name === undefined) {
      if (nonNull(other).trim() === "" && attributes.slice(attribute.lastIndex).trim() === "") break;
      return 'must be well-formed XHTML: an attribute is written name="value"';
    }
    const value = double ?? single ?? "";
    if (names.has(name)) return "must be well-formed XHTML: an attribute stands twice in one element";
    names.add(name);
    if (name === "xmlns" && value !== XHTML) return `must be XHTML: xmlns is "${XHTML}"`;
    if (name === "xmlns" || name.startsWith("xmlns:")) namespace = value;
    else if (!ATTRIBUTES.has(name)) return "must hold HTML's basic attributes only (txt-1): no event handlers";
    if (ADDRESSES.has(name) && !isHarmless(value, name === "src")) {
      return "must not hold scripts (txt-1): its links are http, https, mailto, tel, or lead to a part of the text";
    }
    const fault = name === "style" ? styleFault(value) : undefined;
    if (fault) return fault;
  }
  return isRoot && namespace !== XHTML ? `must be XHTML: its <div> has xmlns="${XHTML}"` : undefined;
}
