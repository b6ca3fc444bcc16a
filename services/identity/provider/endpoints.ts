/** The provider under the issuer's address, with what it leaves to us. */
import { IncomingMessage, type ServerResponse } from "node:http";
import { compactVerify, type JWTVerifyGetKey } from "jose";
import type { KoaContextWithOIDC, Provider } from "oidc-provider";
import type { PageSet } from "../pages/page-set.ts";
import type { RefusedProof } from "../session-entries.ts";
import { type Artifacts, TOKEN_NAME } from "./adapter.ts";
import { smartMembers } from "./token-claims.ts";
import { ROUTES } from "./configuration.ts";
import { GRANT_REFUSALS, type GrantRefusal, grantRefusalOf } from "./grant-refusals.ts";
import { limitTo, refreshOf } from "./refreshed-scopes.ts";

/** Path of the issuer below the base URL. */
export const MOUNT = "/auth";

/** Adds to the provider what it has no setting for. */
export function extend(
  provider: Provider,
  { pages, artifacts, refused }: { pages: PageSet; artifacts: Artifacts; refused: Refused },
): void {
  provider.proxy = true; // the gateway forwards the client's address and the host name
  // Koa would take the protocol between gateway and node for the client's.
  Object.defineProperty(provider.request, "protocol", {
    get(this: { get(header: string): string }) {
      return this.get("X-Forwarded-Proto") === "https" ? "https" : "http";
    },
  });
  const whys = new WeakMap<object, GrantRefusal>();
  provider.on("grant.error", (ctx, error) => {
    const why = grantRefusalOf((error as { error_detail?: unknown }).error_detail);
    if (why) whys.set(ctx, why);
  });
  provider.use(async (ctx, next) => {
    await next();
    // Koa's context as extended by the provider, once it knows the route.
    const { oidc, ip, body } = ctx as unknown as {
      oidc?: KoaContextWithOIDC["oidc"];
      ip: string;
      body?: { error?: unknown; fhirUser?: unknown };
    };
    if (!oidc) return;
    if (oidc.route === "token") ctx.set("Pragma", "no-cache"); // RFC 6749, 5.1, and SMART; `Cache-Control` is the provider's
    if (oidc.route === "token" && ctx.status === 200) {
      Object.assign(ctx.body as object, smartMembers(oidc.entities.AccessToken));
    }
    if (oidc.route === "introspection" && ctx.status === 200) Object.assign(ctx.body as object, fhirUserIn(body, provider.issuer));
    if (isOthersGrant(oidc) && body?.error === "invalid_request") Object.assign(body, { error: "unauthorized_client" });
    if (PROVING.has(oidc.route) && ctx.status >= 400 && ctx.status < 500) {
      const why = body?.error === "invalid_grant" ? whys.get(ctx) : undefined;
      if (why) Object.assign(body as object, { error_description: GRANT_REFUSALS[why] });
      const proof = { address: ip, client: oidc.client?.clientId, why: [ctx.status, body?.error, why].filter(Boolean).join(" ") };
      refused(proof, await ownerOf(oidc, why, artifacts));
    }
    if (oidc.route === "end_session_confirm" && oidc.session && (oidc.session as { destroyed?: boolean }).destroyed) {
      await artifacts.endSession(oidc.session.uid);
    }
    // Extended likewise.
    pages.withoutScript(ctx as unknown as KoaContextWithOIDC);
  });
}

/** Whether a client asks for tokens by a grant that it was not registered for: the provider has no error of its own for it (RFC 6749, 5.2). */
function isOthersGrant({ route, client, params }: KoaContextWithOIDC["oidc"]): boolean {
  const grant = params?.grant_type;
  return route === "token" && client !== undefined && typeof grant === "string" && !client.grantTypeAllowed(grant);
}

/** The person in the answer of an introspection as in the ID token: by URL (SMART App Launch 2.2, "Token Introspection"). */
function fhirUserIn({ fhirUser }: { fhirUser?: unknown } = {}, issuer: string): { fhirUser?: string } {
  return typeof fhirUser === "string" ? { fhirUser: `${issuer.slice(0, -MOUNT.length)}/fhir/${fhirUser}` } : {};
}

/** The account of a grant, if known; the provider does not read expired ones. Refusals are recorded even if the store is not available. */
async function ownerOf({ entities, params }: Asked, why: GrantRefusal | undefined, artifacts: Artifacts): Promise<string | undefined> {
  const grant = (entities.RefreshToken ?? entities.AuthorizationCode) as { accountId?: string } | undefined;
  const token = params?.["refresh_token"];
  if (why !== "expired" || typeof token !== "string") return grant?.accountId;
  return artifacts.accountOfRefresh(token).catch(() => undefined);
}

type Asked = Pick<KoaContextWithOIDC["oidc"], "entities" | "params">;

/** Called for a code, refresh token or proof that was not valid: forged, expired, or used before. @param accountId of the grant, if known */
type Refused = (proof: RefusedProof, accountId: string | undefined) => void;

/** Endpoints where an app authenticates, or presents what it was given. */
const PROVING = new Set(["token", "introspection", "revocation"]);

/** Passes a request, whose body has been read, to the provider. */
export async function ask(
  { provider, keys }: { provider: Provider; keys: JWTVerifyGetKey },
  { request, response, body }: { request: IncomingMessage; response: ServerResponse; body: Buffer },
): Promise<void> {
  const url = changedUrl(request.url ?? "");
  const { method = "GET" } = request;
  const [path = ""] = url.split("?", 1);
  const allow = METHODS[path];
  if (allow && !allow.includes(method)) return refuseMethod(response, method, allow);
  if (method === "POST" && FORMS.has(path)) return askByGet(response, path, body);
  const refresh = path === MOUNT + ROUTES.token ? await refreshOf(provider, new URLSearchParams(body.toString("utf8"))) : undefined;
  const copy = withBody(request, refresh ? Buffer.from(refresh.form.toString()) : await changedBody(url, body, keys));
  if (refresh?.parts) limitTo(copy, refresh.parts);
  copy.url = url.slice(MOUNT.length) || "/";
  await provider.callback()(Object.assign(copy, { originalUrl: url }), response);
}

/** Methods by path, where the provider answers others as if there were nothing. */
const METHODS: Record<string, string[]> = {
  [MOUNT + ROUTES.authorization]: ["GET", "HEAD", "POST"],
  [MOUNT + ROUTES.end_session]: ["GET", "HEAD", "POST"],
  [MOUNT + ROUTES.jwks]: ["GET", "HEAD", "OPTIONS"],
  [MOUNT + ROUTES.token]: ["POST", "OPTIONS"],
  [MOUNT + ROUTES.introspection]: ["POST", "OPTIONS"],
  [MOUNT + ROUTES.revocation]: ["POST", "OPTIONS"],
};

/** Paths to which an app may send its request as a form too (OpenID Connect Core, 3.1.2.1, and RP-Initiated Logout, 2; SMART's `authorize-post`). */
const FORMS = new Set([MOUNT + ROUTES.authorization, MOUNT + ROUTES.end_session]);

/**
 * Redirects the form to the same request by GET: a browser sends no cookies of this server (`SameSite=Lax`) with a form of another site, but it
 * does when it follows the redirect, so that a person who is signed in stays so.
 */
function askByGet(response: ServerResponse, path: string, form: Buffer): void {
  response.writeHead(303, { Location: `${path}?${new URLSearchParams(form.toString("utf8"))}`, "Cache-Control": "no-store" });
  response.end();
}

function refuseMethod(response: ServerResponse, method: string, allow: string[]): void {
  response.writeHead(405, { Allow: allow.join(", "), "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify({ error: "invalid_request", error_description: `${method} is not possible here; ${allow[0]} is.` }));
}

/**
 * Without `prompt=consent` the provider would drop `offline_access` (OpenID Connect Core, 11), which SMART apps request without it; here consent to a
 * longer grant is always asked for.
 */
function changedUrl(url: string): string {
  const [path = "", query = ""] = url.split("?", 2);
  if (path !== MOUNT + ROUTES.authorization || !/offline_access/.test(query)) return url;
  const params = new URLSearchParams(query);
  if (!(params.get("scope") ?? "").split(" ").includes("offline_access") || params.has("prompt")) return url;
  params.set("prompt", "consent");
  return `${path}?${params}`;
}

/**
 * Access tokens are self-contained; the record of one is stored under a key made from its `jti` (`TOKEN_NAME`), by which it is introspected and
 * revoked. Only a client that presents the token can name it.
 */
async function changedBody(url: string, body: Buffer, keys: JWTVerifyGetKey): Promise<Buffer> {
  const path = url.split("?", 1)[0];
  if (path !== MOUNT + ROUTES.revocation && path !== MOUNT + ROUTES.introspection) return body;
  const form = new URLSearchParams(body.toString("utf8"));
  const token = form.get("token") ?? "";
  if (token.split(".").length !== 3 && !token.startsWith(TOKEN_NAME)) return body;
  form.set("token", await nameOf(token, keys));
  return Buffer.from(form.toString());
}

async function nameOf(token: string, keys: JWTVerifyGetKey): Promise<string> {
  try {
    const { payload } = await compactVerify(token, keys as Parameters<typeof compactVerify>[1]);
    return TOKEN_NAME + (JSON.parse(new TextDecoder().decode(payload)) as { jti: string }).jti;
  } catch {
    return "unknown";
  }
}

/** A copy of the request, whose body has been read already. */
function withBody(request: IncomingMessage, body: Buffer): IncomingMessage {
  const copy = new IncomingMessage(request.socket);
  copy.method = request.method;
  copy.headers = { ...request.headers, ...(request.method === "POST" && { "content-length": String(body.length) }) };
  copy.httpVersion = request.httpVersion;
  copy.complete = true; // otherwise its end would close the connection
  copy.push(body);
  copy.push(null);
  return copy;
}
