/** An app as its makers write it, with `openid-client`, and the person who uses it. */
import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import * as client from "openid-client";
import { identity, type RoleName, type User } from "../../services/identity/identity.contract.ts";
import { asSystem } from "../../mesh/access/access.ts";
import { Browser } from "../../scripts/identity/browser.ts";
import type { Mesh } from "../kit/mesh.ts";

export const REDIRECT = "https://app.example/callback";
export const NURSE = "rossi";
export const PASSWORD = "four words make one";
export const SCOPE =
  "openid fhirUser profile offline_access online_access launch launch/patient patient/Observation.rs patient/Patient.rs user/Observation.rs user/Patient.cruds";

/** What an app remembers between its request and the answer. */
export interface Request {
  url: URL;
  verifier: string;
  state: string;
}

export class App {
  readonly login: string;
  readonly mesh: Mesh;
  readonly user: User;
  readonly config: client.Configuration;

  constructor(mesh: Mesh, user: User, config: client.Configuration) {
    this.login = user.login;
    this.mesh = mesh;
    this.user = user;
    this.config = config;
  }

  /** The app, and a nurse with a password. */
  static async register(mesh: Mesh, roles: RoleName[] = ["nurse"], scope = SCOPE): Promise<App> {
    const operator = asSystem(mesh.caller, "operator");
    const { user } = await identity.createUser(operator, {
      login: NURSE,
      name: "Ada Rossi",
      roles,
      practitioner: "Practitioner/ada",
      password: PASSWORD,
      isForTrying: true,
    });
    await identity.createClient(operator, {
      id: "app",
      name: "The App",
      kind: "public",
      redirectUris: [REDIRECT],
      postLogoutRedirectUris: ["https://app.example/bye"],
      scope,
    });
    return new App(mesh, user, await configurationOf(mesh, "app"));
  }

  /** Another person who uses the same app. */
  async alsoFor(login: string, roles: RoleName[]): Promise<App> {
    const operator = asSystem(this.mesh.caller, "operator");
    const { user } = await identity.createUser(operator, { login, name: login, roles, password: PASSWORD, isForTrying: true });
    return new App(this.mesh, user, this.config);
  }

  async request(scope: string, more: Record<string, string> = {}): Promise<Request> {
    const [verifier, state] = [client.randomPKCECodeVerifier(), client.randomState()];
    const url = client.buildAuthorizationUrl(this.config, {
      redirect_uri: REDIRECT,
      scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      ...more,
    });
    return { url, verifier, state };
  }

  /** The answer that the app gets, once its person has signed in and allowed what it asks for. */
  async code(scope: string, { browser = new Browser(this.mesh.base), more = {} as Record<string, string> } = {}): Promise<Request> {
    const request = await this.request(scope, more);
    let shown = await browser.see(request.url);
    if (shown.text.includes('name="password"')) {
      shown = await browser.see(shown.url, { step: "login", login: this.login, password: PASSWORD });
    }
    return { ...request, url: await browser.leave(shown.url, { step: "allow" }) };
  }

  /** The provider's keys, as every client finds them. */
  async publishedKeys() {
    const { jwks_uri = "" } = this.config.serverMetadata();
    return createLocalJWKSet((await (await fetch(jwks_uri)).json()) as JSONWebKeySet);
  }

  exchange(back: URL, pkceCodeVerifier: string, expectedState: string) {
    return client.authorizationCodeGrant(this.config, back, { pkceCodeVerifier, expectedState });
  }

  async signIn(scope: string, options: { browser?: Browser; more?: Record<string, string> } = {}) {
    const { url, verifier, state } = await this.code(scope, options);
    return this.exchange(url, verifier, state);
  }
}

export const configurationOf = (mesh: Mesh, id: string, auth: client.ClientAuth = client.None()): Promise<client.Configuration> =>
  client.discovery(new URL(`${mesh.base}/auth`), id, undefined, auth, { execute: [client.allowInsecureRequests] });
