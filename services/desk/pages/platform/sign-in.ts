/**
 * Signing in as any app does: OpenID, code with PKCE (RFC 7636). The token stays in this tab: in memory, and in its session storage, so that
 * a reload keeps it.
 */
import { signal } from "@preact/signals";
import { isOpenToAll } from "./settings.ts";

const CLIENT = "openward-desk";
const SCOPE = "openid fhirUser profile online_access user/*.cruds actions";
const BEGUN_AS = "desk.sign-in";
const KEPT_AS = "desk.tokens";
/** A token is renewed so long before it ends, milliseconds. */
const BEFORE_END_MS = 60_000;
/** Longest that a request to sign-in may take, milliseconds: all others wait for a token that is being renewed. */
const ANSWER_MS = 15_000;

interface Tokens {
  access: string;
  refresh?: string;
  id?: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** Who has signed in. */
export interface Person {
  /** Of the account: the `sub` of the token. */
  id: string;
  name: string;
  roles: string[];
  /** "Practitioner/…" */
  fhirUser?: string;
}

interface Endpoints {
  authorization_endpoint: string;
  token_endpoint: string;
  end_session_endpoint?: string;
}

/** Who has signed in; undefined: nobody has to, or has yet. */
export const person = signal<Person | undefined>(undefined);

let tokens: Tokens | undefined;
let renewing: Promise<boolean> | undefined;
let leaving: Promise<void> | undefined;

const redirectUri = (): string => `${location.origin}/desk/`;
const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "");
const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));
const endpoints = async (): Promise<Endpoints> => answerOf(await ask("/auth/.well-known/openid-configuration"));

const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });

/** What sign-in answers, a refusal too. @throws where it is down: that ends no session */
async function answerOf<Answer>(response: Response): Promise<Answer> {
  if (response.status === 429 || response.status >= 500) throw new Error("Sign-in does not answer.");
  return (await response.json()) as Answer;
}

/** Takes up what this tab has, or the code that a sign-in comes back with. @returns whether somebody is signed in, or nobody need be @throws where sign-in is down */
export async function takeUp(): Promise<boolean> {
  if (isOpenToAll()) return true;
  const { code, state } = Object.fromEntries(new URLSearchParams(location.search)) as Record<string, string | undefined>;
  const begun = JSON.parse(sessionStorage.getItem(BEGUN_AS) ?? "{}") as { verifier?: string; state?: string; place?: string };
  sessionStorage.removeItem(BEGUN_AS);
  if (location.search !== "") history.replaceState(null, "", `/desk/${begun.place ?? ""}`);
  if (code !== undefined && begun.verifier !== undefined && state === begun.state) {
    return await exchange({ grant_type: "authorization_code", redirect_uri: redirectUri(), code, code_verifier: begun.verifier });
  }
  const kept = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "null") as Tokens | null;
  if (!kept) return false;
  keep(kept);
  if (kept.until > Date.now() + BEFORE_END_MS || (await renew())) return true;
  if (tokens && kept.until > Date.now()) return true; // good still
  if (mayRenew()) throw new Error("Sign-in does not answer.");
  return false;
}

/** The session has ended, and the page is here still: somebody types, or sign-in does not answer. */
export const hasEnded = signal(false);

/** Leaves for the page where one signs in, and comes back to where one was. Once, however many requests find that nobody is signed in any more. */
export function goToSignIn(): Promise<void> {
  leaving ??= leave().catch((error: unknown) => {
    leaving = undefined; // nobody answers: the next one tries again
    hasEnded.value = true;
    throw error;
  });
  return leaving;
}

const isTyping = (): boolean => document.activeElement?.matches("input, textarea, select") ?? false;

/** The session has ended: who types is not taken away from it, but is told; all others leave at once. */
export function leaveWhenDone(): void {
  if (!isTyping()) {
    void goToSignIn();
    return;
  }
  if (hasEnded.value) return;
  hasEnded.value = true;
  // From one field to the next the focus is nowhere for a moment.
  document.addEventListener("focusout", () => setTimeout(() => isTyping() || void goToSignIn()));
}

async function leave(): Promise<void> {
  const { authorization_endpoint } = await endpoints();
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem(BEGUN_AS, JSON.stringify({ verifier, state, place: location.hash }));
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const asked = { client_id: CLIENT, response_type: "code", redirect_uri: redirectUri(), scope: SCOPE, state };
  location.assign(
    `${authorization_endpoint}?${new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: "S256" })}`,
  );
}

/** Ends the session, here and at the sign-in. */
export async function signOut(): Promise<void> {
  const { end_session_endpoint } = await endpoints();
  const hint = tokens?.id;
  sessionStorage.clear(); // drafts too: the next person is another one
  const query = new URLSearchParams({ client_id: CLIENT, post_logout_redirect_uri: redirectUri(), ...(hint && { id_token_hint: hint }) });
  location.assign(end_session_endpoint ? `${end_session_endpoint}?${query}` : "/desk/");
}

/** The header that says who asks; renews the token when it is about to end. */
export async function authorization(): Promise<Record<string, string>> {
  if (isOpenToAll() || !tokens) return {};
  if (tokens.until <= Date.now() + BEFORE_END_MS) await renew();
  // The session may have ended over it.
  return tokens ? { Authorization: `Bearer ${tokens.access}` } : {};
}

/** Whether the session goes on, as far as anybody has said: a token that could not be renewed was not refused. */
export const mayRenew = (): boolean => tokens?.refresh !== undefined;

/** @returns whether the token is a new one now; false too where sign-in is down: then `mayRenew` */
export async function renew(): Promise<boolean> {
  const refresh = tokens?.refresh;
  if (refresh === undefined) return false;
  // A refresh token is good once: two requests that find the token old share one renewal.
  renewing ??= exchange({ grant_type: "refresh_token", refresh_token: refresh })
    .catch(() => false) // nobody answers: the next request tries again
    .finally(() => {
      renewing = undefined;
    });
  return renewing;
}

interface Granted {
  access_token?: string;
  refresh_token?: string;
  id_token?: string;
  expires_in?: number;
}

async function exchange(asked: Record<string, string>): Promise<boolean> {
  const { token_endpoint } = await endpoints();
  const response = await ask(token_endpoint, { method: "POST", body: new URLSearchParams({ client_id: CLIENT, ...asked }) });
  const answer = await answerOf<Granted>(response);
  if (answer.access_token === undefined) {
    sessionStorage.removeItem(KEPT_AS);
    tokens = undefined;
    return false;
  }
  const { access_token: access, refresh_token: refresh, id_token: id, expires_in = 600 } = answer;
  keep({ access, until: Date.now() + expires_in * 1_000, ...(refresh && { refresh }), ...(id && { id }) });
  return true;
}

function keep(given: Tokens): void {
  tokens = { ...(tokens?.id && { id: tokens.id }), ...given };
  sessionStorage.setItem(KEPT_AS, JSON.stringify(tokens));
  const { sub = "", name = "", roles = [], fhirUser } = claimsOf(given.access);
  person.value = { id: sub, name, roles, ...(fhirUser && { fhirUser }) };
}

type Claims = Partial<Omit<Person, "id"> & { sub: string }>;

function claimsOf(token: string): Claims {
  const bytes = atob((token.split(".")[1] ?? "").replace(/[-_]/g, (sign) => (sign === "-" ? "+" : "/")));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)))) as Claims;
}
