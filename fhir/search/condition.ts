/** The condition of a conditional create as clients write it (FHIR R4, http.html#ccreate). Pure. */
import { fhirError } from "../outcome.ts";
import { behindBase } from "../own-address.ts";

/** What may stand before the criteria: the type, also behind a slash or an address. */
const PLACED = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^?]*\/|\/)?([A-Z][A-Za-z]*)?\?(.*)$/s;
/** An address, or a path, before a question mark that does not belong to a value. */
const ADDRESS = /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/|\/)/;

/**
 * The criteria of If-None-Exist, or of `request.ifNoneExist`: R4 has the criteria alone; clients also send `?criteria`, `Type?criteria`,
 * `/Type?criteria` and `BASE/Type?criteria`. It is no form: a plus is a plus.
 *
 * @param bases the server's base URLs, without a slash at their end
 * @param where what a fault names as its place
 * @returns the query behind `Type?`, percent-encoded as far as it was, each plus as %2B
 * @throws FhirError 400 for an address that is not this server's, and for another type
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

/** A header as its sender meant it: HTTP hands over bytes as Latin-1, clients send UTF-8. What is no UTF-8 stays as it came. */
export function headerText(value: string): string {
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
}
