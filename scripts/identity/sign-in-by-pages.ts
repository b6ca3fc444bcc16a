/**
 * Signs a person in as a native app does: by code and PKCE (RFC 8252), through the same pages, whose forms this program fills in. The
 * password is sent to the server's own page only.
 */
import { createHash, randomBytes } from "node:crypto";
import { StartupError } from "../start/startup-error.ts";
import { Browser, Left, reachedAt, type Shown } from "./browser.ts";

/** The client of this program, which exists in every system. */
const CLIENT = "openward-cli";
/** No process listens there: the program reads the code from the redirect. */
const REDIRECT = "http://127.0.0.1/callback";
/** Pages of one sign-in at most: password, code, patient, consent, and a few wrong codes. */
const MAX_PAGES = 8;

/** Who signs in, and for which scopes. */
export interface SignInRequest {
  /** The gateway's address, without a slash at the end. */
  base: string;
  login: string;
  password: string;
  /** SMART scopes, separated by spaces. */
  scope: string;
  /** Returns a code if the account has a second factor. @param key for an authenticator app, if a second factor must be set up first */
  code?(key?: string): Promise<string>;
  /** Called with the recovery codes of a second factor that was set up. */
  tell?(codes: string[]): void;
  /** Id of the patient, if the scopes are for one. */
  patient?: string | undefined;
}

/** Answer of a token endpoint. */
export interface TokenAnswer {
  access_token: string;
  expires_in: number;
  scope?: string;
  refresh_token?: string;
  patient?: string;
}

/** @throws StartupError with the message of the page or the server */
export async function signIn(person: SignInRequest): Promise<TokenAnswer> {
  const { base, scope } = person;
  const { authorization_endpoint, token_endpoint } = await endpointsOf(base);
  const [verifier, state] = [secret(), secret()];
  const query = new URLSearchParams({
    client_id: CLIENT,
    response_type: "code",
    redirect_uri: REDIRECT,
    scope,
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ui_locales: "en",
  });
  const back = await throughPages(`${authorization_endpoint}?${query}`, person);
  const { code, error, error_description: description, state: given } = Object.fromEntries(back.searchParams);
  if (error || given !== state || !code) {
    const reason = error === "access_denied" ? `the server grants none of the scopes ${scope}` : error;
    throw new StartupError(`Not signed in: ${description ?? reason ?? "the answer is for another request"}.`);
  }
  return tokensFrom(reachedAt(base, token_endpoint), {
    grant_type: "authorization_code",
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    code,
    code_verifier: verifier,
  });
}

/** A server's endpoints as they are reached here (`reachedAt`). @throws StartupError if it has none */
export async function endpointsOf(base: string): Promise<{ authorization_endpoint: string; token_endpoint: string }> {
  const answer = await fetch(`${base}/.well-known/smart-configuration`).catch((error: Error) => {
    throw new StartupError(`No server answers at ${base} (${error.message}): start one with \`npm start\`, or name it with --url.`);
  });
  if (!answer.ok) throw new StartupError(`The server at ${base} has no identity service (${answer.status}): it has no sign-in.`);
  return (await answer.json()) as { authorization_endpoint: string; token_endpoint: string };
}

/** @throws StartupError with the server's message */
export async function tokensFrom(endpoint: URL, form: Record<string, string>): Promise<TokenAnswer> {
  const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form) });
  const body = (await answer.json().catch(() => ({}))) as TokenAnswer & { error?: string; error_description?: string };
  if (!answer.ok) throw new StartupError(`No token: ${body.error_description ?? body.error ?? `status ${answer.status}`}.`);
  return body;
}

async function throughPages(url: string, person: SignInRequest): Promise<URL> {
  const browser = new Browser(person.base, {}, url);
  let shown = await browser.go(reachedAt(person.base, url));
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    if (shown instanceof Left) return shown.url;
    const form = await formFor(shown, person);
    shown = await browser.go(shown.url, form);
    if (shown instanceof Left) continue;
    refuseFault(shown, person);
    if (form["step"] === "pick" && shown.text.includes('value="pick"')) throw new StartupError(`No patient has the id ${person.patient}.`);
  }
  throw new StartupError("The sign-in shows too many pages.");
}

async function formFor({ text }: Shown, { login, password, code, tell, patient }: SignInRequest): Promise<Record<string, string>> {
  const has = (part: string) => text.includes(part);
  const [, key] = /name="secret" value="(\w+)"/.exec(text) ?? [];
  if (key !== undefined) {
    if (!code) throw new StartupError(`${login} must set up a second factor first: sign in with a browser.`);
    return { step: "confirm", code: await code(key) };
  }
  if (has('value="seen"')) {
    tell?.([...text.matchAll(/<li><code[^>]*>([\w-]+)<\/code>/g)].map(([, one = ""]) => one));
    return { step: "seen" };
  }
  if (has('name="password"')) return { step: "login", login, password };
  if (has('name="code"')) return { step: "code", code: (await code?.()) ?? "" };
  if (has('value="pick"')) {
    if (patient === undefined) throw new StartupError("These scopes are about one patient: name the patient's id with --patient.");
    return { step: "pick", patient };
  }
  if (has('value="allow"')) return { step: "allow" };
  throw new StartupError(faultIn(text) ?? "The server shows a page that this program does not know.");
}

/** A code of a second factor may be entered again; any other fault would repeat. */
function refuseFault({ text, status }: Shown, { code }: SignInRequest): void {
  const fault = status < 400 ? undefined : faultIn(text);
  if (status === 401 && code && text.includes('name="code"')) return;
  if (fault !== undefined) throw new StartupError(fault);
}

const faultIn = (text: string): string | undefined => /id="fault">([^<]*)</.exec(text)?.[1] ?? /<code>([^<]*)<\/code>/.exec(text)?.[1];

const secret = (): string => randomBytes(32).toString("base64url");
