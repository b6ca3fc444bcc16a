/** The comparable form of urls of a bundle's entries, and which of them have a meaning inside the bundle only. */

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/**
 * The form in which a fullUrl and a link to it are compared: schemes, hosts, and the names of URN namespaces are case-insensitive
 * (RFC 3986, 6.2.2.1; RFC 8141, 3.1), and so are UUIDs (RFC 4122, 3); a scheme's own port may be left out (RFC 3986, 6.2.3). A text without a
 * scheme stays as it is.
 */
export function comparableUri(uri: string): string {
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) return uri;
  const rest = uri.slice(scheme.length + 1);
  if (scheme === "urn") {
    const [, namespace = "", name = ""] = /^([^:]*)(.*)$/s.exec(rest) ?? [];
    return `urn:${namespace.toLowerCase()}${namespace.toLowerCase() === "uuid" ? name.toLowerCase() : name}`;
  }
  const port = DEFAULT_PORTS[scheme];
  const plain = (authority: string) => (port !== undefined && authority.endsWith(port) ? authority.slice(0, -port.length) : authority);
  return `${scheme}:${rest.replace(/^\/\/[^/?#]+/, (authority) => plain(authority.toLowerCase()))}`;
}

const DEFAULT_PORTS: Record<string, string | undefined> = { http: ":80", https: ":443" };

/** Whether a text has a scheme; all others are relative. */
export const isAbsolute = (link: string): boolean => SCHEME.test(link);

/** Whether a link is a web address, which can be followed anywhere. */
export const isWebAddress = (link: string): boolean => /^https?:/i.test(link);

/** Whether a link names an entry of its own bundle, or nothing: outside of it no client could follow it. */
export const isLocalToBundle = (link: string): boolean => /^(?:urn|resource|cid|mid):/i.test(link);
