/** The API as what tokens are for (RFC 8707): one audience, and scopes as SMART writes them, of which there are any number. */
import type { Client, errors as Errors, KoaContextWithOIDC, ResourceServer as Info } from "oidc-provider";
import { ACCESS_TOKEN_S } from "../identity.contract.ts";
import { ownMetadata } from "./clients.ts";
import { narrowed, scopesIn } from "./granted-scopes.ts";

/** What the provider asks about the API. */
export class ResourceServer {
  readonly audience: string;
  readonly #kid: string;
  readonly #errors: typeof Errors;

  /** @param audience the public base URL @param kid of the key that signs */
  constructor(audience: string, kid: string, errors: typeof Errors) {
    this.audience = audience;
    this.#kid = kid;
    this.#errors = errors;
  }

  /** `aud` of a SMART launch names the server that the app believes to talk to. @throws the provider's InvalidRequest for another */
  requireAudience(_ctx: unknown, aud: string | undefined): void {
    if (aud === undefined) return;
    const named = aud.replace(/\/+$/, "");
    if (named !== `${this.audience}/fhir` && named !== this.audience) {
      throw new this.#errors.InvalidRequest("aud is not this server: the app was started for another");
    }
  }

  /**
   * What of the requested scopes there is, and the client may have; of a program that asks for none of them InvalidScope is thrown. The request's own parameter becomes this list, so that consent, grant,
   * token and answer all speak of the same.
   */
  info(ctx: KoaContextWithOIDC, indicator: string, client: Client): Info {
    if (indicator !== this.audience) throw new this.#errors.InvalidTarget();
    const { params, entities } = ctx.oidc;
    const allowed = scopesIn(ownMetadata(client).allowed_scope ?? "");
    const isRefresh = entities.RefreshToken !== undefined;
    // A program that asks for nothing by name gets all that it may have (RFC 6749 3.3: a default).
    if (params?.grant_type === "client_credentials" && params.scope === undefined) params.scope = allowed.join(" ");
    if (typeof params?.scope === "string" && !isRefresh) {
      const { scope } = params;
      params.scope = narrowed(scopesIn(scope), allowed).join(" ");
      // A program would get a token that opens nothing.
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
