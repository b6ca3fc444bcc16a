/** Recognises URLs under the server's own base URLs, in every spelling that clients use. Pure. */

/** A server's base URL without its scheme: http and https are one server (R4 http.html#root). */
export interface OwnAddress {
  /** In lower case, with the port unless it is the scheme's default. */
  host: string;
  /** Path of the base, with a slash at its end. */
  path: string;
  /** Matches the host in any case. */
  named: RegExp;
}

/** Base URLs that are kept. A gateway has few; clients could send any number of spellings. */
const MAX_KNOWN = 16;
const known = new Map<string, OwnAddress | undefined>();

/**
 * @param base the server's base URL, without a slash at its end
 * @returns undefined if it is not a URL
 */
export function ownAddress(base: string): OwnAddress | undefined {
  if (known.has(base)) return known.get(base);
  const url = URL.parse(`${base}/`);
  const own = url ? { host: url.host, path: url.pathname, named: new RegExp(url.host.replace(/[.[\]]/g, "\\$&"), "i") } : undefined;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(base, own);
  return own;
}

/**
 * The part of an absolute URL after the server's base, as it was written: `Patient/1?_elements=name`. Scheme and host match in any
 * case, with or without the scheme's default port (RFC 3986, 6.2.2 and 6.2.3).
 *
 * @param bases the server's base URLs, without a slash at their end
 * @returns undefined if it is not a web address, or one of another server
 */
export function behindBase(url: string, bases: readonly string[]): string | undefined {
  const [, origin, path] = /^(https?:\/\/[^/?#]*)(\/.*)$/is.exec(url) ?? [];
  if (origin === undefined || path === undefined) return undefined;
  const host = URL.parse(origin)?.host;
  for (const base of bases) {
    const own = ownAddress(base);
    if (own && own.host === host && path.startsWith(own.path)) return path.slice(own.path.length);
  }
  return undefined;
}
