/** A minimal browser for the sign-in pages: cookies, redirects, forms. For the project's own programs, and for tests. */

/** A page. */
export interface Shown {
  url: string;
  status: number;
  headers: Headers;
  text: string;
}

/** A redirect to another server. */
export class Left {
  readonly url: URL;
  constructor(url: URL) {
    this.url = url;
  }
}

interface Cookie {
  value: string;
  path: string;
}

/** An address of a server as it is reached here: behind a proxy the server calls itself PUBLIC_URL, which its own machine need not reach. @param base where it is reached */
export function reachedAt(base: string, address: string | URL): URL {
  const { pathname, search } = new URL(address, base);
  return new URL(pathname + search, base);
}

/** Keeps cookies by path, and follows redirects within one server. */
export class Browser {
  readonly #base: string;
  /** Origins that the server uses for itself. */
  readonly #own: Set<string>;
  readonly cookies = new Map<string, Cookie>();
  /** Headers of each request. */
  readonly headers: Record<string, string>;

  /** @param base where the server is reached @param named the server's address in its own words */
  constructor(base: string, headers: Record<string, string> = {}, named = base) {
    this.#base = base;
    this.#own = new Set([new URL(base).origin, new URL(named).origin]);
    this.headers = headers;
  }

  /** @returns the page, or the redirect to another server */
  async go(url: string | URL, form?: Record<string, string>, headers: Record<string, string> = {}): Promise<Shown | Left> {
    let at = new URL(url, this.#base);
    let body = form;
    for (let hops = 0; hops < 12; hops += 1) {
      const answer = await this.once(at, body, headers);
      const location = answer.headers.get("location");
      if (answer.status < 300 || answer.status >= 400 || location === null) return answer;
      at = new URL(location, at);
      body = undefined;
      if (!this.#own.has(at.origin)) return new Left(at);
      at = reachedAt(this.#base, at);
    }
    throw new Error("The server redirects in a circle.");
  }

  /** One request, without following redirects. */
  async once(at: URL | string, form?: Record<string, string>, headers: Record<string, string> = {}): Promise<Shown> {
    const url = new URL(at, this.#base);
    const cookie = [...this.cookies]
      .filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split(";", 1)[0]}=${value}`)
      .join("; ");
    const answer = await fetch(url, {
      method: form ? "POST" : "GET",
      redirect: "manual",
      headers: { ...this.headers, ...(cookie && { cookie }), ...headers },
      ...(form && { body: new URLSearchParams(form) }),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return { url: url.href, status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  /** Like `go`; must end at a page. */
  async see(url: string | URL, form?: Record<string, string>): Promise<Shown> {
    const shown = await this.go(url, form);
    if (shown instanceof Left) throw new Error(`It left for ${shown.url}.`);
    return shown;
  }

  /** Like `go`; must end with a redirect to another server. */
  async leave(url: string | URL, form?: Record<string, string>): Promise<URL> {
    const left = await this.go(url, form);
    if (!(left instanceof Left)) throw new Error(`It stayed, ${left.status}: ${left.text}`);
    return left.url;
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const [name = "", value = ""] = pair.split(/=(.*)/s, 2);
    const path = attributes.find((it) => /^path=/i.test(it))?.slice(5) ?? "/";
    const isGone = attributes.some((it) => /^expires=Thu, 01 Jan 1970/i.test(it) || /^max-age=0$/i.test(it));
    const key = `${name};${path}`;
    if (isGone || value === "") this.cookies.delete(key);
    else this.cookies.set(key, { value, path });
  }
}
