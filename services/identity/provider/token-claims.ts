/** The claims of tokens about a person, and the record of issued tokens. */
import type { Account, AdapterPayload, errors as Errors, KoaContextWithOIDC, Provider } from "oidc-provider";
import type { IdentityData } from "../identity-data.ts";
import { isRoleOfPeople } from "../../../mesh/access/identity.ts";
import { ACCESS_TOKEN_S } from "../identity.contract.ts";
import type { StoredAccount } from "../identity.model.ts";
import type { DemandedFactor } from "../sign-in/demanded-factor.ts";
import type { Artifacts } from "./adapter.ts";
import { ownMetadata } from "./clients.ts";
import { limitedScope } from "./refreshed-scopes.ts";

/** A token about to be signed; the provider's types omit some of its members. */
interface Token {
  kind: string;
  jti: string;
  accountId?: string;
  clientId?: string;
  client?: { clientName?: string };
  grantId?: string;
  sessionUid?: string;
  expiresWithSession?: boolean;
  scope?: string;
  aud?: string | string[];
  extra?: Record<string, unknown>;
}

/** Answers the provider's questions about accounts and tokens. */
export class Claims {
  readonly #kept: IdentityData;
  readonly #artifacts: Artifacts;
  readonly #base: string;
  readonly #demanded: DemandedFactor;
  readonly #errors: typeof Errors;

  /** @param base the public base URL */
  constructor(
    kept: IdentityData,
    artifacts: Artifacts,
    { base, demanded, errors }: { base: string; demanded: DemandedFactor; errors: typeof Errors },
  ) {
    this.#demanded = demanded;
    this.#errors = errors;
    this.#kept = kept;
    this.#artifacts = artifacts;
    this.#base = base;
  }

  /** The account; undefined if there is none, or it is closed. */
  async account(id: string): Promise<Account | undefined> {
    const account = await this.#open(id);
    if (!account) return undefined;
    const { name, practitioner } = account;
    return {
      accountId: id,
      claims: async () => ({ sub: id, name, ...(practitioner && { fhirUser: `${this.#base}/fhir/${practitioner}` }) }),
    };
  }

  /**
   * The claims of an access token besides those of RFC 9068. From `amr` and `for_trying` gateways know whether a role may require more. `iat_ms` is
   * `iat` in milliseconds: sessions may have ended within the same second.
   * @throws the provider's InvalidGrant if a role requires a second factor now, and the token's sign-in had none
   */
  async extra({ oidc: { entities } }: KoaContextWithOIDC, token: unknown): Promise<Record<string, unknown>> {
    const { accountId, clientId, grantId } = token as Token;
    const iat_ms = Date.now(); // before the account is read
    if (accountId === undefined) return { ...this.#ofClient(token as Token, clientId), iat_ms };
    const account = await this.#open(accountId);
    const { amr } = (entities.AuthorizationCode ?? entities.RefreshToken ?? {}) as { amr?: string[] };
    if (account && (await this.#demanded.isMissing(account, amr))) {
      throw new this.#errors.InvalidGrant("a role of this person wants a second factor: sign in again");
    }
    const context = grantId === undefined ? null : await this.#kept.contexts.findOne({ _id: grantId });
    return {
      sid: grantId,
      ...(amr && { amr }),
      roles: account?.roles ?? [],
      name: account?.name ?? "",
      ...(account?.practitioner && { fhirUser: account.practitioner }),
      ...(context?.patient && { patient: context.patient }),
      ...(context?.encounter && { encounter: context.encounter }),
      ...(account?.isForTrying && { for_trying: true }),
      iat_ms,
    };
  }

  /** Limits the scope of a token to what its request asks for, and records it, so that it can be introspected and revoked; the token itself is not stored. */
  async keep({ req }: Pick<KoaContextWithOIDC, "req">, issued: unknown, { payload }: { payload: object }): Promise<void> {
    const token = issued as Token;
    const limited = limitedScope(req, token.scope);
    if (limited !== token.scope) {
      Object.assign(token, { scope: limited });
      Object.assign(payload, { scope: limited });
    }
    const { kind, jti, accountId, clientId, grantId, sessionUid, expiresWithSession, scope, aud, extra } = token;
    const { iat, exp } = payload as { iat: number; exp: number };
    const kept = { kind, iat, exp, accountId, clientId, grantId, sessionUid, expiresWithSession, scope, aud, extra };
    await this.#artifacts.keepToken(jti, kept as AdapterPayload, ACCESS_TOKEN_S);
  }

  #ofClient({ client }: Token, clientId: string | undefined): Record<string, unknown> {
    const roles = ownMetadata(client).roles ?? [];
    return { roles: roles.filter(isRoleOfPeople), name: client?.clientName ?? clientId };
  }

  async #open(id: string): Promise<StoredAccount | null> {
    return this.#kept.accounts.findOne({ _id: id, closedAt: { $exists: false } });
  }
}

/** Members of a token response that SMART adds (App Launch 2.2, "Obtain access token"). */
export function smartMembers(token: InstanceType<Provider["AccessToken"]> | undefined): Record<string, unknown> {
  // A private type of the provider: what it stores of a token.
  const { patient, encounter } = (token as unknown as Token | undefined)?.extra ?? {};
  return {
    ...(patient !== undefined && { patient, need_patient_banner: true }),
    ...(encounter !== undefined && { encounter }),
  };
}
