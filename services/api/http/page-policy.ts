/** What a page of this gateway may load. */

/**
 * The page's Content-Security-Policy: scripts and styles by URL, as any user may store a script here as a Binary; requests and images only from
 * this server; no framing by other pages.
 * @param loads paths, or path prefixes that end in a slash
 * @param hosts under which a browser may know this server, with port
 */
export function pagePolicy(loads: { scripts: string[]; styles: string[]; isInlineStyled?: boolean }, hosts: string[]): string {
  const at = (paths: string[]) => paths.flatMap((path) => hosts.map((host) => host + path)).join(" ");
  return [
    "default-src 'none'",
    `script-src ${at(loads.scripts)}`,
    `style-src ${at(loads.styles)}${loads.isInlineStyled ? " 'unsafe-inline'" : ""}`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
