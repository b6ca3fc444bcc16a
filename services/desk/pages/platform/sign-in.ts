/**
 * Sign-in like any other app: OpenID Connect, code flow with PKCE (RFC 7636). The tokens stay in this tab: in memory, and in its session storage to
 * survive reloads.
 */
import { signal } from "@preact/signals";
import { isOpenToAll } from "./settings.ts";

const CLIENT = "openward-desk";
const SCOPE = "openid fhirUser profile online_access user/*.cruds actions";
const BEGUN_AS = "desk.sign-in";
const KEPT_AS = "desk.tokens";
/** Whose drafts are in this tab. */
const PERSON_AS = "desk.person";
/** How long before its expiry a token is renewed, milliseconds. */
const BEFORE_END_MS = 60_000;
/** Time limit of a request to sign-in, milliseconds: all other requests wait while a token is being renewed. */
const ANSWER_MS = 15_000;

interface Tokens {
  access: string;
  refresh?: string;
  id?: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** Beginning of the names in the session storage under which drafts are kept: they are the signed-in person's. */
export const DRAFTS_AS = "desk.draft.";

/** The signed-in person. */
export interface Person {
  /** Id of the account: the `sub` of the token. */
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

/** The signed-in person; undefined with open access, or before signing in. */
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

/** The answer of sign-in, including refusals. @throws if it is down, which does not end the session */
async function answerOf<Answer>(response: Response): Promise<Answer> {
  if (response.status === 429 || response.status >= 500) throw new Error("Sign-in does not answer.");
  return (await response.json()) as Answer;
}

/** Whether the address is an answer of sign-in: a code or a refusal, which both repeat the `state` (RFC 6749, 4.1.2). */
export const isAnswer = (): boolean => new URLSearchParams(location.search).has("state");

/** Restores this tab's session, or exchanges the code of a returning sign-in. @returns whether a person is signed in, or need not be @throws if sign-in is down */
export async function takeUp(): Promise<boolean> {
  if (isOpenToAll()) return true;
  const { code, state } = Object.fromEntries(new URLSearchParams(location.search)) as Record<string, string | undefined>;
  const begun = JSON.parse(sessionStorage.getItem(BEGUN_AS) ?? "{}") as { verifier?: string; state?: string; place?: string };
  sessionStorage.removeItem(BEGUN_AS);
  const isWithoutPlace = location.hash === "" && begun.place !== undefined; // back from a form that has expired
  if (location.search !== "" || isWithoutPlace) history.replaceState(null, "", `/desk/${begun.place ?? ""}`);
  if (code !== undefined && begun.verifier !== undefined && state === begun.state) {
    return await exchange({ grant_type: "authorization_code", redirect_uri: redirectUri(), code, code_verifier: begun.verifier });
  }
  const kept = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "null") as Tokens | null;
  if (!kept) return false;
  keep(kept);
  if (kept.until > Date.now() + BEFORE_END_MS || (await renew())) return true;
  if (tokens && kept.until > Date.now()) return true; // still valid
  if (mayRenew()) throw new Error("Sign-in does not answer.");
  return false;
}

/** The session has ended while the page is still shown, as a person is typing, or sign-in does not answer. */
export const hasEnded = signal(false);

/** Leaves for the sign-in page, which returns to the current place. Once, however many requests find the session ended. */
export function goToSignIn(): Promise<void> {
  leaving ??= leave().catch((error: unknown) => {
    leaving = undefined; // sign-in does not answer: the next request tries again
    hasEnded.value = true;
    throw error;
  });
  return leaving;
}

const isTyping = (): boolean => document.activeElement?.matches("input, textarea, select") ?? false;

/** The session has ended: a person who is typing is told and stays; otherwise the page is left at once. */
export function leaveWhenDone(): void {
  if (!isTyping()) {
    void goToSignIn();
    return;
  }
  if (hasEnded.value) return;
  hasEnded.value = true;
  // Between two fields the focus is briefly nowhere.
  document.addEventListener("focusout", () => setTimeout(() => isTyping() || void goToSignIn()));
}

async function leave(): Promise<void> {
  const { authorization_endpoint } = await endpoints();
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem(BEGUN_AS, JSON.stringify({ verifier, state, place: location.hash }));
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const asked = { client_id: CLIENT, response_type: "code", redirect_uri: redirectUri(), scope: SCOPE, state };
  // In place of the page: the browser's Back button would come to a page that leads to sign-in again.
  location.replace(
    `${authorization_endpoint}?${new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: "S256" })}`,
  );
}

/** Ends the session, here and at sign-in. */
export async function signOut(): Promise<void> {
  const { end_session_endpoint } = await endpoints();
  const hint = tokens?.id;
  sessionStorage.clear(); // drafts too: the next person may be another
  const query = new URLSearchParams({ client_id: CLIENT, post_logout_redirect_uri: redirectUri(), ...(hint && { id_token_hint: hint }) });
  location.assign(end_session_endpoint ? `${end_session_endpoint}?${query}` : "/desk/");
}

/** The Authorization header; renews the token if it is about to expire. */
export async function authorization(): Promise<Record<string, string>> {
  if (isOpenToAll() || !tokens) return {};
  if (tokens.until <= Date.now() + BEFORE_END_MS) await renew();
  // The session may have ended meanwhile.
  return tokens ? { Authorization: `Bearer ${tokens.access}` } : {};
}

/** Whether the session may continue: a token that could not be renewed was not necessarily refused. */
export const mayRenew = (): boolean => tokens?.refresh !== undefined;

/** @returns whether the token was renewed; also false if sign-in is down: then `mayRenew` is true */
export async function renew(): Promise<boolean> {
  const refresh = tokens?.refresh;
  if (refresh === undefined) return false;
  // A refresh token can be used once: two requests with an expired token share one renewal.
  renewing ??= exchange({ grant_type: "refresh_token", refresh_token: refresh })
    .catch(() => false) // no answer: the next request tries again
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
  const before = sessionStorage.getItem(PERSON_AS);
  if (before !== null && before !== sub) dropDrafts();
  sessionStorage.setItem(PERSON_AS, sub);
}

/** Another person has signed in after the session of the one who has typed: it would be stored in the other one's name. */
function dropDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(DRAFTS_AS)) sessionStorage.removeItem(key);
}

type Claims = Partial<Omit<Person, "id"> & { sub: string }>;

function claimsOf(token: string): Claims {
  const bytes = atob((token.split(".")[1] ?? "").replace(/[-_]/g, (sign) => (sign === "-" ? "+" : "/")));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)))) as Claims;
}
