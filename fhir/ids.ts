/** Logical ids and relative references (FHIR R4, datatypes.html#id, references.html#literal). */

/** The source of a regular expression for an id. */
export const ID_PATTERN = "[A-Za-z0-9\\-.]{1,64}";

/** The source of a regular expression for `Type/id`, with both in groups. */
export const REFERENCE_PATTERN = `([A-Z][A-Za-z]+)/(${ID_PATTERN})`;

const id = new RegExp(`^${ID_PATTERN}$`);

/** Whether a text is an id in R4's sense: 1 to 64 letters, digits, dashes and points. */
export const isId = (text: string): boolean => id.test(text);

const literal = new RegExp(`^${REFERENCE_PATTERN}(?:/_history/(${ID_PATTERN}))?$`);

/** The parts of a relative reference. */
export interface RelativeReference {
  type: string;
  id: string;
  /** Of `Type/id/_history/version`. */
  version?: string;
}

/** The parts of `Patient/1` or `Patient/1/_history/2`; undefined for any other text. The type need not be one of R4's. */
export function relativeReference(text: string): RelativeReference | undefined {
  const found = literal.exec(text);
  if (!found) return undefined;
  const [, type = "", id = "", version] = found;
  return { type, id, ...(version !== undefined && { version }) };
}
