/** The API as the target of tokens (RFC 8707): one audience, and scopes as in SMART, of which there are any number. */
import type { Client, errors as Errors, KoaContextWithOIDC, ResourceServer as Info } from "oidc-provider";
import { isLoopback } from "../../../mesh/exposure.ts";
import { ACCESS_TOKEN_S } from "../identity.contract.ts";
import { ownMetadata } from "./clients.ts";
import { narrowed, scopesIn } from "./granted-scopes.ts";

/** Answers the provider's questions about the API. */
export class ResourceServer {
  readonly audience: string;
  readonly #kid: string;
  readonly #errors: typeof Errors;

  /** @param audience the public base URL @param kid of the signing key */
  constructor(audience: string, kid: string, errors: typeof Errors) {
    this.audience = audience;
    this.#kid = kid;
    this.#errors = errors;
  }

  /** `aud` of a SMART launch names the server with which the app believes to communicate. @throws the provider's InvalidRequest for another */
  requireAudience(_ctx: unknown, aud: string | undefined): void {
    if (aud !== undefined && !isServer(aud, this.audience)) {
      throw new this.#errors.InvalidRequest(`aud is not this server, which is ${this.audience}/fhir: the app was started for another`);
    }
  }

  /**
   * Narrows the requested scopes to those that exist and the client may have; throws InvalidScope if a program may have none of them. The request's
   * own parameter becomes this list, so that consent, grant, token and answer agree.
   */
  info(ctx: KoaContextWithOIDC, indicator: string, client: Client): Info {
    if (indicator !== this.audience) throw new this.#errors.InvalidTarget();
    const { params, entities } = ctx.oidc;
    const allowed = scopesIn(ownMetadata(client).allowed_scope ?? "");
    const isRefresh = entities.RefreshToken !== undefined;
    // A program that requests no scopes gets all that it may have (RFC 6749 3.3: a default).
    if (params?.grant_type === "client_credentials" && params.scope === undefined) params.scope = allowed.join(" ");
    if (typeof params?.scope === "string" && !isRefresh) {
      const { scope } = params;
      // An app that starts by itself is told no encounter, so it is not granted one.
      const mayAsk = typeof params.launch === "string" ? allowed : allowed.filter((one) => one !== "launch/encounter");
      params.scope = narrowed(scopesIn(scope), mayAsk).join(" ");
      // A program would get a token without any rights.
      if (params.grant_type === "client_credentials" && params.scope === "") {
        throw new this.#errors.InvalidScope("none of these scopes may be had", scope);
      }
    }
    const source = entities.RefreshToken ?? entities.AuthorizationCode;
    const asked = source ? [...source.scopes] : scopesIn(params?.scope as string | undefined);
    return {
      scope: narrowed(asked, allowed).join(" "),
      audience: this.audience,
      accessTokenTTL: ACCESS_TOKEN_S,
      accessTokenFormat: "jwt",
      jwt: { sign: { alg: "ES256", kid: this.#kid } },
    };
  }
}

/** Whether a URL means the API of this server: its FHIR base, or its address. On a name of this machine, the other ones mean it as well. */
function isServer(aud: string, audience: string): boolean {
  const [named, own] = [URL.parse(aud), new URL(audience)];
  if (named?.search !== "" || named.hash !== "" || named.username !== "") return false;
  const isHost = named.origin === own.origin || [named, own].every(({ hostname }) => isLoopback(hostname.replace(/^\[|\]$/g, "")));
  return isHost && named.protocol === own.protocol && named.port === own.port && /^(\/fhir)?\/*$/.test(named.pathname);
}
