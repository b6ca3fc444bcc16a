/** What a page of this gateway may load. */

/**
 * The page's Content-Security-Policy: scripts and styles by address, as anybody may store a script here as a Binary; requests and pictures of this server
 * only; in no other page's frame.
 * @param loads addresses, or beginnings of some that end in a slash, as paths
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
