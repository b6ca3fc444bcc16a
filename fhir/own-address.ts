/** What is addressed under one of the server's own names, however its client spells them. Pure. */

/** A server's address without its scheme: http and https are one server (R4 http.html#root). */
export interface OwnAddress {
  /** In lower case, with the port where it is not the scheme's own. */
  host: string;
  /** Of the base, with a slash at its end. */
  path: string;
  /** The host, in any case. */
  named: RegExp;
}

/** A gateway has few names; their spellings are its clients', so that no more are kept. */
const MAX_KNOWN = 16;
const known = new Map<string, OwnAddress | undefined>();

/**
 * @param base the server's base URL, without a slash at its end
 * @returns undefined for what is no address
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
 * What stands behind the server's base in an absolute URL, as it was written: `Patient/1?_elements=name`. Scheme and host count in any
 * case, and with the scheme's own port or without (RFC 3986, 6.2.2 and 6.2.3).
 *
 * @param bases the server's base URLs, without a slash at their end
 * @returns undefined for what is no web address, and for one of another server
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
