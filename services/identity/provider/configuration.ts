/** Configuration of `oidc-provider`: features, lifetimes, and callbacks. */
import type { Configuration, errors as Errors, KoaContextWithOIDC } from "oidc-provider";
import { ACCESS_TOKEN_S } from "../identity.contract.ts";
import type { PageSet } from "../pages/page-set.ts";
import { type Artifacts, CLOCK_TOLERANCE_S } from "./adapter.ts";
import { assertionCheck } from "./assertions.ts";
import { OWN_METADATA } from "./clients.ts";
import type { Claims } from "./token-claims.ts";
import type { KeySet } from "./signing-keys.ts";
import type { Launches } from "./launches.ts";
import type { ResourceServer } from "./resource-server.ts";
import { PLAIN_SCOPES } from "./granted-scopes.ts";

/** A browser's session ends this long after the sign-in, whatever was done in it: a long shift. Seconds. */
const SESSION_S = 12 * 3_600;
/** Longest time for which an app may refresh without its person, counted from the sign-in. Seconds. */
const OFFLINE_S = 90 * 86_400;
/** Time limit of the pages of a sign-in. Seconds. */
const INTERACTION_S = 900;
/** Validity of a code, which apps exchange at once. Seconds. */
const CODE_S = 60;

/** Paths below the issuer. */
export const ROUTES = {
  authorization: "/authorize",
  token: "/token",
  jwks: "/jwks",
  revocation: "/revoke",
  introspection: "/introspect",
  end_session: "/logout",
} as const;

/** What the configuration needs. */
export interface Parts {
  artifacts: Artifacts;
  claims: Claims;
  launches: Launches;
  resource: ResourceServer;
  pages: PageSet;
  errors: typeof Errors;
  isHttps: boolean;
}

const left = (from: number, seconds: number): number => Math.max(1, Math.ceil(from + seconds - Date.now() / 1_000));

/** The configuration of one issuer, with its keys. */
export function configurationOf({ keys, idTokenKeys }: KeySet, parts: Parts): Configuration {
  const { artifacts, claims, launches, resource, pages, errors, isHttps } = parts;
  const cookie = { httpOnly: true, sameSite: "lax", secure: isHttps, signed: false, path: "/auth" } as const;
  return {
    adapter: artifacts.adapter,
    jwks: { keys: [...keys, ...idTokenKeys].map((key) => ({ ...key })) },
    routes: ROUTES,
    scopes: [...PLAIN_SCOPES],
    claims: { openid: ["sub", "amr"], fhirUser: ["fhirUser"], profile: ["name"] },
    responseTypes: ["code"],
    subjectTypes: ["public"],
    clientAuthMethods: ["none", "private_key_jwt"],
    assertJwtClientAuthClaimsAndHeader: assertionCheck(errors),
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientDefaults: { id_token_signed_response_alg: "RS256", token_endpoint_auth_method: "none" },
    enabledJWA: {
      // SMART App Launch 2.2, "Client Authentication: Asymmetric": RS384 and ES384 must be supported.
      clientAuthSigningAlgValues: ["ES256", "ES384", "RS384"],
      // "Scopes for requesting identity data": ID tokens are signed with RSA SHA-256.
      idTokenSigningAlgValues: ["RS256"],
    },
    extraClientMetadata: { properties: [...OWN_METADATA] },
    extraParams: { aud: (ctx, value) => resource.requireAudience(ctx, value), launch: null },
    cookies: {
      names: { session: "openward_session", interaction: "openward_interaction", resume: "openward_resume" },
      long: cookie,
      short: cookie,
    },
    clockTolerance: CLOCK_TOLERANCE_S,
    // The library would refuse private addresses; the URLs of keys and of logout notifications were registered by an operator.
    fetch: (url, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown } = {}) =>
      fetch(url, { ...options, redirect: "error" }),
    discovery: { ui_locales_supported: ["en", "fr", "ar"] },
    clientBasedCORS: (_ctx, origin, client) => (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin),

    findAccount: (_ctx, id) => claims.account(id),
    extraTokenClaims: (ctx, token) => claims.extra(ctx, token),
    formats: { customizers: { jwt: (ctx, token, structured) => claims.keep(ctx, token, structured) } },
    loadExistingGrant: (ctx) => launches.grantFor(ctx),
    interactions: { policy: launches.policy(), url: (_ctx, { uid }) => `/auth/interaction/${uid}` },

    expiresWithSession: (_ctx, source) => !source.scopes.has("offline_access"),
    issueRefreshToken: (_ctx, client, { scopes }) =>
      client.grantTypeAllowed("refresh_token") && (scopes.has("offline_access") || scopes.has("online_access")),
    rotateRefreshToken: true,
    revokeGrantPolicy: () => true,
    ttl: LIFETIMES,

    features: featuresOf(resource, pages),
    renderError: (ctx, out) => pages.error(ctx, out),
  };
}

const LIFETIMES: Configuration["ttl"] = {
  AccessToken: ACCESS_TOKEN_S,
  ClientCredentials: ACCESS_TOKEN_S,
  IdToken: ACCESS_TOKEN_S,
  AuthorizationCode: CODE_S,
  Interaction: INTERACTION_S,
  Grant: OFFLINE_S,
  Session: (_ctx, { loginTs }) => left(loginTs ?? Date.now() / 1_000, SESSION_S),
  RefreshToken: (_ctx, token) =>
    left((token as { iiat?: number }).iiat ?? Date.now() / 1_000, token.scopes.has("offline_access") ? OFFLINE_S : SESSION_S),
};

const featuresOf = (resource: ResourceServer, pages: PageSet): Configuration["features"] => ({
  devInteractions: { enabled: false },
  userinfo: { enabled: false }, // access tokens are for the API; the ID token tells who a person is
  dPoP: { enabled: false },
  pushedAuthorizationRequests: { enabled: false },
  clientCredentials: { enabled: true },
  backchannelLogout: { enabled: true },
  introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
  revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => resource.audience,
    useGrantedResource: () => true,
    getResourceServerInfo: (ctx, indicator, client) => resource.info(ctx, indicator, client),
  },
  rpInitiatedLogout: {
    enabled: true,
    logoutSource: (ctx, form) => pages.logout(ctx, form),
    postLogoutSuccessSource: (ctx: KoaContextWithOIDC) => pages.loggedOut(ctx),
  },
});
