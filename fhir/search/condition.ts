/** The condition of a conditional create, in the forms that clients write (FHIR R4, http.html#ccreate). Pure. */
import { fhirError } from "../outcome.ts";
import { behindBase } from "../own-address.ts";

/** What may precede the criteria: the type, also after a slash or a base URL. */
const PLACED = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^?]*\/|\/)?([A-Z][A-Za-z]*)?\?(.*)$/s;
/** A URL or a path before a question mark that is not part of a value. */
const ADDRESS = /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/|\/)/;

/**
 * The criteria of If-None-Exist, or of `request.ifNoneExist`. R4 has the criteria alone; clients also send `?criteria`, `Type?criteria`,
 * `/Type?criteria` and `BASE/Type?criteria`. It is not a form: a plus is a plus.
 *
 * @param bases the server's base URLs, without a slash at their end
 * @param where the place of a fault in errors
 * @returns the query after `Type?`, percent-encoded as it was, each plus as %2B
 * @throws FhirError 400 for a URL of another server, and for another type
 */
export function noneExistCriteria(given: string, type: string, bases: readonly string[], where?: string): string {
  const text = given.trim();
  const [, before, named, query] = PLACED.exec(text) ?? [];
  if (query === undefined) {
    if (ADDRESS.test(text)) throw refused(`is no search: write it as ${type}?criteria`, where);
    return plain(text);
  }
  const isHere = before === undefined || before === "/" || behindBase(before, bases) === "";
  if (!isHere) throw refused(`is an address of another server: write it as ${type}?criteria`, where);
  if (named === undefined ? before !== undefined : named !== type) throw refused(`is not about ${type}, which is created here`, where);
  return plain(query);
}

const plain = (query: string): string => query.replaceAll("+", "%2B");

const refused = (why: string, where?: string) => fhirError(400, "invalid", `If-None-Exist ${why}.`, ...(where ? [where] : []));

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Decodes a header: HTTP passes bytes as Latin-1, clients send UTF-8. A value that is not valid UTF-8 is returned unchanged. */
export function headerText(value: string): string {
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
}
