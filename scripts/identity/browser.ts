/** A browser, as far as the pages of the sign-in need one: cookies, redirects, forms. For programs of ours, and tests. */

/** What a page has shown. */
export interface Shown {
  url: string;
  status: number;
  headers: Headers;
  text: string;
}

/** Where a browser is sent that leaves the server. */
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

/** Keeps cookies by path, follows redirects within one server. */
export class Browser {
  readonly #base: string;
  readonly cookies = new Map<string, Cookie>();
  /** Sent with each request. */
  readonly headers: Record<string, string>;

  constructor(base: string, headers: Record<string, string> = {}) {
    this.#base = base;
    this.headers = headers;
  }

  /** @returns the page, or where it would go on outside */
  async go(url: string | URL, form?: Record<string, string>, headers: Record<string, string> = {}): Promise<Shown | Left> {
    let at = new URL(url, this.#base);
    let body = form;
    for (let hops = 0; hops < 12; hops += 1) {
      const answer = await this.once(at, body, headers);
      const location = answer.headers.get("location");
      if (answer.status < 300 || answer.status >= 400 || location === null) return answer;
      at = new URL(location, at);
      body = undefined;
      if (at.origin !== new URL(this.#base).origin) return new Left(at);
    }
    throw new Error("It goes round in circles.");
  }

  /** One request, without following anything. */
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

  /** The page must be one. */
  async see(url: string | URL, form?: Record<string, string>): Promise<Shown> {
    const shown = await this.go(url, form);
    if (shown instanceof Left) throw new Error(`It left for ${shown.url}.`);
    return shown;
  }

  /** It must go on outside. */
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
